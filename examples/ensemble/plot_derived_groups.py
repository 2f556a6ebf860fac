"""
Groups derived from confusions
==============================

Alphabetical batches separate letters that are often confused, such as D and O. With `groups="derived"` the groups are
built from the router's out-of-fold confusions.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline

from ensemble_hwr import (
    GradientFeatures,
    HierarchicalEnsembleClassifier,
    MemberMLPClassifier,
    generate_letters,
)

letters = generate_letters(2080, writers=20, difficulty=2.0, random_state=0)
rows, labels = letters.to_rows(), letters.target
router = make_pipeline(
    GradientFeatures(grid=5), MemberMLPClassifier((30,), batch_size=50, max_iter=25)
)
router.set_params(membermlpclassifier__random_state=0)

# %%
# The same confusions, in alphabetical order and in the order of the derived groups. A frame is a group: confusions
# inside of it can be corrected by a specialist.

model = HierarchicalEnsembleClassifier(
    router, router, groups="derived", random_state=0
).fit(rows, labels)
for name, classes in model.groups_.items():
    print(f"{name:12}", " ".join(classes))

probabilities = cross_val_predict(router, rows, labels, cv=3, method="predict_proba")
confusion = np.array([probabilities[labels == c].mean(axis=0) for c in model.classes_])
np.fill_diagonal(confusion, 0)
batches = [
    list("ABCDE"),
    list("FGHI"),
    list("JKLMN"),
    list("OPQR"),
    list("STUV"),
    list("WXYZ"),
]

figure, panels = plt.subplots(1, 2, figsize=(9, 4.7), layout="constrained")
for axes, title, groups in zip(
    panels, ["batches", "derived"], [batches, list(model.groups_.values())], strict=True
):
    order = np.concatenate([np.searchsorted(model.classes_, group) for group in groups])
    axes.imshow(confusion[np.ix_(order, order)] ** 0.5, cmap="Blues")
    start, inside = -0.5, 0.0
    for group in groups:
        axes.add_patch(
            plt.Rectangle(
                (start, start),
                len(group),
                len(group),
                fill=False,
                edgecolor="#e07b39",
                lw=1.5,
            )
        )
        start += len(group)
        members = np.searchsorted(model.classes_, group)
        inside += confusion[np.ix_(members, members)].sum()
    axes.set_title(
        f'groups="{title}": {inside / confusion.sum():.0%} of the confusions inside'
    )
    axes.set_xticks(range(26), model.classes_[order], fontsize=7)
    axes.set_yticks(range(26), model.classes_[order], fontsize=7)
    axes.tick_params(length=0)
