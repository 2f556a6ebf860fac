"""
From a photograph to 784 pixels
===============================

:class:`~ensemble_hwr.LetterNormalizer` turns pictures of any size, polarity and lighting into rows of 28 x 28 pixels.
"""

import matplotlib.pyplot as plt

from ensemble_hwr import LetterNormalizer, generate_letters

letters = generate_letters(
    7, letters="AEGKQRS", writers=7, random_state=3, format="pictures", size=(28, 90)
)

# Make some of the pictures harder: light on dark, and a shadow across the paper.
pictures = list(letters.data)
pictures[1] = 255 - pictures[1]
pictures[4] = (
    pictures[4]
    * [0.45 + 0.55 * x / pictures[4].shape[1] for x in range(pictures[4].shape[1])]
).astype("uint8")

rows = LetterNormalizer().fit_transform(pictures)
print(rows.shape, rows.min(), rows.max())

figure, panels = plt.subplots(2, 7, figsize=(9, 3), layout="constrained")
for picture, row, (above, below) in zip(pictures, rows, panels.T, strict=True):
    above.imshow(picture, cmap="gray", vmin=0, vmax=255)
    above.set_title(f"{picture.shape[1]} x {picture.shape[0]}")
    below.imshow(row.reshape(28, 28), cmap="gray_r")
    above.set_axis_off()
    below.set_axis_off()
figure.suptitle("Pictures, and the rows made of them")
