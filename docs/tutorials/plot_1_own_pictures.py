"""
A classifier for your own pictures
==================================

You have 3,000 pictures in folders, one folder per class, and some of the classes are not letters. This tutorial trains
a classifier on them, compares alternatives, tunes it, saves it and uses it in a program.
"""

# %%
# The pictures
# ------------
#
# Here the pictures are made first: twelve letters from the generator, and four signs drawn with Pillow. With your own
# pictures, skip this step.

from pathlib import Path
from tempfile import mkdtemp

import numpy as np
from PIL import Image, ImageDraw

from ensemble_hwr import generate_letters

folder = Path(mkdtemp(), "pictures")
letters = generate_letters(
    12 * 188,
    letters="ABDEHKLMPRSX",
    writers=47,
    format="pictures",
    difficulty=1.6,
    random_state=0,
)
for number, (picture, label) in enumerate(zip(letters.data, letters.target, strict=True)):
    path = folder / label / f"{number:04}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(path)

rng = np.random.default_rng(0)
SIGNS = {
    "check": [[(0.1, 0.55), (0.4, 0.9), (0.95, 0.1)]],
    "arrow": [[(0.05, 0.5), (0.95, 0.5)], [(0.65, 0.2), (0.95, 0.5), (0.65, 0.8)]],
    "hash": [
        [(0.35, 0.05), (0.25, 0.95)],
        [(0.75, 0.05), (0.65, 0.95)],
        [(0.05, 0.35), (0.95, 0.3)],
        [(0.05, 0.7), (0.95, 0.65)],
    ],
    "star": [
        [(0.5, 0.05), (0.75, 0.95), (0.05, 0.4), (0.95, 0.4), (0.25, 0.95), (0.5, 0.05)]
    ],
}


def draw_sign(strokes):
    """Draw a sign with a random size, pen, slant and tremor."""
    side, pen, slant = rng.integers(40, 90), rng.integers(2, 6), rng.uniform(-0.35, 0.35)
    picture = Image.new("L", (2 * side, 2 * side), int(rng.integers(200, 256)))
    for stroke in strokes:
        points = np.array(stroke) + rng.normal(scale=0.07, size=(len(stroke), 2))
        points[:, 0] += slant * (0.5 - points[:, 1])
        ImageDraw.Draw(picture).line(
            [*(side * (points + 0.5)).ravel()],
            fill=int(rng.integers(0, 90)),
            width=int(pen),
        )
    return picture


for label, strokes in SIGNS.items():
    (folder / label).mkdir()
    for number in range(186):
        draw_sign(strokes).save(folder / label / f"{number:04}.png")

# %%
# Load and split
# --------------
#
# :func:`~ensemble_hwr.datasets.load_folder` takes the names of the folders as labels.
# :class:`~ensemble_hwr.LetterNormalizer` makes a row of 784 pixels of each picture.

import matplotlib.pyplot as plt

from ensemble_hwr import LetterNormalizer
from ensemble_hwr.datasets import load_folder, split_letters

pictures = load_folder(folder)
print(pictures)
rows = LetterNormalizer().fit_transform(pictures.data)
train, test = split_letters(pictures, 0.3, random_state=0)

figure, panels = plt.subplots(2, 8, figsize=(9, 2.6), layout="constrained")
for axes, label in zip(panels.flat, sorted(set(pictures.target)), strict=True):
    first = np.flatnonzero(pictures.target == label)[2]
    axes.imshow(rows[first].reshape(28, 28), cmap="gray_r")
    axes.set_title(label)
    axes.set_axis_off()

# %%
# The split is random, so letters of one writer are in both parts. If you know the writers of your pictures, use
# :func:`~ensemble_hwr.datasets.load_index` and ``split_letters(..., by="writer")``: accuracy on unseen writers is
# lower, and it is what to expect in use.
#
# Train
# -----
#
# A small hierarchy. Groups and confusable sets are derived from the data, since the classes are not the alphabet.

from sklearn.pipeline import make_pipeline

from ensemble_hwr import (
    GradientFeatures,
    HierarchicalEnsembleClassifier,
    MemberMLPClassifier,
)

coarse, fine = GradientFeatures(grid=5), GradientFeatures(grid=7)


def network(view, units, batch_size):
    return make_pipeline(
        view, MemberMLPClassifier((units,), batch_size=batch_size, max_iter=30)
    )


hierarchy = HierarchicalEnsembleClassifier(
    network(coarse, 40, 50),
    network(fine, 20, 16),
    network(fine, 20, 16),
    groups="derived",
    confusables="derived",
    max_confusables=4,
    random_state=0,
)
hierarchy.fit(rows[train], pictures.target[train])
print("groups:", list(hierarchy.groups_))
print("confusable sets:", list(hierarchy.confusables_))
print(f"accuracy: {hierarchy.score(rows[test], pictures.target[test]):.3f}")

# %%
# Compare
# -------
#
# Is the hierarchy better than one network with as many parameters (`flat`), or than three averaged networks
# (`committee`)? `compare` fits each with two random states; the verdict is based on paired tests.

from textwrap import fill

from ensemble_hwr import compare
from ensemble_hwr.evaluation import FrontierDisplay, standard_contenders, summarise

standard = standard_contenders(hierarchy, views=[coarse, fine])
contenders = {
    name: standard[name] for name in ("flat", "committee", "top_down", "hierarchical")
}
result = compare(contenders, rows, pictures.target, split=(train, test), seeds=[0, 1])
print(fill(summarise(result)["verdict"], 84))

display = FrontierDisplay.from_comparison(result)
display.figure_.set_size_inches(7.5, 4)

# %%
# Tune
# ----
#
# The differences are small, so choose the simplest model: one network. :class:`~ensemble_hwr.TunedClassifier`
# searches its parameters by cross-validation on the training part.

from ensemble_hwr import TunedClassifier

tuned = TunedClassifier(
    network(fine, 60, 50),
    {
        "gradientfeatures__grid": [5, 7, 9],
        "membermlpclassifier__alpha": {"low": 1e-5, "high": 1.0, "log": True},
        "membermlpclassifier__hidden_layer_sizes": {
            "n": [1, 1],
            "width": {"low": 30, "high": 150, "log": True},
        },
    },
    n_trials=12,
    cv=2,
    random_state=0,
)
tuned.fit(rows[train], pictures.target[train])
print(tuned.best_params_)
print(f"accuracy: {tuned.score(rows[test], pictures.target[test]):.3f}")

# %%
# Save and load
# -------------
#
# With the normalizer in front, the model takes pictures. The file contains numbers and the names of known types, and
# no code.

from ensemble_hwr import load_model, save_model

model = make_pipeline(LetterNormalizer(), tuned.best_estimator_)
path = save_model(
    model,
    folder.parent / "signs.model",
    metadata={"trained_on": {"tutorial pictures": len(train)}},
)
print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")

# %%
# In a program
# ------------
#
# A program needs the file and three lines.

reader = load_model(path)
for label in ("K", "star"):
    picture = folder / label / sorted(file.name for file in (folder / label).iterdir())[0]
    probabilities = reader.predict_proba([picture])[0]
    print(
        picture.parent.name,
        "->",
        reader.predict([picture])[0],
        f"({probabilities.max():.2f})",
    )

# %%
# On the command line, ``ensemble-hwr letters scans/ --model signs.model`` does the same for all pictures in a folder,
# and ``ensemble-hwr compare folder.toml --data pictures`` runs the comparison with a report in HTML.
