"""The member network: training as in scikit-learn, early stopping on text labels, accurate probabilities."""

import copy
import warnings

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from ensemble_hwr._composites import is_tiny
from ensemble_hwr.ensemble import AugmentedMLPClassifier, MemberMLPClassifier

X, CODES = load_iris(return_X_y=True)


@pytest.mark.parametrize("weighted", [False, True])
def test_text_labels_give_the_same_network_as_numbers_in_scikit_learn(weighted):
    weight = np.linspace(1, 2, len(X)) if weighted else None
    settings = {"early_stopping": True, "random_state": 0, "max_iter": 30}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        numbers = MLPClassifier((9,), **settings).fit(X, CODES, sample_weight=weight)
        letters = MemberMLPClassifier((9,), **settings).fit(X, np.array(list("ABC"))[CODES], sample_weight=weight)
    np.testing.assert_array_equal(letters.predict_proba(X), numbers.predict_proba(X))
    assert letters.validation_scores_ == numbers.validation_scores_
    assert letters.classes_.tolist() == ["A", "B", "C"]


@pytest.mark.parametrize("weight", [None, np.float32, np.float64])
@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "identity"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_training_is_that_of_scikit_learn_bit_for_bit(dtype, activation, early_stopping, weight):
    settings = {
        "activation": activation,
        "early_stopping": early_stopping,
        "shuffle": activation != "tanh",
        "alpha": 0.01,
    }
    settings |= {"max_iter": 5, "batch_size": 32, "random_state": 3, "hidden_layer_sizes": (6, 5)}
    given = None if weight is None else np.linspace(1, 2, len(X)).astype(weight)
    for codes in (CODES, CODES == 1):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            theirs = MLPClassifier(**settings).fit(X.astype(dtype), codes, sample_weight=given)
        ours = MemberMLPClassifier(**settings).fit(X.astype(dtype), codes, sample_weight=given)
        assert vars(ours).keys() == vars(theirs).keys()
        for name in ("loss_curve_", "best_loss_", "loss_", "n_iter_", "t_", "validation_scores_"):
            assert getattr(ours, name) == getattr(theirs, name)
        for name in ("ms", "vs"):
            for one, other in zip(getattr(ours._optimizer, name), getattr(theirs._optimizer, name), strict=True):
                np.testing.assert_array_equal(one, other)
        for one, other in zip(ours.coefs_ + ours.intercepts_, theirs.coefs_ + theirs.intercepts_, strict=True):
            np.testing.assert_array_equal(one, other)
            assert one.dtype == other.dtype


def test_errors_and_warnings_of_training_are_those_of_scikit_learn():
    for kind in (MLPClassifier, MemberMLPClassifier):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            with pytest.warns(UserWarning, match="It is going to be clipped"):
                kind(batch_size=500, max_iter=2).fit(X, CODES)
            with pytest.raises(ValueError, match="validation set is too small"):
                kind(early_stopping=True, validation_fraction=0.05).fit(X[:20], np.tile([[0, 1]], (20, 1)))


@pytest.mark.parametrize(
    "network",
    [MemberMLPClassifier((4,), max_iter=40), AugmentedMLPClassifier((4,), max_iter=40)],
    ids=["MemberMLPClassifier", "AugmentedMLPClassifier"],
)
def test_with_two_classes_small_probabilities_are_accurate(network):
    sure = np.repeat([[-1.0], [1.0]], 50, axis=0)
    network.set_params(random_state=0, learning_rate_init=0.3).fit(np.float32(sure), np.repeat(["A", "B"], 50))
    exact = copy.deepcopy(network)
    fitted = getattr(exact, "mlp_", exact)
    fitted.coefs_ = [weights.astype(float) for weights in fitted.coefs_]
    fitted.intercepts_ = [offsets.astype(float) for offsets in fitted.intercepts_]
    found, wanted = network.predict_proba(np.float32(sure)), exact.predict_proba(sure)
    assert found.dtype == np.float32
    assert wanted.min() < 1e-6
    np.testing.assert_allclose(found, wanted, rtol=1e-4)


@pytest.mark.parametrize("kind", [MemberMLPClassifier, AugmentedMLPClassifier])
@pytest.mark.parametrize("weighted", [False, True])
def test_tiny_weights_become_0(kind, weighted):
    # the penalty alone moves the weights of features that are 0
    given = np.hstack([X, np.zeros((len(X), 20))]).astype(np.float32)
    settings = {"alpha": 1.0, "batch_size": 10, "max_iter": 200, "learning_rate_init": 0.003, "random_state": 0}
    weight = np.ones(len(X), np.float32) if weighted else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        theirs = MLPClassifier((9,), n_iter_no_change=200, **settings).fit(given, CODES)
    assert (np.abs(theirs.coefs_[0][theirs.coefs_[0] != 0]) < np.finfo(np.float32).tiny).sum() > 50
    if kind is MemberMLPClassifier:
        network = fitted = kind((9,), n_iter_no_change=200, **settings).fit(given, CODES, sample_weight=weight)
        np.testing.assert_allclose(network.predict_proba(given), theirs.predict_proba(given), rtol=1e-5)
    else:
        fitted = kind((9,), learning_rate="constant", **settings).fit(given, CODES, sample_weight=weight).mlp_
    assert (fitted.coefs_[0][4:] == 0).sum() > 50
    for array in (*fitted.coefs_, *fitted.intercepts_, *fitted._optimizer.ms, *fitted._optimizer.vs):
        assert not is_tiny(array[array != 0]).any()


@pytest.mark.parametrize("early_stopping", [False, True])
def test_rows_of_weight_0_are_left_out(early_stopping):
    weight = np.where(np.arange(len(X)) % 3 == 0, 2.0, 0.0)
    settings = {"batch_size": 8, "max_iter": 5, "random_state": 0, "early_stopping": early_stopping}
    found = MemberMLPClassifier((9,), **settings).fit(X, CODES, sample_weight=weight)
    wanted = MemberMLPClassifier((9,), **settings).fit(X[::3], CODES[::3], sample_weight=weight[::3])
    np.testing.assert_array_equal(found.predict_proba(X), wanted.predict_proba(X))


@pytest.mark.parametrize(("weight", "message"), [(0, "sample_weight is 0 for every row"), (-1, "[Nn]egative")])
def test_weights_that_are_not_allowed(weight, message):
    with pytest.raises(ValueError, match=message):
        MemberMLPClassifier((4,), max_iter=2).fit(X, CODES, sample_weight=np.full(len(X), weight))
