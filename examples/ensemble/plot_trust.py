"""
How trust is chosen
===================

The trust of a member is its weight in the logarithmic opinion pool with the router. It is the weight with the lowest
log-loss on out-of-fold predictions, a convex problem with one solution.
"""

# %%
# Here a weak router is combined with a specialist for each group of digits. With `trust="learned"`, the default, each
# weight is determined on folds.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier

from ensemble_hwr import HierarchicalEnsembleClassifier

X, y = load_digits(return_X_y=True)
X = X / 16 + np.random.default_rng(0).normal(
    scale=0.3, size=X.shape
)  # noise makes the task harder
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.4, random_state=0)


def hierarchy(trust):
    return HierarchicalEnsembleClassifier(
        LogisticRegression(max_iter=1000),
        KNeighborsClassifier(15),
        groups=[[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]],
        min_mass=0,
        confidence_threshold=1,
        trust=trust,
        cv=10,
        random_state=0,
    )


learned = hierarchy("learned").fit(X_train, y_train)
print(learned.trust_)

# %%
# For comparison, the same trust for both specialists, from 0 (the router alone) to 1 (the specialists alone within
# their groups). The learned trusts were chosen without the test samples and retain most of the improvement. They are a little
# low, since members of the folds are fitted on fewer samples than the final members.

weights = np.linspace(0, 1, 11)
losses = [
    log_loss(y_test, hierarchy(float(weight)).fit(X_train, y_train).predict_proba(X_test))
    for weight in weights
]
figure, axes = plt.subplots(figsize=(7, 3.8), layout="constrained")
axes.plot(weights, losses, "o-", label="the same trust for both specialists")
axes.axhline(
    log_loss(y_test, learned.predict_proba(X_test)),
    color="#e07b39",
    ls="--",
    label="log-loss with the learned trusts",
)
for number, trust in enumerate(learned.trust_.values()):
    axes.axvline(
        trust, color="#e07b39", lw=1, ls=":", label=None if number else "learned trusts"
    )
axes.set_xlabel("trust")
axes.set_ylabel("log-loss on test samples")
axes.set_title("Trust in the specialists")
axes.legend(loc="upper center", frameon=True, framealpha=1)
