import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from ensemble_hwr._composites import weight_params

WEIGHT = np.arange(1.0, 5.0)
X, Y = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([0, 1, 0, 1])


@pytest.mark.parametrize(
    ("estimator", "key"),
    [
        (None, "sample_weight"),
        (LogisticRegression(), "sample_weight"),
        (make_pipeline(StandardScaler(), GaussianNB()), "gaussiannb__sample_weight"),
        (Pipeline([("outer", Pipeline([("inner", GaussianNB())]))]), "outer__inner__sample_weight"),
    ],
)
def test_weights_reach_whoever_takes_them(estimator, key):
    params = weight_params(estimator, WEIGHT, "member")
    assert params == {key: WEIGHT}
    if estimator is not None:
        estimator.fit(X, Y, **params)


def test_they_are_the_weights_the_last_step_learns_with():
    piped = make_pipeline(StandardScaler(with_mean=False, with_std=False), GaussianNB())
    piped.fit(X, Y, **weight_params(piped, WEIGHT, "member"))
    np.testing.assert_allclose(piped[-1].theta_, GaussianNB().fit(X, Y, WEIGHT).theta_)
    assert not np.allclose(piped[-1].theta_, GaussianNB().fit(X, Y).theta_)


@pytest.mark.parametrize("estimator", [KNeighborsClassifier(), make_pipeline(StandardScaler(), KNeighborsClassifier())])
def test_who_takes_none_is_named(estimator):
    with pytest.raises(TypeError, match="the specialist:A-D is a KNeighborsClassifier, whose fit accepts none"):
        weight_params(estimator, WEIGHT, "specialist:A-D")


def test_a_fit_that_takes_any_keyword_takes_weights():
    class Any:
        def fit(self, X, y, **params):
            """Take whatever comes."""

    assert weight_params(Any(), WEIGHT, "member") == {"sample_weight": WEIGHT}
