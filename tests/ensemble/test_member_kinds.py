"""Members of unusual kinds: in-place and pandas transformers, other labels, refits, weights of 0, named parameters."""

import warnings

import numpy as np
import pytest
from scipy import sparse
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, StandardScaler
from sklearn.utils.validation import has_fit_parameter

from ensemble_hwr import AugmentedMLPClassifier, HierarchicalEnsembleClassifier, MemberMLPClassifier
from ensemble_hwr.ensemble import fit_classifier

RNG = np.random.default_rng(0)
Y = np.tile(list("ABCDEF"), 30)
X = RNG.normal(size=(180, 4)) + 3 * RNG.normal(size=(6, 4))[np.unique(Y, return_inverse=True)[1]]
SETTINGS = {
    "groups": ["ABC", "DEF"],
    "confusables": ["AF"],
    "min_mass": 0,
    "confidence_threshold": 1,
    "random_state": 0,
}


def small(**params):
    return MemberMLPClassifier((6,), max_iter=10, batch_size=20, **params)


def ensemble(member, **settings):
    return HierarchicalEnsembleClassifier(member, member, member, **{**SETTINGS, **settings})


class Positions(ClassifierMixin, BaseEstimator):
    """A classifier that accepts no other labels than 0, 1, 2, ..., as some gradient boosting libraries do."""

    def fit(self, X, y, sample_weight=None):
        if not np.array_equal(np.unique(y), np.arange(len(np.unique(y)))):
            raise ValueError("Invalid classes inferred from unique values of y")
        self.model_ = GaussianNB().fit(X, y, sample_weight)
        self.classes_ = self.model_.classes_
        return self

    def predict_proba(self, X):
        return self.model_.predict_proba(X)


def test_a_member_that_needs_labels_from_0_is_fitted_on_encoded_labels():
    model = ensemble(Positions()).fit(X, Y)
    plain = ensemble(GaussianNB()).fit(X, Y)
    np.testing.assert_allclose(model.predict_proba(X), plain.predict_proba(X))
    assert model.members_["expert:A/F"].classes_.tolist() == ["A", "F"]
    assert model.members_["expert:A/F"].predict(X[:6]).tolist() == plain.members_["expert:A/F"].predict(X[:6]).tolist()


def test_other_errors_of_a_member_are_raised_with_its_name():
    with pytest.raises(ValueError, match="member 'router': Number of priors must match"):
        ensemble(GaussianNB(priors=[1.0])).fit(X, Y)


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize(
    "rows", [X, sparse.csr_matrix(np.abs(X)), np.tile(X, (1, 500))], ids=["dense", "sparse", "big"]
)
def test_an_in_place_transformer_changes_neither_the_rows_of_the_caller_nor_of_other_members(rows, n_jobs):
    def members(copy):
        return [make_pipeline(MaxAbsScaler(copy=copy), LogisticRegression(max_iter=1000))] * 2

    given = rows.copy()
    model = HierarchicalEnsembleClassifier(*members(False), groups=["ABC", "DEF"], trust=0.5, n_jobs=n_jobs)
    found = model.fit(given, Y).predict_proba(given)
    assert (given != rows).sum() == 0
    expected = HierarchicalEnsembleClassifier(*members(True), groups=["ABC", "DEF"], trust=0.5, n_jobs=1).fit(rows, Y)
    np.testing.assert_array_equal(found, expected.predict_proba(rows))


def test_fit_classifier_leaves_the_rows_as_they_are():
    given = X.copy()
    fit_classifier(make_pipeline(StandardScaler(copy=False), GaussianNB()), given, Y)
    np.testing.assert_array_equal(given, X)


def test_features_as_data_frames_give_the_same_probabilities():
    pytest.importorskip("pandas")
    member = make_pipeline(StandardScaler(), MaxAbsScaler(), small())
    expected = ensemble(member).fit(X, Y).predict_proba(X)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        framed = ensemble(clone(member).set_output(transform="pandas")).fit(X, Y)
        np.testing.assert_allclose(framed.predict_proba(X), expected)
        with config_context(transform_output="pandas"):
            np.testing.assert_allclose(ensemble(member).fit(X, Y).predict_proba(X), expected)
            epochs = AugmentedMLPClassifier((4,), features=StandardScaler(), max_iter=3)
            ensemble(epochs).fit(X, Y).predict_proba(X)


@pytest.mark.parametrize(
    "member",
    [
        small(),
        make_pipeline(StandardScaler(), small()),
        AugmentedMLPClassifier((4,), features=StandardScaler(), max_iter=3),
    ],
)
def test_a_member_that_is_fitted_again_predicts_by_its_new_fit(member):
    model = ensemble(member, trust=1.0).fit(X, Y)
    before = model.predict_proba(X)
    expert = model.members_["expert:A/F"]
    rows = np.isin(Y, ["A", "F"])
    expert.fit(100 * X[rows], np.where(Y[rows] == "A", "F", "A"))
    after = model.predict_proba(X)
    step = next(step for step in model.explain(X).steps if step.member.name == "expert:A/F")
    inside = step.after[:, [0, 5]]
    np.testing.assert_allclose(
        inside / inside.sum(axis=1, keepdims=True), expert.predict_proba(X[step.rows]), atol=1e-6
    )
    assert not np.allclose(before, after)


@pytest.mark.parametrize(
    "member",
    [MemberMLPClassifier((6,), batch_size=5, max_iter=5), AugmentedMLPClassifier((4,), max_iter=3, batch_size=10)],
)
def test_rows_of_weight_0_equal_absent_rows(member):
    weight = np.repeat([0.0, 1.0], 90)
    folds = [(np.r_[:45, 90:135], np.r_[45:90, 135:180])]
    short = [(np.r_[:45], np.r_[45:90])]
    weighted = ensemble(member, cv=folds).fit(X, Y, sample_weight=weight)
    fewer = ensemble(member, cv=short).fit(X[90:], Y[90:], sample_weight=weight[90:])
    np.testing.assert_array_equal(weighted.predict_proba(X), fewer.predict_proba(X))


def test_weights_that_are_all_0_are_refused():
    for model in (ensemble(small()), AugmentedMLPClassifier((4,), max_iter=1)):
        with pytest.raises(ValueError, match=r"sample_weight is 0 for every row|must contain at least one non-zero"):
            model.fit(X, Y, sample_weight=np.zeros(180))


def test_weights_are_a_named_parameter_of_fit():
    assert has_fit_parameter(HierarchicalEnsembleClassifier(), "sample_weight")
    weight = np.where(Y == "A", 30.0, 1.0)
    calibrated = CalibratedClassifierCV(ensemble(GaussianNB(), trust=0.5), cv=2)
    heavy, even = (clone(calibrated).fit(X, Y, sample_weight=given) for given in (weight, None))
    priors = [model.calibrated_classifiers_[0].estimator.members_["router"].class_prior_[0] for model in (heavy, even)]
    assert priors[0] > 0.8
    assert priors[1] < 0.2


def test_with_metadata_routing_default_members_get_weights():
    with config_context(enable_metadata_routing=True):
        model = HierarchicalEnsembleClassifier(groups=["ABC", "DEF"], trust=0.5, random_state=0)
        weight = RNG.random(180)
        routed = model.fit(X, Y, sample_weight=weight).predict_proba(X)
        router = GaussianNB().set_fit_request(sample_weight=True)
        HierarchicalEnsembleClassifier(router, router, LogisticRegression()).fit(X, Y, sample_weight=weight)
    np.testing.assert_array_equal(routed, clone(model).fit(X, Y, sample_weight=weight).predict_proba(X))


def test_members_in_a_dict_have_named_parameters():
    first, second = LogisticRegression(C=1.0), LogisticRegression(C=2.0)
    model = HierarchicalEnsembleClassifier(first, {"A-C": first, "D-F": second}, groups=["ABC", "DEF"], trust=0.5)
    assert model.get_params()["specialist__D-F__C"] == 2.0
    assert model.get_params()["specialist__D-F"] is second
    assert "specialist__D-F" not in model.get_params(deep=False)
    other = clone(model).set_params(**{"specialist__D-F__C": 9.0, "specialist__A-C": GaussianNB(), "router__C": 3.0})
    assert (other.specialist["D-F"].C, other.router.C, second.C) == (9.0, 3.0, 2.0)
    assert isinstance(clone(other).specialist["A-C"], GaussianNB)
    with pytest.raises(ValueError, match=r"the names in the specialist mapping are \['A-C'"):
        model.set_params(specialist__Z__C=1)
    with pytest.raises(ValueError, match="Invalid parameter 'gamma'"):
        model.set_params(**{"specialist__D-F__gamma": 1})
    found = GridSearchCV(model, {"specialist__D-F__C": [0.1, 1.0]}, cv=2).fit(X, Y)
    assert set(found.best_params_) == {"specialist__D-F__C"}


def test_a_template_in_a_dict_may_be_the_default_until_it_is_replaced():
    model = HierarchicalEnsembleClassifier(specialist={"A-C": None, "D-F": None}, groups=["ABC", "DEF"])
    with pytest.raises(ValueError, match="specialist__A-C is None; set it to an estimator first"):
        model.set_params(**{"specialist__A-C__alpha": 1.0})
    assert model.set_params(**{"specialist__A-C": small(), "specialist__A-C__alpha": 1.0}).specialist["A-C"].alpha == 1


@pytest.mark.parametrize(
    ("member", "name", "advice"),
    [
        (AugmentedMLPClassifier((4,), validation_fraction=0.2), "router", "set validation_fraction=0"),
        (small(early_stopping=True), "specialist:F/Z", "set early_stopping=False"),
    ],
)
def test_a_class_of_one_row_with_early_stopping_is_an_error_that_names_the_member(member, name, advice):
    labels = np.where(np.arange(180) == 5, "Z", Y)
    model = ensemble(member, groups=["ABC", "DE", "FZ"], trust=1.0)
    with pytest.raises(ValueError, match=f"member '{name}': .* cannot hold out rows of every class.*{advice}"):
        model.fit(X, labels)
