import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ensemble_hwr import AugmentedMLPClassifier, Augmenter, MemberMLPClassifier
from ensemble_hwr.ensemble import epoch_callback
from ensemble_hwr.preprocessing import AugmentedClassifier

X = np.random.default_rng(0).random((60, 16))
Y = np.where(X[:, 0] > 0.5, "B", "P")


@pytest.mark.parametrize(
    ("member", "epochs"),
    [
        (MemberMLPClassifier((3,), max_iter=5, random_state=0), 5),
        (MemberMLPClassifier((3,), max_iter=5, early_stopping=True, random_state=0), 5),
        (MemberMLPClassifier((3,), max_iter=5, solver="lbfgs", random_state=0), 0),
        (AugmentedMLPClassifier((3,), max_iter=4, random_state=0), 4),
        (make_pipeline(StandardScaler(), MemberMLPClassifier((3,), max_iter=2, random_state=0)), 2),
        (
            AugmentedClassifier(
                MemberMLPClassifier((3,), max_iter=2, random_state=0), Augmenter(), copies=1, random_state=0
            ),
            2,
        ),
    ],
)
def test_every_epoch_is_told_and_changes_nothing(member, epochs):
    answers = []
    with epoch_callback(lambda network: answers.append(network.predict_proba(X[:1]) if member is network else None)):
        watched = member.fit(X, Y).predict_proba(X)
    assert len(answers) == epochs
    np.testing.assert_array_equal(watched, member.fit(X, Y).predict_proba(X))
    assert len(answers) == epochs


def test_what_the_watcher_raises_ends_the_fit():
    seen = []

    def watcher(network):
        seen.append(network.n_iter_)
        raise LookupError

    with pytest.raises(LookupError), epoch_callback(watcher):
        MemberMLPClassifier((3,), max_iter=50, random_state=0).fit(X, Y)
    assert seen == [1]
    MemberMLPClassifier((3,), max_iter=2, random_state=0).fit(X, Y)
    assert seen == [1]


def test_of_two_watchers_the_inner_one_is_told():
    outer, inner = [], []
    with epoch_callback(outer.append):
        with epoch_callback(inner.append):
            AugmentedMLPClassifier((3,), max_iter=1, random_state=0).fit(X, Y)
        AugmentedMLPClassifier((3,), max_iter=2, random_state=0).fit(X, Y)
    assert (len(outer), len(inner)) == (2, 1)
