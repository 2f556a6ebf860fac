"""What a member is asked in tuning."""

import numpy as np
from sklearn.pipeline import make_pipeline

from ensemble_hwr import MLP, GradientFeatures
from ensemble_hwr.tuning._question import Letters, Part, Question, evaluate
from ensemble_hwr.tuning._score import loss_of


def test_a_fold_may_send_a_member_nothing(letters, rows):
    """The router may be sure of every letter of a fold: then the others tell how good the member is."""
    classes, codes = np.unique(letters.target, return_inverse=True)
    own = np.flatnonzero(codes < 2)
    fit, judge = np.split(own, 2)
    prior = np.full((len(judge), len(classes)), 1 / len(classes))
    parts = [Part(fit, judge, prior), Part(judge, fit[:0], prior[:0])]
    told = []
    value = evaluate(
        make_pipeline(GradientFeatures(4, 3), MLP((6,), max_iter=3)),
        Question("specialist:A/B", classes, np.array([0, 1]), parts, trust=1.0),
        Letters(rows, letters.target),
        loss_of("log_loss"),
        seed=0,
        report=lambda fold, epoch, loss: told.append((fold, epoch, loss)),
    )
    assert np.isfinite(value)
    assert value == told[-1][2]
    assert [loss for fold, epoch, loss in told if fold == 1 and epoch is not None] == [None] * 3
