"""Metadata: with scikit-learn's routing enabled, everybody is given what he requested."""

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ensemble_hwr.ensemble import HierarchicalEnsembleClassifier

X = np.random.default_rng(0).normal(size=(60, 3))
Y = np.tile(list("ABCDEF"), 10)


class Recorder(ClassifierMixin, BaseEstimator):
    """Answers evenly and remembers what its fit was given."""

    def fit(self, X, y, sample_weight=None, colour=None):
        self.classes_ = np.unique(y)
        self.seen_ = {"rows": len(X), "sample_weight": sample_weight, "colour": colour}
        return self

    def predict_proba(self, X):
        return np.full((len(X), len(self.classes_)), 1 / len(self.classes_))

    def predict(self, X):
        return np.repeat(self.classes_[0], len(X))


def test_members_get_what_they_request_and_only_their_rows():
    with config_context(enable_metadata_routing=True):
        model = HierarchicalEnsembleClassifier(
            Recorder().set_fit_request(sample_weight=True, colour=False),
            Recorder().set_fit_request(sample_weight=True, colour=True),
            {"A/F": Recorder().set_fit_request(sample_weight=False, colour="tint")},
            groups=["ABC", "DEF"],
            confusables=["AF"],
            cv=GroupKFold(2).set_split_request(groups=True),
        ).fit(X, Y, sample_weight=np.arange(1.0, 61), colour="red", tint="blue", groups=np.arange(60) % 3)
    seen = {name: member.seen_ for name, member in model.members_.items()}
    assert seen["router"]["colour"] is None
    np.testing.assert_array_equal(seen["router"]["sample_weight"], np.arange(1.0, 61))
    assert seen["specialist:D-F"]["colour"] == "red"
    np.testing.assert_array_equal(seen["specialist:D-F"]["sample_weight"], np.arange(1.0, 61)[np.isin(Y, list("DEF"))])
    assert seen["expert:A/F"] == {"rows": 20, "sample_weight": None, "colour": "blue"}


def test_what_nobody_requested_is_refused():
    with config_context(enable_metadata_routing=True), pytest.raises(UnsetMetadataPassedError):
        HierarchicalEnsembleClassifier(LogisticRegression(), Recorder(), groups=["ABC", "DEF"]).fit(
            X, Y, sample_weight=np.ones(60)
        )


@pytest.mark.parametrize("routing", [False, True])
def test_a_pipeline_that_ends_in_it_can_be_scored(routing):
    with config_context(enable_metadata_routing=routing):
        member = LogisticRegression()
        pipeline = make_pipeline(
            StandardScaler(), HierarchicalEnsembleClassifier(member, member, groups=["ABC", "DEF"])
        )
        pipeline.fit(X, Y)
        assert pipeline.score(X, Y) == (pipeline.predict(X) == Y).mean()
