"""Accuracy per group of letters in the benchmark of 62 classes."""

import sys
from pathlib import Path

import numpy as np
import pytest

from ensemble_hwr.config import load_config
from ensemble_hwr.datasets import LetterSet
from ensemble_hwr.datasets.handwriting import allograph_names

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks import mixed
from benchmarks.mixed import (
    CLASSES,
    FOLDERS,
    GROUPS,
    LADDER,
    accuracies,
    all_forms,
    dotted_capitals,
    scored,
    table,
    weights_of,
)

sys.path.pop(0)

ROOT = Path(__file__).parents[1]


def probabilities_of(answers):
    return np.array([[1.0 if label == answer else 0.01 for label in CLASSES] for answer in answers])


def test_answers_are_restricted_to_the_group_of_the_letter():
    found = accuracies(probabilities_of("o0S5"), np.array(list(CLASSES)), np.array(list("O0s5")))
    assert found["digits"] == 1
    assert found["all"] == 0.5
    assert found["26 letters"] == 1  # case is ignored
    assert found["shapes"] == 1
    assert found["capitals"] == found["small"] == 0  # the other case is not allowed, and all others are equal


def test_the_best_allowed_class_is_the_answer():
    one = np.full((1, 62), 0.001)
    one[0, [CLASSES.index(label) for label in "l1I"]] = 0.5, 0.3, 0.1
    classes = np.array(list(CLASSES))
    for label, group in (("I", "capitals"), ("1", "digits"), ("l", "small"), ("l", "all")):
        assert accuracies(one, classes, np.array([label]))[group] == 1
    assert accuracies(one, classes, np.array(["I"]))["all"] == 0
    assert "digits" not in accuracies(one, classes, np.array(["I"]))


def test_the_sources_are_those_of_the_config():
    split = load_config(ROOT / "configs" / "mixed.toml").split
    assert set().union(*LADDER.values()) == set(split.train)
    assert set(FOLDERS) <= {*split.train, *split.test}


def test_the_table_has_a_row_per_source_and_set():
    rungs = {name: {"unipen62": dict.fromkeys(GROUPS, 0.5), "comnist": {"capitals": 0.98}} for name in ("a", "b")}
    lines = table(rungs).splitlines()
    assert len(lines) == 2 + 4
    assert lines[2] == "| unipen62 | a | 50.0 | 50.0 | 50.0 | 50.0 | 50.0 | 50.0 |"
    assert lines[-1] == "| comnist | b | 98.0 |  |  |  |  |  |"


@pytest.mark.parametrize("name", GROUPS)
def test_every_group_is_of_the_classes(name):
    members, _ = GROUPS[name]
    assert set(members) - {"-"} <= set(CLASSES)


@pytest.mark.parametrize("factors", [{}, {"fonts": 2.0}])
def test_all_classes_have_the_same_weight(factors):
    target, source = np.array(list("AAAABB")), np.array(["photo62", "fonts", "fonts", "photo62", "fonts", "photo62"])
    weight = weights_of(LetterSet(np.zeros((6, 784), np.uint8), target, source=source), factors)
    assert weight.mean() == pytest.approx(1)
    assert weight[target == "A"].sum() == pytest.approx(weight[target == "B"].sum())
    assert weight[1] == weight[2]
    assert weight[1] / weight[0] == pytest.approx(factors.get("fonts", 1))


def test_dotted_capitals_have_a_dot_above_the_letter():
    from scipy.ndimage import find_objects, label

    letters = dotted_capitals(6)
    assert letters.target.tolist() == ["I"] * 6
    for picture in letters.data:
        parts, _ = label(picture < 200)
        heights = [(part[0].start, part[0].stop) for part in find_objects(parts)]
        dot, letter = min(heights), max(heights, key=lambda part: part[1] - part[0])
        assert dot[1] <= letter[0]
        assert dot[1] - dot[0] < 0.4 * (letter[1] - letter[0])
    again = dotted_capitals(2)
    assert all((first == second).all() for first, second in zip(letters.data, again.data, strict=False))


def test_all_forms_of_a_letter_are_drawn_equally_often(monkeypatch):
    monkeypatch.setattr(mixed, "CLASSES", "A2")
    letters = all_forms(2)
    forms = [(label, form) for label in "A2" for form in allograph_names(label) for _ in range(2)]
    assert letters.target.tolist() == [label for label, _ in forms]
    assert letters.writer.tolist() == [f"form {label} {form} {n % 2}" for n, (label, form) in enumerate(forms)]
    assert all(picture.min() < 100 and picture[0].min() > 250 for picture in letters.data)


def test_figures_of_a_model_name_source_and_group():
    class Classifier:
        classes_ = np.array(list(CLASSES))

        def predict_proba(self, rows):
            return probabilities_of(["A", "0", "o"])

    letters = LetterSet(np.zeros((3, 784), np.uint8), np.array(list("A0O")))
    found = scored(Classifier(), {"unipen62": letters})
    assert found["letters"] == 3
    assert found["accuracy"] == pytest.approx(2 / 3)
    assert found["per_source"] == {
        "unipen62 capitals": {"letters": 2, "accuracy": 0.5},
        "unipen62 digits": {"letters": 1, "accuracy": 1.0},
    }
