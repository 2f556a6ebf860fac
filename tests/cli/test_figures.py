import numpy as np
import pytest

from ensemble_hwr.cli._figures import figures, print_figures
from ensemble_hwr.datasets import LetterSet
from ensemble_hwr.exceptions import DataError

CLASSES = np.array(list("ABDO"))
TRUE = list("AAAABBBBDDDDOOOO")
SAID = list("AAAABBBDDDOOOOOO")  # one B as D, two D as O


class Says:
    classes_ = CLASSES

    def predict_proba(self, X):
        sure = np.full((len(X), 4), 0.05)
        sure[np.arange(len(X)), np.searchsorted(CLASSES, SAID[: len(X)])] = 0.85
        return sure


def measured(**settings):
    letters = LetterSet(np.zeros((len(TRUE), 784), np.uint8), np.array(TRUE), **settings)
    return figures(Says(), letters.data, letters)


def test_figures_are_those_counted_by_hand():
    found = measured()
    assert found["letters"] == 16
    assert found["accuracy"] == pytest.approx(13 / 16)
    assert found["log_loss"] == pytest.approx(-(13 * np.log(0.85) + 3 * np.log(0.05)) / 16)
    assert found["per_class"]["D"]["accuracy"] == 0.5
    assert [(pair["a"], pair["b"], pair["count"]) for pair in found["confused_pairs"]] == [("D", "O", 2), ("B", "D", 1)]
    assert "accuracy_not_suspect" not in found


def test_letters_whose_label_is_doubted_are_left_out_of_a_figure_of_their_own():
    doubted = np.array([said != true for said, true in zip(SAID, TRUE, strict=True)])
    assert measured(suspect=doubted)["accuracy_not_suspect"] == 1.0
    for all_or_none in (np.ones(16, bool), np.zeros(16, bool)):
        assert "accuracy_not_suspect" not in measured(suspect=all_or_none)


def test_sources_have_figures_of_their_own(capsys):
    source = np.array(["pen"] * 8 + ["brush"] * 7 + [""])
    found = measured(source=source, suspect=np.arange(16) < 1)
    assert list(found["per_source"]) == ["brush", "pen"]
    assert found["per_source"]["pen"]["accuracy"] == pytest.approx(7 / 8)
    assert found["per_source"]["pen"]["accuracy_not_suspect"] == pytest.approx(6 / 7)
    assert found["per_source"]["brush"]["letters"] == 7
    print_figures(found)
    assert "brush 71.43%  pen 87.50%" in capsys.readouterr().out


def test_labels_that_the_model_does_not_know_and_no_letters_at_all_are_refused():
    with pytest.raises(DataError, match="label 'X' is not one that the model knows, which are A, B, D, O"):
        figures(Says(), np.zeros((2, 784)), LetterSet(np.zeros((2, 784), np.uint8), np.array(["A", "X"])))
    nothing = LetterSet(np.zeros((1, 784), np.uint8), np.array(["A"])).take(np.array([], dtype=int))
    with pytest.raises(DataError, match="there is no letter to test on"):
        figures(Says(), nothing.data, nothing)


def test_weakest_letters_come_first_and_only_those_with_mistakes(capsys):
    print_figures(measured())
    lines = capsys.readouterr().out
    assert "D 50.0%  B 75.0%" in lines
    assert "D/O 2  B/D 1" in lines
    assert "81.25%" in lines
    assert "not doubted" not in lines


def test_without_mistakes_nothing_is_called_weak(capsys):
    perfect = measured()
    for row in perfect["per_class"].values():
        row["right"] = row["attempts"]
    print_figures(perfect)
    assert "weakest" not in capsys.readouterr().out
