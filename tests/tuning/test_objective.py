"""Cross-validated losses of members, and the cache of their fits."""

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline

from ensemble_hwr import GradientFeatures, HierarchicalEnsembleClassifier, MemberMLPClassifier
from ensemble_hwr.ensemble.held_out import Member, MemberProblem
from ensemble_hwr.tuning import _objective
from ensemble_hwr.tuning._objective import (
    FoldRows,
    MemoryFitCache,
    Objective,
    TrainingData,
    cross_validate,
    loss_function,
    metric_name,
    metric_value,
)

LOG_LOSS = loss_function("neg_log_loss")


class Recorder:
    """A monitor that records all reports."""

    def __init__(self):
        self.reports = []

    def report(self, fold, epoch, loss):
        self.reports.append((fold, epoch, loss))


def problem(name, classes, columns):
    return MemberProblem.of_member(Member(name, name.partition(":")[0], np.asarray(columns), None), classes)


@pytest.mark.parametrize("trust", [1.0, None])
@pytest.mark.parametrize("empty", [(0,), (1,), (0, 1)], ids=str)
def test_a_fold_without_rows_to_evaluate_has_no_loss(letters, rows, empty, trust):
    """A member is applied to no row of a fold if the router is certain of all of them."""
    classes, codes = np.unique(letters.target, return_inverse=True)
    own = np.flatnonzero(codes < 2)
    prior = np.full((len(own) // 2, len(classes)), 1 / len(classes))
    parts = np.split(own, 2)
    n_valid = [0 if number in empty else len(prior) for number in (0, 1)]
    folds = [FoldRows(parts[i], parts[1 - i][: n_valid[i]], prior[: n_valid[i]]) for i in (0, 1)]
    monitor = Recorder()
    value = cross_validate(
        make_pipeline(GradientFeatures(4, 3), MemberMLPClassifier((6,), max_iter=3)),
        Objective(problem("specialist:A/B", classes, [0, 1]), folds, trust),
        TrainingData(rows, letters.target),
        LOG_LOSS,
        random_state=0,
        monitor=monitor,
    )
    assert value == monitor.reports[-1][2]
    assert (value > 0) == (len(empty) < 2)
    for fold in empty:
        assert [loss for at, epoch, loss in monitor.reports if at == fold and epoch is not None] == [None] * 3


def test_loss_is_the_weighted_log_loss_of_the_folds():
    X, y = load_iris(return_X_y=True)
    weight = np.random.default_rng(0).uniform(0.5, 2.0, len(y))
    order = np.random.default_rng(1).permutation(len(y))
    folds = [FoldRows(order[50:], order[:50]), FoldRows(order[:90], order[90:])]
    model = LogisticRegression(max_iter=500)
    objective = Objective(problem("all", np.unique(y), [0, 1, 2]), folds)
    monitor = Recorder()
    value = cross_validate(model, objective, TrainingData(X, y, weight), LOG_LOSS, random_state=0, monitor=monitor)
    losses = []
    for fold in folds:
        fitted = model.fit(X[fold.train], y[fold.train], weight[fold.train])
        predicted = fitted.predict_proba(X[fold.valid])
        losses.append(log_loss(y[fold.valid], predicted, sample_weight=weight[fold.valid]))
    assert value == pytest.approx(np.average(losses, weights=[50, 60]))
    assert [(fold, epoch) for fold, epoch, _ in monitor.reports] == [(0, None), (1, None)]


@pytest.mark.parametrize(
    ("scoring", "loss", "name", "value"),
    [("neg_log_loss", 0.25, "log-loss", 0.25), ("neg_brier_score", 0.25, "brier score", 0.25),
     ("balanced_accuracy", -0.75, "balanced accuracy", 0.75)],
)  # fmt: skip
def test_metrics_are_shown_without_the_sign_of_a_loss(scoring, loss, name, value):
    assert metric_name(scoring) == name
    assert metric_value(scoring, loss) == value


def test_trials_of_the_whole_ensemble_fit_a_member_once(monkeypatch):
    monkeypatch.setattr(_objective, "process_cache", MemoryFitCache())
    rng = np.random.default_rng(0)
    labels = np.repeat(list("ABCD"), 30)
    rows = rng.normal(size=(120, 5)) + np.repeat(np.arange(4), 30)[:, None]
    fold = np.arange(120) % 2
    folds = [FoldRows(np.flatnonzero(fold == i), np.flatnonzero(fold != i)) for i in (0, 1)]
    objective = Objective(problem("hierarchy", np.unique(labels), np.arange(4)), folds)
    mlp = MemberMLPClassifier((4,), max_iter=6, batch_size=8)
    whole = HierarchicalEnsembleClassifier(mlp, mlp, groups=["AB", "CD"], cv=2)

    def loss_and_epochs(ensemble, random_state=0):
        monitor = Recorder()
        data = TrainingData(rows, labels)
        loss = cross_validate(ensemble, objective, data, LOG_LOSS, random_state=random_state, monitor=monitor)
        return loss, sum(epoch is not None for _, epoch, _ in monitor.reports)

    first, epochs = loss_and_epochs(whole)
    assert epochs > 0
    assert loss_and_epochs(whole) == (first, 0)
    later, none = loss_and_epochs(whole.set_params(min_mass=0.5))
    assert none == 0
    assert loss_and_epochs(whole.set_params(specialist=MemberMLPClassifier((5,), max_iter=6, batch_size=8)))[1] > 0
    assert loss_and_epochs(whole, random_state=1)[1] > 0
    monkeypatch.setattr(_objective, "process_cache", MemoryFitCache())
    whole.set_params(specialist=mlp)
    assert loss_and_epochs(whole)[0] == later


def test_the_least_recently_used_fit_is_removed_first():
    cache = MemoryFitCache(max_bytes=2500)
    cache.put("a", "router", b"x" * 1000)
    cache.put("b", "router", b"x" * 1000)
    assert cache.get("a") is not None
    cache.put("c", "router", b"x" * 1000)
    assert cache.get("b") is None
    assert cache.get("a") == cache.get("c") == b"x" * 1000
    assert cache.n_bytes <= 2500
    cache.put("large", "router", b"x" * 9000)
    assert cache.get("large") is None
