"""Comparisons: equal samples, equal seeds, equal cores, and error messages."""

import os
import warnings

import numpy as np
import pandas as pd
import pytest
from mlxtend.evaluate import combined_ftest_5x2cv as mlxtend_ftest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_digits, make_blobs
from sklearn.decomposition import PCA
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingClassifier, VotingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from ensemble_hwr.ensemble import HierarchicalEnsembleClassifier
from ensemble_hwr.evaluation import EqualParameters, compare, five_by_two, standard_contenders, write_report
from ensemble_hwr.evaluation.contenders import with_seed
from ensemble_hwr.evaluation.scaling import EqualMacs
from ensemble_hwr.exceptions import ConfigError, DataError

X, CODES = make_blobs(240, centers=6, n_features=4, cluster_std=3, random_state=0)
Y = np.array(list("ABCDEF"))[CODES]
TRAIN, TEST = np.arange(0, 240, 2), np.arange(1, 240, 2)
TINY = MLPClassifier((5,), solver="lbfgs", max_iter=3000, alpha=1.0)


class Recorder(ClassifierMixin, BaseEstimator):
    """Classifier that predicts its own settings, with one class too few."""

    def __init__(self, random_state=None, n_jobs=None):
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, X, y, sample_weight=None):
        self.classes_ = np.array(list("ABCDE"))
        self.weight_ = sample_weight
        return self

    def predict_proba(self, X):
        fill = [self.random_state, self.n_jobs or 0, 0 if self.weight_ is None else self.weight_.sum(), len(X), 1]
        return np.tile(fill, (len(X), 1)) / sum(fill)


def test_every_contender_is_fitted_with_every_seed_on_the_same_samples():
    reports = []
    result = compare(
        {"bayes": GaussianNB(), "linear": LogisticRegression(max_iter=1000)},
        X,
        Y,
        split=(TRAIN, TEST),
        seeds=[3, 1, 3],
        data={"name": "blobs"},
        on_progress=reports.append,
    )
    assert [(run.contender, run.seed) for run in result.runs] == [
        ("bayes", 3),
        ("bayes", 1),
        ("linear", 3),
        ("linear", 1),
    ]
    assert all(run.test.tolist() == TEST.tolist() for run in result.runs)
    expected = LogisticRegression(max_iter=1000).fit(X[TRAIN], Y[TRAIN]).predict_proba(X[TEST])
    np.testing.assert_allclose(result.of("linear")[0].probabilities, expected, atol=1e-6)
    assert sorted(progress.done for progress in reports) == [1, 2, 3, 4]
    assert {progress.total for progress in reports} == {4}
    assert result.data == {"name": "blobs"}


def test_seeds_cores_and_weights_are_set_and_missing_classes_get_probability_0():
    result = compare(
        {"recorder": Recorder(n_jobs=2)}, X, Y, split=(TRAIN, TEST), seeds=[7], sample_weight=np.full(240, 2.0)
    )
    np.testing.assert_allclose(result.runs[0].probabilities[0] * 369, [7, 1, 240, 120, 1, 0])


def test_n_jobs_of_none_stays_for_classes_that_refuse_a_number():
    result = compare({"recorder": Recorder()}, X, Y, split=(TRAIN, TEST), seeds=[7])
    np.testing.assert_allclose(result.runs[0].probabilities[0] * 128, [7, 0, 0, 120, 1, 0])


def test_split_may_depend_on_the_seed_and_repeat_training_samples():
    def draw(seed):
        order = np.random.default_rng(seed).permutation(240)
        return np.r_[order[:100], order[:50]], order[100:]

    result = compare({"bayes": GaussianNB()}, X, Y, split=draw, seeds=[0, 1])
    assert result.runs[0].test.tolist() == draw(0)[1].tolist() != result.runs[1].test.tolist()


def test_flat_controls_get_as_many_parameters_as_the_hierarchy():
    hierarchy = HierarchicalEnsembleClassifier(TINY, TINY, groups=["ABC", "DEF"], trust=0.5)
    flat = EqualParameters(make_pipeline(StandardScaler(), TINY))
    result = compare({"flat": flat, "hierarchical": hierarchy}, X, Y, split=(TRAIN, TEST), seeds=[0], n_jobs=2)
    assert result.contenders == ("flat", "hierarchical")
    parameters = {run.contender: run.parameters for run in result.runs}
    one_unit = 4 + 1 + 6
    assert parameters["hierarchical"] == (4 * 5 + 5 + 5 * 6 + 6) + 2 * (4 * 5 + 5 + 5 * 3 + 3)
    assert abs(parameters["flat"] - parameters["hierarchical"]) <= one_unit / 2
    assert result.of("hierarchical")[0].hierarchy.groups == {"A-C": ("A", "B", "C"), "D-F": ("D", "E", "F")}
    assert result.of("flat")[0].hierarchy is None


def test_a_flat_control_needs_as_many_macs_as_the_hierarchy_did_with_the_same_seed():
    wide = MLPClassifier((40,), solver="lbfgs", max_iter=3000, alpha=1.0)
    hierarchy = HierarchicalEnsembleClassifier(wide, wide, groups=["ABC", "DEF"], trust=0.5, confidence_threshold=0.8)
    contenders = {"flat_macs": EqualMacs(make_pipeline(StandardScaler(), TINY)), "hierarchical": hierarchy}
    result = compare(contenders, X, Y, split=(TRAIN, TEST), seeds=[0, 1])
    macs = {(run.contender, run.seed): run.macs for run in result.runs}
    router, specialist = 4 * 40 + 40 * 6, 4 * 40 + 40 * 3
    for run in result.of("hierarchical"):
        routed = sum(member.routed for member in run.hierarchy.members)
        assert 0 < routed < len(TEST)
        assert run.macs == pytest.approx(router + specialist * routed / len(TEST))
        assert abs(macs["flat_macs", run.seed] - run.macs) <= (4 + 6) / 2


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_warnings_of_fits_are_raised_again_from_any_process(n_jobs):
    hasty = MLPClassifier((5,), max_iter=1)
    with pytest.warns(ConvergenceWarning) as caught:
        compare({"hasty": hasty}, X, Y, split=(TRAIN, TEST), seeds=[0, 1], n_jobs=n_jobs)
    assert len(caught) == 2


@pytest.mark.parametrize(
    ("contenders", "message"),
    [
        ({}, "give a mapping of names to at least one classifier"),
        ({"ridge": RidgeClassifier()}, "'ridge' is a RidgeClassifier without predict_proba"),
        ({"flat": EqualParameters(TINY)}, "'hierarchical', which is not among the contenders"),
        ({"flat": EqualParameters(TINY, "bayes"), "bayes": GaussianNB()}, "which cannot be counted"),
        ({"flat": EqualMacs(TINY)}, "needs the MACs of 'hierarchical', which is not among the contenders"),
        ({"flat": EqualMacs(TINY, "bayes"), "bayes": GaussianNB()}, "needs the MACs of 'bayes', which cannot be"),
    ],
)
def test_contenders_that_cannot_be_compared_are_an_error(contenders, message):
    with pytest.raises(ConfigError, match=message):
        compare(contenders, X, Y, split=(TRAIN, TEST), seeds=[0])


@pytest.mark.parametrize(
    ("split", "message"),
    [
        ((TRAIN, TRAIN[:3]), "3 samples are both training and test samples, such as sample 0"),
        ((TRAIN, [240]), "the test part has shape .* give at least one index from 0 to 239"),
        ((np.zeros(240, dtype=bool), TEST), "the train part has shape"),
        ((np.flatnonzero(Y == "A")[:5], np.flatnonzero(Y == "B")), "has one class only, 'A';"),
    ],
)
def test_invalid_splits_are_an_error(split, message):
    with pytest.raises(DataError, match=message):
        compare({"bayes": GaussianNB()}, X, Y, split=split, seeds=[0])


def test_X_and_y_must_have_the_same_length():
    with pytest.raises(DataError, match=r"X has shape \(240, 4\) and y has shape \(239,\)"):
        compare({"bayes": GaussianNB()}, X, Y[:-1], split=(TRAIN, TEST))


class Faulty(ClassifierMixin, BaseEstimator):
    """Classifier of uniform probabilities with one fault."""

    def __init__(self, fault="", random_state=None):
        self.fault = fault
        self.random_state = random_state

    def fit(self, X, y):
        if self.fault == "crash":
            raise RuntimeError("out of luck")
        if self.fault == "exit":
            os._exit(3)
        self.classes_ = np.arange(6) if self.fault == "numbers" else np.unique(y)
        return self

    def predict_proba(self, X):
        probabilities = np.full((len(X), 6), 1 / 6)
        if self.fault == "nan":
            probabilities[0, 0] = np.nan
        if self.fault == "narrow":
            return probabilities[:, :1]
        return probabilities[1:] if self.fault == "short" else probabilities


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("crash", "RuntimeError: out of luck"),
        ("nan", "NaN"),
        ("narrow", r"shape \(120, 1\); expected \(120, 6\)"),
        ("short", r"shape \(119, 6\)"),
        ("numbers", r"classes_ of the estimator are \[0, 1"),
    ],
)
def test_errors_name_the_contender_that_fails_or_predicts_invalid_probabilities(fault, message):
    with pytest.raises(ConfigError, match=rf"contender 'odd', seed 3: .*{message}"):
        compare({"bayes": GaussianNB(), "odd": Faulty(fault)}, X, Y, split=(TRAIN, TEST), seeds=[3])


def test_a_worker_that_dies_is_an_error():
    with pytest.raises(ConfigError, match="ended without a message"):
        compare({"odd": Faulty("exit")}, X, Y, split=(TRAIN, TEST), seeds=[0, 1], n_jobs=2)


def test_members_of_a_committee_differ_with_equal_parameters():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        hierarchy = HierarchicalEnsembleClassifier(TINY, TINY, groups=["ABC", "DEF"], trust=0.5)
        contenders = standard_contenders(hierarchy, views=["passthrough"], flat=MLPClassifier((5,), max_iter=20))
        committee = contenders["committee"].sized(300, X[TRAIN], 6)
        probabilities = []
        for seed in (0, 0, 1):
            members = with_seed(committee, seed).fit(X[TRAIN], Y[TRAIN]).estimators_
            probabilities.append([member.predict_proba(X[TEST]) for member in members])
    first, again, other = probabilities
    assert not np.array_equal(first[0], first[1])
    assert not np.array_equal(first[0], first[2])
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_parameters_are_matched_with_fitted_features_and_the_classes_of_training():
    trained = np.flatnonzero(Y != "F")[:150]
    tested = np.setdiff1d(np.arange(240), trained)
    wide = np.random.default_rng(0).normal(size=(240, 130))
    reference = MLPClassifier((40,), max_iter=1)
    template = make_pipeline(PCA(120), MLPClassifier((3,), max_iter=1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        contenders = {"flat": EqualParameters(template, "mlp"), "mlp": reference}
        result = compare(contenders, wide, Y, split=(trained, tested), seeds=[0])
    flat, mlp = (run.parameters for run in result.runs)
    assert mlp == 131 * 40 + 41 * 5
    assert abs(flat - mlp) <= (121 + 5) / 2


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"seeds": []}, "seeds: got none"),
        ({"seeds": [1.5]}, "seeds: got 1.5"),
        ({"seeds": [-1]}, "seeds: got -1"),
        ({"suspect": ["0"] * 240}, "suspect has shape"),
        ({"suspect": [True]}, "suspect has shape"),
        ({"sample_weight": np.ones(241)}, "sample_weight has shape"),
        ({"sample_weight": ["1"] * 240}, "sample_weight has shape"),
        ({"split": None}, "split: got NoneType"),
        ({"split": (TRAIN, TEST, TEST)}, "split: got tuple"),
        ({"split": (TRAIN + 0.5, TEST)}, "dtype float64"),
        ({"split": (np.ones(5, bool), TEST)}, "dtype bool"),
        ({"split": (TRAIN[:, None], TEST)}, r"shape \(120, 1\)"),
    ],
)
def test_invalid_arguments_are_an_error(given, message):
    with pytest.raises((ConfigError, DataError), match=message):
        compare({"bayes": GaussianNB()}, X, Y, **{"split": (TRAIN, TEST), "seeds": [0], **given})


@pytest.mark.parametrize("contenders", [[GaussianNB()], {1: GaussianNB()}, {"bayes": GaussianNB}])
def test_contenders_are_a_mapping_of_names_to_instances(contenders):
    with pytest.raises(ConfigError, match="contender"):
        compare(contenders, X, Y, split=(TRAIN, TEST), seeds=[0])


@pytest.mark.parametrize("labels", [np.array([None, *Y[1:]], dtype=object), np.where(CODES == 0, np.nan, CODES)])
def test_missing_labels_are_an_error(labels):
    with pytest.raises(DataError, match="without missing values"):
        compare({"bayes": GaussianNB()}, X, labels, split=(TRAIN, TEST), seeds=[0])


@pytest.mark.parametrize("rows", [np.where(X > 5, np.nan, X), X.astype(str)])
def test_X_must_be_finite(rows):
    with pytest.raises(DataError, match="finite numbers"):
        compare({"bayes": GaussianNB()}, rows, Y, split=(TRAIN, TEST), seeds=[0])


def test_a_warning_that_cannot_be_pickled_is_raised_as_text():
    class Particular(UserWarning):
        """Warning that pickle cannot restore, since its argument is keyword-only."""

        def __init__(self, *, reason):
            super().__init__(reason)

    class Warner(GaussianNB):
        def fit(self, X, y):
            warnings.warn(Particular(reason="bad luck"), stacklevel=1)
            return super().fit(X, y)

    with pytest.warns(UserWarning, match="Particular: bad luck"):
        compare({"warner": Warner()}, X, Y, split=(TRAIN, TEST), seeds=[0, 1], n_jobs=2)


DIGITS, DIGIT_LABELS = (part[:200] for part in load_digits(return_X_y=True))


def test_five_by_two_tests_all_pairs_on_the_same_halves():
    reports = []
    contenders = {
        "good": GaussianNB(var_smoothing=1e-2),
        "bad": DecisionTreeClassifier(max_depth=1),
        "same": GaussianNB(var_smoothing=1e-2),
    }
    found = five_by_two(contenders, DIGITS, DIGIT_LABELS.astype(str), on_progress=reports.append)
    assert list(found) == [("good", "bad"), ("good", "same"), ("bad", "same")]
    assert found["good", "bad"].p_value < 0.01
    assert found["good", "same"].p_value == 1.0
    assert found["bad", "same"] == found["good", "bad"]
    assert len(reports) == 30


def test_five_by_two_agrees_with_mlxtend_on_a_clear_difference():
    good, bad = GaussianNB(var_smoothing=1e-2), DecisionTreeClassifier(max_depth=1)
    _, theirs = mlxtend_ftest(good, bad, DIGITS, DIGIT_LABELS, random_seed=0)
    assert theirs < 0.01
    assert five_by_two({"good": good, "bad": bad}, DIGITS, DIGIT_LABELS)["good", "bad"].p_value < 0.01


def test_five_by_two_uses_sample_weight():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 2)), np.tile(["A", "B"], 30)
    lopsided = np.where(y == "A", 1.0, 1e-9)
    contenders = {"bayes": GaussianNB(), "dummy": DummyClassifier(strategy="constant", constant="A")}
    test = five_by_two(contenders, X, y, sample_weight=lopsided)["bayes", "dummy"]
    assert (test.statistic, test.p_value) == (0.0, 1.0)
    assert five_by_two(contenders, X, y)["bayes", "dummy"].statistic > 0


def test_the_loss_of_networks_is_recorded_where_it_fell_or_not():
    learning = MLPClassifier((5,), max_iter=20, learning_rate_init=0.01)
    frozen = MLPClassifier((5,), max_iter=20, learning_rate_init=1e-30, tol=0)
    committee = VotingClassifier([("one", learning), ("two", frozen)], voting="soft")
    hierarchy = HierarchicalEnsembleClassifier(learning, learning, groups=["ABC", "DEF"], trust=0.5)
    contenders = {"learning": learning, "frozen": frozen, "pipeline": make_pipeline(StandardScaler(), learning)}
    contenders |= {"committee": committee, "hierarchy": hierarchy, "bayes": GaussianNB()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        result = compare(contenders, X, Y, split=(TRAIN, TEST), seeds=[0])
    fell = {run.contender: run.loss_fell for run in result.runs}
    assert fell["frozen"] is fell["committee"] is False
    assert fell["learning"] is fell["pipeline"] is True
    assert fell["hierarchy"] is fell["bayes"] is None


def test_the_warning_of_a_control_that_is_too_small_belongs_to_its_run():
    contenders = {
        "flat": EqualMacs(make_pipeline(PCA(4), PCA(4), TINY), "linear"),
        "linear": LogisticRegression(max_iter=1000),
    }
    with pytest.warns(UserWarning, match="need 32 MACs per sample alone, of 24"):
        result = compare(contenders, X, Y, split=(TRAIN, TEST), seeds=[0])
    assert "one unit per layer" in str(result.of("flat")[0].warnings[0])


NAMES = ["height", "width", "ink", "slant"]
FRAME = pd.DataFrame(X, columns=NAMES)


def test_contenders_get_data_frames_without_warnings_of_feature_names():
    network = make_pipeline(StandardScaler(), TINY)
    columns = make_pipeline(make_column_transformer(("passthrough", ["height", "slant"])), GaussianNB())
    contenders = {
        "columns": columns,
        "network": network,
        "flat": EqualMacs(network),
        "hierarchical": HierarchicalEnsembleClassifier(network, network, groups=["ABC", "DEF"], trust=0.5),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = compare(contenders, FRAME, pd.Series(Y), split=(TRAIN, TEST), seeds=[0])
    assert not any(run.warnings for run in result.runs)
    del contenders["columns"]
    from_arrays = compare(contenders, X, Y, split=(TRAIN, TEST), seeds=[0])
    for name in contenders:
        of_frame, of_array = (found.of(name)[0] for found in (result, from_arrays))
        same = of_frame.probabilities.argmax(axis=1) == of_array.probabilities.argmax(axis=1)
        assert same.mean() > 0.95  # the order in memory changes the rounding
        assert of_frame.macs == pytest.approx(of_array.macs, rel=0.05)
    assert result.of("columns")[0].probabilities.shape == (120, 6)


def test_data_frames_may_have_texts_and_missing_values(tmp_path):
    frame = FRAME.assign(pen=np.where(CODES % 2, "thick", "thin"))
    frame.loc[5, "ink"] = np.nan
    trees = HistGradientBoostingClassifier(max_iter=5, categorical_features="from_dtype")
    pipeline = make_pipeline(make_column_transformer((OrdinalEncoder(), ["pen"]), remainder="passthrough"), trees)
    result = compare({"trees": pipeline}, frame, Y, split=(TRAIN, TEST), seeds=[0])
    assert write_report(result, tmp_path)[1].exists()


class Picky(GaussianNB):
    """Classifier that refuses labels other than 0, 1, 2, ... and a number of jobs that is None."""

    def __init__(self, n_jobs=4, refuse="labels"):
        super().__init__()
        self.n_jobs = n_jobs
        self.refuse = refuse

    def fit(self, X, y, sample_weight=None):
        if self.n_jobs is None or self.refuse == "everything" or not np.array_equal(np.unique(y), np.arange(6)):
            raise ValueError(f"no labels such as {np.asarray(y)[0]}, no n_jobs={self.n_jobs}")
        return super().fit(X, y, sample_weight)


@pytest.mark.parametrize("labels", [Y, CODES * 10 + 7, CODES])
@pytest.mark.parametrize("weight", [None, np.ones(240)])
def test_contenders_that_refuse_the_labels_get_codes(labels, weight):
    contenders = {"picky": Picky(), "bayes": GaussianNB(), "pipeline": make_pipeline(StandardScaler(), Picky())}
    result = compare(contenders, X, labels, split=(TRAIN, TEST), seeds=[0], sample_weight=weight)
    picky, bayes, pipeline = (run.probabilities for run in result.runs)
    np.testing.assert_allclose(picky, bayes)
    np.testing.assert_allclose(pipeline, bayes, atol=1e-6)


def test_a_contender_that_refuses_codes_too_is_an_error_with_its_first_message():
    with pytest.raises(ConfigError, match=f"contender 'picky', seed 0: .*no labels such as {Y[0]}"):
        compare({"picky": Picky(refuse="everything")}, X, Y, split=(TRAIN, TEST), seeds=[0])
