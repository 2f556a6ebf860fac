"""
Explain a prediction
====================

:meth:`~ensemble_hwr.HierarchicalEnsembleClassifier.explain` records what the router predicted for a letter, what each
member changed, and the result.
"""

# %%
# Fit a small hierarchy: a router, a specialist for each batch of the alphabet, and experts for three sets of similar
# letters. The letters of the test part are from other writers.

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

letters = generate_letters(2600, writers=20, difficulty=1.5, random_state=0)
train, test = (
    letters.take(part) for part in split_letters(letters, 0.25, by="writer", random_state=0)
)


def network(units, batch_size, grid):
    return make_pipeline(
        GradientFeatures(grid=grid),
        MemberMLPClassifier((units,), batch_size=batch_size, max_iter=30),
    )


model = HierarchicalEnsembleClassifier(
    network(40, 50, grid=5),
    network(20, 16, grid=7),
    network(20, 16, grid=7),
    confusables=["BP", "DO", "UVW"],
    random_state=0,
)
model.fit(train.to_rows(), train.target)

# %%
# Find test letters that the router gets wrong and the hierarchy gets right. `print` gives the explanation as text.

rows = test.to_rows()
corrected = np.flatnonzero(model.classes_[model.route(rows).argmax(axis=1)] != test.target)
corrected = corrected[model.predict(rows[corrected]) == test.target[corrected]][:3]
explanation = model.explain(rows[corrected])
print(explanation)

# %%
# The same as a picture: the router's probabilities, and those after all members have been applied.

figure, panels = plt.subplots(
    3, 2, figsize=(8, 5.5), width_ratios=[1, 4], layout="constrained"
)
for i, (picture, bars) in enumerate(panels):
    picture.imshow(rows[corrected[i]].reshape(28, 28), cmap="gray_r")
    picture.set_title(f"label: {test.target[corrected[i]]}")
    picture.set_axis_off()
    before, after = explanation.router[i], explanation.result[i]
    top = np.argsort(-np.maximum(before, after))[:6]
    places = np.arange(6)
    bars.bar(places - 0.2, before[top], 0.4, color="#8a8f98", label="router")
    bars.bar(places + 0.2, after[top], 0.4, color="#3f82c9", label="result")
    bars.set_xticks(places, explanation.classes[top])
    bars.set_ylim(0, 1)
    bars.set_ylabel("probability")
panels[0, 1].legend()
figure.suptitle("Three predictions that the members corrected")
