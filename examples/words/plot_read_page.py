"""
Read a page
===========

:class:`~ensemble_hwr.PageReader` finds the lines and words of a page and reads them. The result has the box, the
probability and the alternatives of every word and letter.
"""

import matplotlib.pyplot as plt

from ensemble_hwr import PageReader, WordReader, compose_words, generate_letters

text = "WE MEET AT NOON\nBRING THE MAP\nAND SOME BREAD"
letters = generate_letters(26 * 30, writers=15, random_state=2)
page = compose_words(
    letters, [text], gap=0.12, noise=0.6, rotation=0.03, height=36, random_state=3
)[0]

lexicon = [*text.split(), "MEAT", "AS", "THIN", "MOP", "BROAD", "NOW", "RING"]
reader = PageReader(WordReader(lexicon=lexicon)).fit()
found = reader.read(page.picture)
print(found.text)

# %%
# Words with their boxes and probabilities.

figure, axes = plt.subplots(figsize=(8, 3.6), layout="constrained")
axes.imshow(page.picture, cmap="gray", vmin=0, vmax=255)
for line in found.lines:
    for word in line.words:
        box = word.box
        frame = plt.Rectangle(
            box[:2], box.width, box.height, fill=False, edgecolor="#2f6fb3"
        )
        axes.add_patch(frame)
        label = {"facecolor": "#2f6fb3", "edgecolor": "none", "pad": 1.5}
        text = f"{word.text} {word.confidence:.2f}"
        axes.text(box.left, box.top - 4, text, color="whitesmoke", size=8, bbox=label)
axes.set_axis_off()

# %%
# :func:`~ensemble_hwr.reading.to_hocr` and :func:`~ensemble_hwr.reading.to_alto` write standard formats,
# `to_json` writes JSON.

print(found.to_json()[:300], "...")
