"""
Compose words and pages
=======================

:func:`~ensemble_hwr.compose_words` writes texts with the letters of a data set. The position of every letter is
known, so composed pictures can be used to train and to evaluate readers.
"""

import matplotlib.pyplot as plt

from ensemble_hwr import compose_words, generate_letters

letters = generate_letters(26 * 20, writers=10, random_state=0)
settings = {
    "apart": {"gap": 0.3},
    "touching": {"gap": 0.0, "touching": 1.0},
    "slanted": {"gap": 0.2, "slant": 0.5},
    "uneven": {"gap": 0.2, "baseline": 0.15},
    "photograph": {"gap": 0.2, "noise": 1.0},
    "climbing": {"gap": 0.2, "rotation": 0.12},
}

figure, panels = plt.subplots(2, 3, figsize=(9, 3.4), layout="constrained")
for axes, (name, values) in zip(panels.flat, settings.items(), strict=True):
    word = compose_words(letters, ["WRITTEN"], random_state=4, **values)[0]
    axes.imshow(word.picture, cmap="gray", vmin=0, vmax=255)
    for letter in word.letters:
        box = letter.box
        frame = plt.Rectangle(
            box[:2], box.width, box.height, fill=False, edgecolor="#e07b39"
        )
        axes.add_patch(frame)
    axes.set_title(name)
    axes.set_axis_off()

# %%
# A text with spaces and line breaks becomes a page.

page = compose_words(
    letters,
    ["DEAR READER\nTHIS PAGE WAS\nNEVER WRITTEN"],
    gap=0.2,
    noise=0.5,
    random_state=1,
)[0]
figure, axes = plt.subplots(figsize=(6, 3.2), layout="constrained")
axes.imshow(page.picture, cmap="gray", vmin=0, vmax=255)
axes.set_axis_off()
print([line.text for line in page.lines])
