import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from ensemble_hwr import LetterNormalizer
from ensemble_hwr.exceptions import ModelError
from ensemble_hwr.persistence import load_model
from ensemble_hwr.reading import models
from ensemble_hwr.reading.models import find_letter_model, find_non_letter_model, split_pipeline


def test_split_pipeline_separates_the_normalizer_from_the_remaining_steps(classifier):
    normalizer = LetterNormalizer()
    assert split_pipeline(Pipeline([("a", normalizer), ("b", classifier)])) == (normalizer, classifier)
    assert split_pipeline(classifier) == (None, classifier)
    first, rest = split_pipeline(Pipeline([("a", normalizer), *classifier.steps]))
    assert first is normalizer
    assert [step for _, step in rest.steps] == [step for _, step in classifier.steps]


def test_find_letter_model_copies_the_normalizer(classifier):
    normalizer = LetterNormalizer(n_jobs=2)
    found, _ = find_letter_model(Pipeline([("a", normalizer), ("b", classifier)]))
    assert (found.polarity, found.errors, found.n_jobs) == ("light", "blank", None)
    assert normalizer.n_jobs == 2


def test_a_shipped_non_letter_model_is_loaded_without_listing_all_models(monkeypatch):
    monkeypatch.setattr(
        "ensemble_hwr.persistence.models.available_models",
        lambda: pytest.fail("reads the manifests of all shipped models"),
    )
    assert find_non_letter_model("shipped").classes_.tolist() == ["letter", "non_letter"]


def test_without_shipped_models_there_is_no_non_letter_model(monkeypatch):
    assert find_non_letter_model("shipped", "no-such-model") is None

    def corrupt(_):
        raise ModelError("corrupt")

    monkeypatch.setattr(models, "load_model", corrupt)
    with pytest.raises(ModelError, match="corrupt"):
        find_non_letter_model("shipped")


def test_models_of_longer_classes_cannot_read_words():
    with pytest.raises(
        ModelError, match="classifier has the class '180'; words are read by a model of single characters"
    ):
        find_letter_model(load_model("orientation"))


def test_models_that_are_not_fitted_or_have_other_classes_raise():
    with pytest.raises(ModelError, match=r"^non_letter_model is a LogisticRegression that is not fitted"):
        find_non_letter_model(LogisticRegression())
    with pytest.raises(ModelError, match=r"^non_letter_model must have the class 'letter', got the classes"):
        find_non_letter_model(LogisticRegression().fit([[0], [1]], ["A", "B"]))
