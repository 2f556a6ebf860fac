"""
Calibration
===========

Are 80 % of the predictions with probability 0.8 correct? A reliability diagram shows this.
With `calibration="temperature"` the ensemble scales its probabilities on out-of-fold predictions.
"""

# %%
# Networks that are trained for long without regularisation are overconfident on letters of other writers. The folds
# for calibration therefore keep the letters of a writer together.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import GroupKFold

from ensemble_hwr import (
    HierarchicalEnsembleClassifier,
    MemberMLPClassifier,
    generate_letters,
)
from ensemble_hwr.datasets import split_letters
from ensemble_hwr.evaluation import expected_calibration_error

letters = generate_letters(2600, writers=26, difficulty=2.0, random_state=0)
train, test = (
    letters.take(part) for part in split_letters(letters, 0.4, by="writer", random_state=0)
)
folds = list(GroupKFold(3).split(train.data, groups=train.writer))
member = MemberMLPClassifier((100,), batch_size=50, max_iter=40, alpha=1e-6)

figure, panels = plt.subplots(1, 2, figsize=(8.5, 4.2), sharey=True, layout="constrained")
edges = np.linspace(0, 1, 11)
for axes, calibration in zip(panels, [None, "temperature"], strict=True):
    model = HierarchicalEnsembleClassifier(
        member, member, calibration=calibration, cv=folds, random_state=0
    )
    probabilities = model.fit(train.to_rows(), train.target).predict_proba(test.to_rows())
    confidence = probabilities.max(axis=1)
    correct = model.classes_[probabilities.argmax(axis=1)] == test.target
    bins = np.digitize(confidence, edges[1:-1])
    filled = [b for b in range(10) if np.sum(bins == b) >= 10]
    axes.plot([0, 1], [0, 1], color="#8a8f98", ls="--", lw=1, label="perfect calibration")
    axes.bar(
        (edges[:-1] + 0.05)[filled],
        [correct[bins == b].mean() for b in filled],
        0.085,
        color="#3f82c9",
        alpha=0.75,
    )
    error = expected_calibration_error(test.target, probabilities, model.classes_)
    axes.set_title(
        f"calibration={calibration!r}\nECE {error:.3f}, temperature {model.temperature_:.2f}"
    )
    axes.set_xlabel("probability of the predicted letter")
panels[0].set_ylabel("share of correct predictions")
panels[0].legend(loc="upper left")

# %%
# The predicted letters are the same; only the probabilities change.
