"""The MLP stops early on text labels, and is otherwise scikit-learn's."""

import warnings

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from ensemble_hwr.ensemble import MemberMLPClassifier

X, CODES = load_iris(return_X_y=True)


@pytest.mark.parametrize("weighted", [False, True])
def test_on_letters_it_is_what_scikit_learns_is_on_numbers(weighted):
    weight = np.linspace(1, 2, len(X)) if weighted else None
    settings = {"early_stopping": True, "random_state": 0, "max_iter": 30}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        numbers = MLPClassifier((9,), **settings).fit(X, CODES, sample_weight=weight)
        letters = MemberMLPClassifier((9,), **settings).fit(X, np.array(list("ABC"))[CODES], sample_weight=weight)
    np.testing.assert_array_equal(letters.predict_proba(X), numbers.predict_proba(X))
    assert letters.validation_scores_ == numbers.validation_scores_
    assert letters.classes_.tolist() == ["A", "B", "C"]
