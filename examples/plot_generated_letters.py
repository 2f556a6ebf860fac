"""Handwriting without a download.

Twelve made-up writers write the alphabet. Each line is one hand: its slant, its pen, its own way to write an A.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from ensemble_hwr.datasets.handwriting import WriterStyle, generate_letters, letter_strokes

# %%
# Letters with labels and writers, as a classifier takes them: 28x28 pixels a row.

WRITERS = 12
letters = generate_letters(26 * WRITERS, writers=WRITERS, random_state=0)
order = np.lexsort((letters.target, letters.writer))
lines = letters.data[order].reshape(WRITERS, 26, 28, 28)
sheet = lines.transpose(0, 2, 1, 3).reshape(WRITERS * 28, 26 * 28)

figure, (left, right) = plt.subplots(1, 2, figsize=(13, 4), width_ratios=[3, 1], layout="constrained")
left.imshow(255 - sheet, cmap="gray")
left.set_axis_off()

# %%
# The path of the pen itself: a stroke is an array of points (x, y, pressure).

strokes = letter_strokes("A", WriterStyle.random(5), random_state=1)
for number, stroke in enumerate(strokes, start=1):
    right.scatter(stroke[:, 0], stroke[:, 1], s=40 * stroke[:, 2], label=f"stroke {number}")
right.set_aspect("equal")
right.invert_yaxis()
right.legend()

path = Path("generated_letters.png")
figure.savefig(path, dpi=150)
print(f"wrote {path.resolve()}")
