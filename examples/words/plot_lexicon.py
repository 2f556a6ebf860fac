"""
What a lexicon changes
======================

:class:`~ensemble_hwr.WordReader` reads any letters. With a lexicon it prefers words that are expected, and reads other
words only if they fit the picture much better.
"""

import matplotlib.pyplot as plt

from ensemble_hwr import WordReader, compose_words, generate_letters
from ensemble_hwr.reading import error_report

texts = ["COULD", "LETTER", "QUICK", "WINTER", "GARDEN", "OCTOBER", "READING", "MODEL"]
letters = generate_letters(26 * 30, writers=15, difficulty=1.8, random_state=5)
words = compose_words(letters, texts, gap=0.05, noise=0.6, random_state=0)
pictures = [word.picture for word in words]

free = WordReader().fit().predict_details(pictures)
guided = (
    WordReader(lexicon=[*texts, "CLOUD", "LATTER", "QUIET", "WINNER", "HARDEN"])
    .fit()
    .predict_details(pictures)
)

figure, panels = plt.subplots(2, 4, figsize=(9, 3.4), layout="constrained")
for axes, picture, text, one, other in zip(
    panels.flat, pictures, texts, free, guided, strict=True
):
    axes.imshow(picture, cmap="gray", vmin=0, vmax=255)
    axes.set_title(
        f"without: {one.text} ({one.confidence:.2f})\nwith: {other.text} ({other.confidence:.2f})",
        color="#3a9d6e" if one.text == text else "#e07b39",
        fontsize=9,
    )
    axes.set_axis_off()
figure.suptitle("Read without and with a lexicon (orange: wrong without)")

# %%
# The report attributes each error to a cause.

print("without:", error_report(texts, free))
print("with:   ", error_report(texts, guided))
