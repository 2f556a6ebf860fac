"""What a member is asked in tuning."""

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline

from ensemble_hwr import GradientFeatures, MemberMLPClassifier
from ensemble_hwr.tuning._question import Letters, Part, Question, evaluate
from ensemble_hwr.tuning._score import loss_of


@pytest.mark.parametrize("trust", [1.0, None])
@pytest.mark.parametrize("nothing", [(0,), (1,), (0, 1)], ids=str)
def test_a_fold_may_send_a_member_nothing(letters, rows, nothing, trust):
    """The router may be sure of every letter of a fold: then the others tell how good the member is."""
    classes, codes = np.unique(letters.target, return_inverse=True)
    own = np.flatnonzero(codes < 2)
    prior = np.full((len(own) // 2, len(classes)), 1 / len(classes))
    folds = np.split(own, 2)
    sent = [0 if number in nothing else len(prior) for number in (0, 1)]
    parts = [Part(folds[number], folds[1 - number][: sent[number]], prior[: sent[number]]) for number in (0, 1)]
    told = []
    value = evaluate(
        make_pipeline(GradientFeatures(4, 3), MemberMLPClassifier((6,), max_iter=3)),
        Question("specialist:A/B", classes, np.array([0, 1]), parts, trust=trust),
        Letters(rows, letters.target),
        loss_of("log_loss"),
        seed=0,
        report=lambda fold, epoch, loss: told.append((fold, epoch, loss)),
    )
    assert value == told[-1][2]
    assert (value > 0) == (len(nothing) < 2)
    for fold in nothing:
        assert [loss for at, epoch, loss in told if at == fold and epoch is not None] == [None] * 3
