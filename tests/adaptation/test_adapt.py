"""adapt: models of pictures and of rows, saved files, and the record in the manifest."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.svm import LinearSVC

from ensemble_hwr import AdaptedClassifier, LetterNormalizer, adapt, generate_letters, load_model, save_model
from ensemble_hwr.adaptation import adaptation_metadata, adapted_classifier, describe_gain
from ensemble_hwr.exceptions import DataError, ModelError, PictureError
from ensemble_hwr.persistence import read_manifest
from ensemble_hwr.persistence.models import locate_model


@pytest.fixture(scope="module")
def letters():
    return generate_letters(26 * 6, writers=1, difficulty=2.0, random_state=10, format="pictures")


@pytest.fixture(scope="module")
def mine(letters):
    return adapt("az", letters.data[:104], letters.target[:104])


def test_a_model_of_pictures_stays_a_model_of_pictures(mine, letters):
    assert isinstance(mine, Pipeline)
    assert isinstance(mine[0], LetterNormalizer)
    assert mine.classes_.tolist() == load_model("az").classes_.tolist()
    assert mine.score(letters.data[104:], letters.target[104:]) >= 0.9


def test_a_saved_model_predicts_the_same_and_is_less_than_200_kb_larger(mine, letters, tmp_path):
    file = save_model(mine, tmp_path / "mine.model", metadata={"adaptation": adaptation_metadata(mine, "az")})
    assert file.stat().st_size - locate_model("az").stat().st_size < 200_000
    again = load_model(file)
    assert np.array_equal(again.predict_proba(letters.data), mine.predict_proba(letters.data))
    record = read_manifest(file)["metadata"]["adaptation"]
    assert record["base"] == "az"
    assert record["samples_per_class"]["A"] == 4
    assert record["gain"]["n_samples"] == 104
    assert record["summary"] == describe_gain(adapted_classifier(mine).gain_)


def test_a_loaded_model_takes_further_samples(mine, letters, tmp_path):
    again = load_model(save_model(mine, tmp_path / "mine.model"))
    more = adapt(again, letters.data[104:130], letters.target[104:130])
    assert sum(adapted_classifier(more).samples_per_class_.values()) == 130
    assert sum(adapted_classifier(again).samples_per_class_.values()) == 104
    assert not isinstance(adapted_classifier(more).model_, AdaptedClassifier)


def test_a_bare_classifier_takes_rows(letters):
    rows = letters.to_rows()
    model = LogisticRegression(max_iter=20, tol=1.0).fit(rows, letters.target)
    adapted = adapt(model, rows[:52], letters.target[:52], weight=0.5)
    assert isinstance(adapted, AdaptedClassifier)
    assert adapted.weight_ == 0.5


def test_the_record_has_no_numbers_where_there_is_no_estimate(letters):
    first = [int(np.flatnonzero(letters.target == label)[0]) for label in "ABCD"]
    mine = adapt("az", letters.data[first], letters.target[first])
    record = adaptation_metadata(mine, "az")
    assert record["gain"]["difference"] is None
    assert record["summary"].startswith("no significant gain yet")


def test_different_numbers_of_pictures_and_labels_are_refused(letters):
    with pytest.raises(DataError, match="X has 3 samples, but y has 2 labels"):
        adapt("az", letters.data[:3], ["A", "B"])


def test_a_model_without_probabilities_is_refused(letters):
    rows = letters.to_rows()
    with pytest.raises(ModelError, match="LinearSVC without predict_proba"):
        adapt(LinearSVC(max_iter=2, tol=10).fit(rows, letters.target), rows, letters.target)


def test_a_blank_picture_is_refused(letters):
    with pytest.raises(PictureError):
        adapt("az", [letters.data[0], np.full((20, 20), 255, np.uint8)], ["A", "B"])


def test_a_model_that_is_not_adapted_has_no_record():
    assert adapted_classifier(load_model("az")) is None
    with pytest.raises(ModelError, match="that is not adapted"):
        adaptation_metadata(load_model("az"), "az")


def test_an_adapted_model_cannot_be_exported_to_onnx(mine, tmp_path):
    pytest.importorskip("skl2onnx", reason="needs the extra 'onnx'")
    from ensemble_hwr.onnx import export_onnx

    with pytest.raises(ModelError, match="an adapted model cannot be exported to ONNX; export the model that it was"):
        export_onnx(mine, tmp_path / "mine.onnx")
    assert not (tmp_path / "mine.onnx").exists()
