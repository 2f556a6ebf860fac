"""
Sets of confusable letters
==========================

With `confusables="derived"` the sets of letters that the router confuses most each get an expert. Sets may overlap,
and they may contain letters of different groups.
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

letters = generate_letters(2600, writers=20, difficulty=2.0, random_state=0)
train, test = (
    letters.take(part) for part in split_letters(letters, 0.3, by="writer", random_state=0)
)
router = make_pipeline(
    GradientFeatures(grid=5), MemberMLPClassifier((30,), batch_size=50, max_iter=25)
)
expert = make_pipeline(
    GradientFeatures(grid=7), MemberMLPClassifier((20,), batch_size=16, max_iter=30)
)
model = HierarchicalEnsembleClassifier(
    router, expert, expert, confusables="derived", max_confusables=6, random_state=0
).fit(train.to_rows(), train.target)

# %%
# For each set: test letters of it that the router gets wrong.

rows, truth = test.to_rows(), test.target
routed = model.classes_[model.route(rows).argmax(axis=1)]
wrong = np.flatnonzero(routed != truth)
figure, panels = plt.subplots(
    len(model.confusables_), 8, figsize=(8, 6.6), layout="constrained"
)
for (name, members), line in zip(model.confusables_.items(), panels, strict=True):
    chosen = [i for i in wrong if truth[i] in members and routed[i] in members][:7]
    line[0].text(0.5, 0.6, name, ha="center", va="center", fontsize=14)
    line[0].text(
        0.5,
        0.25,
        f"trust {model.trust_['expert:' + name]:.2f}",
        ha="center",
        va="center",
        fontsize=8,
    )
    for axes, i in zip(line[1:], chosen, strict=False):
        axes.imshow(rows[i].reshape(28, 28), cmap="gray_r")
        axes.set_title(f"{truth[i]}, not {routed[i]}", fontsize=9)
    for axes in line:
        axes.set_axis_off()
figure.suptitle("Derived sets, the trust of their experts, and errors of the router")

# %%
# The experts in numbers:

print(f"router {np.mean(routed == truth):.3f}, hierarchy {model.score(rows, truth):.3f}")
