import logging

import numpy as np
import pytest

from ensemble_hwr import load_model, train
from ensemble_hwr.config import load_config, load_demo
from ensemble_hwr.datasets import LetterSet, generate_letters
from ensemble_hwr.exceptions import ConfigError, DataError
from ensemble_hwr.persistence import DiskFitCache, models, read_manifest, save_model
from ensemble_hwr.persistence.models import share_in_training
from ensemble_hwr.training import TrainingProgress, check_labels, evaluate_classifier, load_rows

CLASSES = np.array(list("ABDO"))
TRUE = list("AAAABBBBDDDDOOOO")
PREDICTED = list("AAAABBBDDDOOOOOO")  # one B as D, two D as O
FEW = [
    "data.n=120",
    "data.writers=6",
    "data.letters='ABDO'",
    "hierarchy.groups=['AB','DO']",
    "hierarchy.confusables=['BD']",
    "members={}",
    "hierarchy.cv=2",
    "router.params={hidden_layer_sizes=[8], max_iter=3, early_stopping=false}",
    "specialist.params={hidden_layer_sizes=[4], max_iter=2, early_stopping=false}",
    "expert.params={hidden_layer_sizes=[4], max_iter=2, early_stopping=false}",
]


class Fixed:
    """A classifier with the predictions of PREDICTED."""

    classes_ = CLASSES

    def predict_proba(self, X):
        probabilities = np.full((len(X), 4), 0.05)
        probabilities[np.arange(len(X)), np.searchsorted(CLASSES, PREDICTED[: len(X)])] = 0.85
        return probabilities


@pytest.fixture(autouse=True)
def no_data_folder(monkeypatch):
    monkeypatch.delenv("ENSEMBLE_HWR_DATA", raising=False)


@pytest.fixture(scope="module")
def trained():
    return train(load_demo(FEW))


def evaluated(**settings):
    letters = LetterSet(np.zeros((len(TRUE), 784), np.uint8), np.array(TRUE), **settings)
    return evaluate_classifier(Fixed(), letters.data, letters)


def test_the_model_classifies_pictures(trained):
    pictures = generate_letters(20, letters="ABDO", writers=2, random_state=9, format="pictures").data
    assert trained.model.predict_proba(list(pictures)).shape == (20, 4)
    assert list(trained.model.named_steps) == ["normalize", "classify"]


def test_a_saved_model_holds_figures_and_metadata(trained, tmp_path):
    pictures = list(generate_letters(20, letters="ABDO", writers=2, random_state=9, format="pictures").data)
    file = trained.save(tmp_path / "few.model", {"command": "none"})
    np.testing.assert_array_equal(load_model(file).predict_proba(pictures), trained.model.predict_proba(pictures))
    metadata = read_manifest(file)["metadata"]
    assert list(metadata) == ["command", "contender", "random_state", "config", "data", "trained_on", "figures"]
    assert (metadata["contender"], metadata["random_state"]) == ("hierarchical", 0)
    assert metadata["figures"] == trained.figures


def test_the_figures_are_those_of_the_test_letters(trained):
    letters, rows = load_rows(load_demo(FEW), normalize_rows=True)
    n_test = trained.figures["letters"]
    assert n_test + sum(trained.metadata["trained_on"].values()) == len(letters) == len(rows) == 120
    assert trained.metadata["data"]["test"] == n_test
    assert sum(row["support"] for row in trained.figures["per_class"].values()) == n_test


def test_the_same_random_state_gives_the_same_model_and_another_one_another(trained):
    pictures = list(generate_letters(20, letters="ABDO", writers=2, random_state=9, format="pictures").data)
    again, other = (train(load_demo(FEW), random_state=seed).model.predict_proba(pictures) for seed in (0, 1))
    np.testing.assert_array_equal(again, trained.model.predict_proba(pictures))
    assert not np.array_equal(other, again)


def test_a_config_can_be_given_as_a_path(tmp_path, trained):
    file = tmp_path / "few.toml"
    file.write_text('data = { format = "folder", path = "letters" }\nsplit = { kind = "random" }\nname = "few"\n')
    with pytest.raises(DataError, match=r"no letters at .*letters"):
        train(file)
    with pytest.raises(ConfigError, match=r"none\.toml: cannot be read"):
        train(tmp_path / "none.toml")


def test_an_unknown_contender_is_an_error_before_letters_are_read(monkeypatch):
    monkeypatch.setattr("ensemble_hwr.training.load_letters", None)
    with pytest.raises(ConfigError, match=r"contender: got 'svm'; allowed: hierarchical, .*, committee$"):
        train(load_demo(FEW), "svm")


def test_finished_members_are_reused(trained, tmp_path):
    pictures = list(generate_letters(20, letters="ABDO", writers=2, random_state=9, format="pictures").data)
    first, second = (DiskFitCache(tmp_path / "members") for _ in range(2))
    train(load_demo(FEW), fit_cache=first)
    again = train(load_demo(FEW), fit_cache=second)
    assert (first.n_reused, second.n_reused) == (0, len(second))
    np.testing.assert_array_equal(again.model.predict_proba(pictures), trained.model.predict_proba(pictures))


def test_progress_is_reported_step_by_step():
    events = []
    train(load_demo(FEW), "baseline", on_progress=events.append)
    steps = list(dict.fromkeys(event.step for event in events))
    assert steps[:2] == ["generating letters", "normalizing"]
    assert steps[2].startswith("fitting baseline on ")
    assert steps[3] == "evaluating"
    assert TrainingProgress("normalizing", 120, 120) in events
    fits = [event for event in events if event.step.startswith("fitting")]
    assert [event.total for event in fits] == [100] * len(fits)
    assert len(fits) > 10
    assert fits[-1].done == 100
    assert [event.done for event in fits] == sorted(event.done for event in fits)


def test_parameters_are_counted_before_a_flat_contender_is_fitted():
    events = []
    train(load_demo(FEW), "flat", on_progress=events.append)
    assert "counting the hierarchy's parameters" in [event.step for event in events]


def test_letters_are_loaded_as_rows_of_ink(tmp_path):
    events = []
    letters = generate_letters(12, letters="AB", writers=2, random_state=0, format="pictures")
    from PIL import Image

    for i, (picture, label) in enumerate(zip(letters.data, letters.target, strict=True)):
        (tmp_path / "letters" / label).mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(tmp_path / "letters" / label / f"{i}.png")
    (tmp_path / "few.toml").write_text(
        'name = "few"\ndata = { format = "folder", path = "letters" }\nsplit = { kind = "random" }\n'
    )
    letters, rows = load_rows(load_config(tmp_path / "few.toml"), on_progress=events.append)
    assert rows.shape == (len(letters), 784) == (12, 784)
    assert rows.max() <= 1
    assert [event.step for event in events[:2]] == ["reading letters", "normalizing"]
    assert (events[-1].done, events[-1].total) == (12, 12)


def test_the_figures_equal_those_counted_by_hand():
    figures = evaluated()
    assert figures["letters"] == 16
    assert figures["accuracy"] == pytest.approx(13 / 16)
    assert figures["log_loss"] == pytest.approx(-(13 * np.log(0.85) + 3 * np.log(0.05)) / 16)
    assert figures["per_class"]["D"]["accuracy"] == 0.5
    assert [(pair["a"], pair["b"], pair["count"]) for pair in figures["confused_pairs"]] == [
        ("D", "O", 2),
        ("B", "D", 1),
    ]
    assert "accuracy_without_suspected_errors" not in figures


def test_suspected_label_errors_are_left_out_of_a_separate_accuracy():
    suspect = np.array([predicted != true for predicted, true in zip(PREDICTED, TRUE, strict=True)])
    assert evaluated(suspect=suspect)["accuracy_without_suspected_errors"] == 1.0
    for all_or_none in (np.ones(16, bool), np.zeros(16, bool)):
        assert "accuracy_without_suspected_errors" not in evaluated(suspect=all_or_none)


def test_each_source_has_its_own_figures():
    source = np.array(["pen"] * 8 + ["brush"] * 7 + [""])
    per_source = evaluated(source=source, suspect=np.arange(16) < 1)["per_source"]
    assert list(per_source) == ["brush", "pen"]
    assert per_source["pen"]["accuracy"] == pytest.approx(7 / 8)
    assert per_source["pen"]["accuracy_without_suspected_errors"] == pytest.approx(6 / 7)
    assert per_source["brush"]["letters"] == 7


def test_unknown_labels_and_an_empty_set_are_errors():
    with pytest.raises(DataError, match="label 'X' is not a class of the model; its classes are A, B, D, O"):
        evaluate_classifier(Fixed(), np.zeros((2, 784)), LetterSet(np.zeros((2, 784), np.uint8), np.array(["A", "X"])))
    nothing = LetterSet(np.zeros((1, 784), np.uint8), np.array(["A"])).take(np.array([], dtype=int))
    with pytest.raises(DataError, match="there are no letters to test on"):
        evaluate_classifier(Fixed(), nothing.data, nothing)


def test_steps_are_logged(caplog):
    with caplog.at_level(logging.INFO, logger="ensemble_hwr"):
        train(load_demo(FEW), "top_down", random_state=0)
    steps = [record.message for record in caplog.records if record.name.startswith("ensemble_hwr")]
    assert [step.split()[0] for step in steps] == ["generating", "normalizing", "fitting", "evaluating"]


def test_a_refit_is_the_model_of_all_letters_with_the_figures_of_the_split():
    split = train(load_demo(FEW), random_state=0)
    refitted = train(load_demo(FEW), refit="all", random_state=0)
    whole = train(load_demo([*FEW, "split.test_size=0"]), random_state=0)
    rows = generate_letters(30, letters="ABDO", random_state=9).to_rows()
    assert refitted.figures == split.figures
    assert whole.figures == {}
    assert refitted.metadata["evaluated_after_training_on"] == split.metadata["trained_on"]
    assert refitted.metadata["trained_on"] == whole.metadata["trained_on"] == {"generated": 120}
    probabilities = [trained.model["classify"].predict_proba(rows) for trained in (refitted, whole, split)]
    np.testing.assert_array_equal(probabilities[0], probabilities[1])
    assert (probabilities[0] != probabilities[2]).any()


def test_an_unknown_refit_is_an_error():
    with pytest.raises(ConfigError, match="refit: got 'some'"):
        train(load_demo(FEW), refit="some")


def test_the_file_has_hashes_of_the_training_letters(tmp_path):
    trained = train(load_demo(FEW), "logreg", random_state=0)
    file = trained.save(tmp_path / "a.model")
    letters, rows = load_rows(load_demo(FEW), normalize_rows=True)
    assert share_in_training(file, rows) == pytest.approx(sum(trained.metadata["trained_on"].values()) / len(letters))
    assert share_in_training(file, 1 - rows) == 0
    save_model(trained.model, file)
    assert share_in_training(file, rows) is None


def test_of_many_training_letters_a_random_part_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(models, "MAX_HASHES", 200)
    rows = np.random.default_rng(0).uniform(size=(2000, 16))
    model = train(load_demo(FEW), "logreg", random_state=0).model
    file = save_model(model, tmp_path / "a.model", training_hashes=models.hash_rows(rows[:1000]))
    assert share_in_training(file, rows) == pytest.approx(0.5, abs=0.08)
    assert share_in_training(file, rows[1000:]) == 0


def test_an_unknown_label_is_an_error_also_where_the_classes_are_numbers():
    letters = LetterSet(np.zeros((1, 784), np.uint8), np.array(["A"]))
    with pytest.raises(DataError, match="label 'A' is not a class of the model; its classes are 0, 1"):
        check_labels(letters, np.array([0, 1]))
