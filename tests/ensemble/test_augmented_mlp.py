"""Augmentation, learning rate, early stopping, averaged weights and scikit-learn's checks."""

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import BaseEstimator
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from ensemble_hwr.ensemble import AugmentedMLPClassifier, HierarchicalEnsembleClassifier
from ensemble_hwr.ensemble import _augmented_mlp as module

X, CODES = load_digits(return_X_y=True)
X = (X / 16).astype(np.float32)
Y = np.array(list("ABCDEFGHIJ"))[CODES]
SMALL = {"hidden_layer_sizes": (16,), "max_iter": 6, "batch_size": 20, "learning_rate_init": 0.01, "random_state": 0}


class Shifter(BaseEstimator):
    """Copies a row with a constant added, and records its calls."""

    def __init__(self, shift=0.0):
        self.shift = shift
        self.calls = []

    def augment(self, rows, random_state):
        self.calls.append((len(rows), random_state))
        return rows + np.float32(self.shift)


@parametrize_with_checks([AugmentedMLPClassifier(batch_size=1000, alpha=0.0, max_iter=80, learning_rate_init=0.02)])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def test_digits_are_classified():
    model = AugmentedMLPClassifier((32,), max_iter=20, batch_size=20, learning_rate_init=0.01, random_state=0).fit(
        X[::2], Y[::2]
    )
    assert model.score(X[1::2], Y[1::2]) > 0.95
    assert model.loss_curve_[-1] < model.loss_curve_[0] / 10
    assert len(model.loss_curve_) == 20
    assert model.predict_proba(X).dtype == np.float32


def test_a_constant_learning_rate_equals_partial_fit():
    model = AugmentedMLPClassifier((8,), max_iter=1, batch_size=1797, learning_rate="constant", random_state=0).fit(
        X, Y
    )
    plain = MLPClassifier((8,), batch_size=1797, random_state=model.mlp_.random_state)
    plain.partial_fit(X, CODES, classes=np.arange(10))
    np.testing.assert_allclose(model.predict_proba(X), plain.predict_proba(X), atol=1e-5)


def test_the_learning_rate_decays_along_half_a_cosine(monkeypatch):
    steps = []
    monkeypatch.setattr(
        AugmentedMLPClassifier, "_train_epoch", lambda self, *_: steps.append(self.mlp_._optimizer.learning_rate_init)
    )
    monkeypatch.setattr(AugmentedMLPClassifier, "_kept", lambda *_: [])
    monkeypatch.setattr(AugmentedMLPClassifier, "_set_average", lambda *_: None)
    network = MLPClassifier((2,), learning_rate_init=0.1).partial_fit(X, CODES, classes=np.arange(10))
    monkeypatch.setattr(AugmentedMLPClassifier, "_network", lambda *_: network)
    AugmentedMLPClassifier(max_iter=4, learning_rate_init=0.1).fit(X, Y)
    np.testing.assert_allclose(steps, [0.1, 0.1 * (1 + 0.5**0.5) / 2, 0.05, 0.1 * (1 - 0.5**0.5) / 2])


def test_every_epoch_augments_every_row_anew():
    shifter = Shifter()
    model = AugmentedMLPClassifier(**SMALL)
    model.set_params(augmenter=shifter).fit(X, Y)
    assert [n for n, _ in shifter.calls] == [len(X)] * 6
    assert len({id(draw) for _, draw in shifter.calls}) == 1
    plain = AugmentedMLPClassifier(**SMALL).fit(X, Y)
    np.testing.assert_array_equal(model.predict_proba(X), plain.predict_proba(X))
    moved = AugmentedMLPClassifier(**SMALL, augmenter=Shifter(1.0)).fit(X, Y)
    assert moved.score(X + 1, Y) > moved.score(X, Y) + 0.2


def test_features_are_fitted_on_the_rows_and_applied_to_augmented_rows():
    model = AugmentedMLPClassifier(**SMALL, features=StandardScaler(), augmenter=Shifter(1.0)).fit(X, Y)
    np.testing.assert_allclose(model.features_.mean_, X.mean(axis=0), atol=1e-6)
    by_hand = model.mlp_.predict_proba(model.features_.transform(X))
    np.testing.assert_array_equal(model.predict_proba(X), by_hand)


def test_many_rows_are_trained_on_in_parts(monkeypatch):
    monkeypatch.setattr(module, "ROWS_AT_ONCE", 500)
    shifter = Shifter()
    model = AugmentedMLPClassifier(**SMALL, augmenter=shifter).fit(X, Y)
    assert {n for n, _ in shifter.calls} == {449, 450}
    assert model.score(X, Y) > 0.9


def test_the_best_epoch_is_kept_and_training_stops_early():
    model = AugmentedMLPClassifier((64,), max_iter=60, batch_size=10, learning_rate_init=0.02, learning_rate="constant",
                     validation_fraction=0.3, n_iter_no_change=5, random_state=0).fit(X, Y)  # fmt: skip
    curve = model.validation_curve_
    assert len(curve) < 60
    assert len(curve) - 1 - int(np.argmin(curve)) == 5
    _, held_out = model._split(CODES, model.mlp_.random_state)
    answered = model.predict_proba(X[held_out]).astype(float)
    found = log_loss(CODES[held_out], answered / answered.sum(axis=1, keepdims=True))
    assert found == pytest.approx(min(curve), rel=1e-3)


def test_the_weights_of_the_last_epochs_are_averaged():
    settings = {**SMALL, "learning_rate": "constant"}
    lengths = [AugmentedMLPClassifier(**{**settings, "max_iter": n}).fit(X, Y).mlp_.coefs_[0] for n in (4, 5, 6)]
    averaged = AugmentedMLPClassifier(**settings, average_last=3).fit(X, Y).mlp_.coefs_[0]
    np.testing.assert_allclose(averaged, np.mean(lengths, axis=0), atol=1e-6)


def test_the_same_random_state_gives_the_same_bits():
    first, second, other = (AugmentedMLPClassifier(**{**SMALL, "random_state": seed}).fit(X, Y) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.predict_proba(X), second.predict_proba(X))
    assert not np.array_equal(first.predict_proba(X), other.predict_proba(X))


def test_sample_weights_change_the_fit():
    weight = np.where(CODES == 3, 0.0, 1.0)
    model = AugmentedMLPClassifier(**{**SMALL, "max_iter": 15}).fit(X, Y, sample_weight=weight)
    assert (model.predict(X) == "D").mean() < 0.01
    assert (model.predict(X) == Y)[CODES != 3].mean() > 0.9


def test_it_can_be_a_member_of_an_ensemble():
    member = AugmentedMLPClassifier(**SMALL)
    model = HierarchicalEnsembleClassifier(
        member, member, member, groups=["ABCDE", "FGHIJ"], confusables=["DJ"], cv=0.3
    )
    assert model.fit(X, Y).score(X, Y) > 0.9


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_iter": 0},
        {"learning_rate": "linear"},
        {"validation_fraction": 1.0},
        {"augmenter": 3},
        {"n_iter_no_change": 0},
    ],
)
def test_parameters_are_validated(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        AugmentedMLPClassifier(**wrong).fit(X, Y)


def test_features_may_return_data_frames():
    pytest.importorskip("pandas")
    plain = AugmentedMLPClassifier(**SMALL, features=StandardScaler()).fit(X, Y).predict_proba(X)
    with config_context(transform_output="pandas"):
        framed = AugmentedMLPClassifier(**SMALL, features=StandardScaler()).fit(X, Y).predict_proba(X)
    np.testing.assert_array_equal(framed, plain)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("n_classes", [2, 4])
def test_the_network_equals_one_that_partial_fit_trains(activation, n_classes, monkeypatch):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(130, 6)).astype(np.float32)
    y = rng.integers(0, n_classes, 130)
    settings = {"max_iter": 4, "batch_size": 20, "activation": activation, "random_state": 0, "average_last": 2}
    fitted = AugmentedMLPClassifier((9, 5), **settings).fit(X, y)
    monkeypatch.setattr(AugmentedMLPClassifier, "_can_continue", lambda self, features: False)
    expected = AugmentedMLPClassifier((9, 5), **settings).fit(X, y)
    for found, wanted in zip(
        [*fitted.mlp_.coefs_, *fitted.mlp_.intercepts_],
        [*expected.mlp_.coefs_, *expected.mlp_.intercepts_],
        strict=True,
    ):
        np.testing.assert_array_equal(found, wanted)
        assert found.dtype == wanted.dtype
    assert fitted.loss_curve_ == expected.loss_curve_
    state, wanted = vars(fitted.mlp_), vars(expected.mlp_)
    assert state.keys() == wanted.keys()
    for name in ("n_iter_", "t_", "loss_", "loss_curve_", "best_loss_", "_no_improvement_count"):
        assert state[name] == wanted[name]


def test_features_and_weights_that_are_not_finite_are_errors():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 3)), np.arange(60) % 3

    class BadLater:
        calls = 0

        def augment(self, rows, random_state):
            self.calls += 1
            return rows if self.calls == 1 else np.full_like(rows, np.nan)

    with pytest.raises(ValueError, match="NaN"):
        AugmentedMLPClassifier((4,), augmenter=BadLater(), max_iter=3).fit(X, y)
    with np.errstate(all="ignore"), pytest.raises(ValueError, match="finite"):
        AugmentedMLPClassifier((4,), max_iter=4, learning_rate_init=1e308).fit(X, y)
