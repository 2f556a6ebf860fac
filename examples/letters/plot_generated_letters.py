"""
Generate handwritten letters
============================

:func:`~ensemble_hwr.generate_letters` draws letters of simulated writers. Each writer has a slant, a pen and a
preferred form of each letter, so that data can be split by writer as with real handwriting.
"""

# %%
# One row per writer. A letter is a row of 784 pixels, with its label and its writer.

import matplotlib.pyplot as plt
import numpy as np

from ensemble_hwr import generate_letters

letters = generate_letters(26 * 8, writers=8, random_state=0)
order = np.lexsort((letters.target, letters.writer))
sheet = letters.data[order].reshape(8, 26, 28, 28).swapaxes(1, 2).reshape(8 * 28, 26 * 28)

figure, axes = plt.subplots(figsize=(9, 2.9), layout="constrained")
axes.imshow(sheet, cmap="gray_r")
axes.set_title("Eight simulated writers")
axes.set_axis_off()

# %%
# `letter_strokes` gives the path of the pen: each stroke is an array of points (x, y, pressure).

from ensemble_hwr.datasets.handwriting import WriterStyle, letter_strokes

figure, panels = plt.subplots(1, 5, figsize=(9, 2.2), layout="constrained")
for axes, letter in zip(panels, "ABKRW", strict=True):
    for x, y, pressure in (
        stroke.T for stroke in letter_strokes(letter, WriterStyle.random(5), random_state=1)
    ):
        axes.scatter(x, y, s=30 * pressure)
    axes.set_aspect("equal")
    axes.invert_yaxis()
    axes.set_axis_off()
figure.suptitle("The strokes of five letters, one colour per stroke")
