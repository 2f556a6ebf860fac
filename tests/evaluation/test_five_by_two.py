"""5x2cv for every pair, against mlxtend's for one."""

import numpy as np
from mlxtend.evaluate import combined_ftest_5x2cv as mlxtend_ftest
from sklearn.datasets import load_digits
from sklearn.dummy import DummyClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeClassifier

from ensemble_hwr.evaluation import five_by_two

X, Y = (part[:200] for part in load_digits(return_X_y=True))


def test_every_pair_is_tested_on_the_same_halves():
    told = []
    contenders = {
        "good": GaussianNB(var_smoothing=1e-2),
        "bad": DecisionTreeClassifier(max_depth=1),
        "same": GaussianNB(var_smoothing=1e-2),
    }
    found = five_by_two(contenders, X, Y.astype(str), on_progress=told.append)
    assert list(found) == [("good", "bad"), ("good", "same"), ("bad", "same")]
    assert found["good", "bad"].p_value < 0.01
    assert found["good", "same"].p_value == 1.0
    assert found["bad", "same"] == found["good", "bad"]
    assert len(told) == 30


def test_a_clear_difference_is_clear_to_mlxtend_too():
    good, bad = GaussianNB(var_smoothing=1e-2), DecisionTreeClassifier(max_depth=1)
    _, theirs = mlxtend_ftest(good, bad, X, Y, random_seed=0)
    assert theirs < 0.01
    assert five_by_two({"good": good, "bad": bad}, X, Y)["good", "bad"].p_value < 0.01


def test_weights_reach_every_fit():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 2)), np.tile(["A", "B"], 30)
    lopsided = np.where(y == "A", 1.0, 1e-9)
    contenders = {"bayes": GaussianNB(), "dummy": DummyClassifier(strategy="constant", constant="A")}
    test = five_by_two(contenders, X, y, sample_weight=lopsided)["bayes", "dummy"]
    assert (test.statistic, test.p_value) == (0.0, 1.0)
    assert five_by_two(contenders, X, y)["bayes", "dummy"].statistic > 0
