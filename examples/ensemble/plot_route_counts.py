"""
How many samples does each member process?
==========================================

A member is applied only to samples for which the leading class of its set has less than `confidence_threshold` of the
set's probability. :meth:`~ensemble_hwr.HierarchicalEnsembleClassifier.route_counts` counts these samples.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.pipeline import make_pipeline

from ensemble_hwr import (
    GradientFeatures,
    HierarchicalEnsembleClassifier,
    MemberMLPClassifier,
    generate_letters,
)
from ensemble_hwr.datasets import split_letters

letters = generate_letters(2600, writers=20, difficulty=1.3, random_state=1)
train, test = (
    letters.take(part) for part in split_letters(letters, 0.3, by="writer", random_state=0)
)
member = make_pipeline(
    GradientFeatures(), MemberMLPClassifier((20,), batch_size=16, max_iter=30)
)
router = make_pipeline(
    GradientFeatures(grid=5), MemberMLPClassifier((40,), batch_size=50, max_iter=30)
)
model = HierarchicalEnsembleClassifier(
    router, member, member, confusables=["BP", "DO", "UVW"], random_state=0
)
model.fit(train.to_rows(), train.target)

# %%
# The threshold can be changed after fitting.

thresholds = [0.5, 0.9, 0.99, 0.999, 1.0]
counts, accuracies = [], []
for threshold in thresholds:
    model.set_params(confidence_threshold=threshold)
    counts.append(model.route_counts(test.to_rows()))
    accuracies.append(model.score(test.to_rows(), test.target))

names = [name for name in counts[0] if name != "router" and counts[-1][name]]
shares = np.array([[count[name] for count in counts] for name in names]) / len(test.target)
figure, axes = plt.subplots(figsize=(8, 4), layout="constrained")
image = axes.imshow(100 * shares, cmap="Blues", aspect="auto", vmin=0)
axes.set_xticks(
    range(5),
    [f"{t}\naccuracy {a:.3f}" for t, a in zip(thresholds, accuracies, strict=True)],
)
axes.set_yticks(range(len(names)), names)
axes.set_xlabel("confidence_threshold")
axes.set_title("Test letters processed by each member")
figure.colorbar(image, label="% of the test letters")

# %%
# Members whose trust is 0 are never applied and are left out of the picture.

print({name: round(trust, 2) for name, trust in model.trust_.items()})
