"""Members of a whole are fitted once, and what comes of it is the same as if they had been fitted again."""

import numpy as np

from ensemble_hwr import HierarchicalEnsembleClassifier, MemberMLPClassifier
from ensemble_hwr.tuning import _question
from ensemble_hwr.tuning._memory import Memory
from ensemble_hwr.tuning._question import Letters, Part, Question, evaluate
from ensemble_hwr.tuning._score import loss_of


def test_a_trial_of_the_whole_fits_only_what_no_trial_has_fitted_before(monkeypatch):
    monkeypatch.setattr(_question, "of_this_process", Memory())
    rng = np.random.default_rng(0)
    labels = np.repeat(list("ABCD"), 30)
    rows = rng.normal(size=(120, 5)) + np.repeat(np.arange(4), 30)[:, None]
    fold = np.arange(120) % 2
    parts = [Part(np.flatnonzero(fold == i), np.flatnonzero(fold != i)) for i in (0, 1)]
    question = Question("hierarchy", np.unique(labels), np.arange(4), parts)
    mlp = MemberMLPClassifier((4,), max_iter=6, batch_size=8)
    whole = HierarchicalEnsembleClassifier(mlp, mlp, groups=["AB", "CD"], cv=2)
    told = []

    def loss_and_epochs(ensemble, seed=0):
        told.clear()
        report = lambda fold, epoch, loss: told.append(epoch)  # noqa: E731
        loss = evaluate(ensemble, question, Letters(rows, labels), loss_of("log_loss"), seed=seed, report=report)
        return loss, sum(epoch is not None for epoch in told)

    first, epochs = loss_and_epochs(whole)
    assert epochs > 0
    assert loss_and_epochs(whole) == (first, 0)
    later, none = loss_and_epochs(whole.set_params(min_mass=0.5))
    assert none == 0
    assert loss_and_epochs(whole.set_params(specialist=MemberMLPClassifier((5,), max_iter=6, batch_size=8)))[1] > 0
    assert loss_and_epochs(whole, seed=1)[1] > 0
    monkeypatch.setattr(_question, "of_this_process", Memory())
    whole.set_params(specialist=mlp)
    assert loss_and_epochs(whole)[0] == later


def test_the_least_recently_used_makes_room():
    memory = Memory(most=2500)
    memory.put("a", "router", b"x" * 1000)
    memory.put("b", "router", b"x" * 1000)
    assert memory.get("a") is not None
    memory.put("c", "router", b"x" * 1000)
    assert memory.get("b") is None
    assert memory.get("a") == memory.get("c") == b"x" * 1000
    assert memory.n_bytes <= 2500
    memory.put("huge", "router", b"x" * 9000)
    assert memory.get("huge") is None
