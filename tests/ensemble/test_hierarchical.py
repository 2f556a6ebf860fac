"""The classifier: scikit-learn's checks, the invariants of its mathematics, and what its users do with it."""

import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import make_blobs
from sklearn.ensemble import RandomForestClassifier, StackingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.estimator_checks import parametrize_with_checks

from ensemble_hwr.ensemble import HierarchicalEnsembleClassifier
from ensemble_hwr.exceptions import HierarchyError

LETTERS = np.array(list("ABCDEFGH"))
SETTINGS = {"groups": ["ABCD", "EFGH"], "confusables": ["AH", "DE", "CDE"], "random_state": 0}


def linear() -> LogisticRegression:
    return LogisticRegression(max_iter=300)


def ensemble(**settings) -> HierarchicalEnsembleClassifier:
    return HierarchicalEnsembleClassifier(linear(), linear(), linear(), **{**SETTINGS, **settings})


@pytest.fixture(scope="module")
def letters():
    X, codes = make_blobs(480, centers=8, n_features=6, cluster_std=4.5, random_state=3)
    return X, LETTERS[codes]


@pytest.fixture(scope="module")
def fitted(letters):
    return ensemble(min_mass=0, certainty=1).fit(*letters)


@parametrize_with_checks(
    [
        HierarchicalEnsembleClassifier(),
        HierarchicalEnsembleClassifier(linear(), linear(), linear(), group_size=2, confusables="derived"),
        HierarchicalEnsembleClassifier(
            linear(), linear(), groups="derived", group_size=2, routing="hard", trust=1.0, n_jobs=1
        ),
    ]
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)
