"""
Split a word into letters
=========================

:class:`~ensemble_hwr.WordSegmenter` cuts a word at its gaps and splits letters that touch.
"""

import matplotlib.pyplot as plt

from ensemble_hwr import WordSegmenter, compose_words, generate_letters

letters = generate_letters(26 * 20, writers=10, random_state=0)
word = compose_words(
    letters, ["SEGMENT"], gap=0.08, slant=0.25, noise=0.4, height=48, random_state=2
)[0]
found = WordSegmenter().segment(word.picture)
print(found)

# %%
# The letters found, each upright and without its neighbours.

figure = plt.figure(figsize=(9, 3.6), layout="constrained")
above, below = figure.subfigures(2, 1, height_ratios=[3, 2])
axes = above.subplots()
axes.imshow(word.picture, cmap="gray", vmin=0, vmax=255)
for number, box in enumerate(found.boxes):
    colour = "#e07b39" if number % 2 else "#3f82c9"
    frame = plt.Rectangle(box[:2], box.width, box.height, fill=False, edgecolor=colour)
    axes.add_patch(frame)
axes.set_title("Picture and boxes")
axes.set_axis_off()
for axes, ink in zip(below.subplots(1, len(found.letters)), found.letters, strict=True):
    axes.imshow(ink, cmap="gray_r")
    axes.set_axis_off()

# %%
# `WordReader` does not use a single segmentation. :func:`~ensemble_hwr.segmentation.cut_word` cuts at every possible
# boundary of letters; runs of neighbouring pieces are the candidates, from which the reader selects.

import numpy as np

from ensemble_hwr.segmentation import cut_word

lattice = cut_word(word.picture)
print(f"{lattice.n_pieces} pieces, {len(lattice.candidates)} candidates")
colours = np.array(["#3f82c9", "#e07b39", "#3a9d6e", "#9268cc"])
figure, axes = plt.subplots(figsize=(9, 2.2), layout="constrained")
for piece in range(lattice.n_pieces):
    y, x = np.nonzero(lattice.pieces == piece)
    axes.scatter(x, y, s=3, marker="s", color=colours[piece % 4])
axes.set_aspect("equal")
axes.invert_yaxis()
axes.set_title("Pieces of the word, set upright")
axes.set_axis_off()
