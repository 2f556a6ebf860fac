"""
Photographs of words and notes to text
======================================

This tutorial reads photographs of hand-printed words and of a note, writes the result as JSON and hOCR, and sorts the
errors by cause. The photographs are composed from generated letters, with shadows and noise, so the true text is known.
"""

# %%
# The photographs
# ---------------

import matplotlib.pyplot as plt
import numpy as np

from ensemble_hwr import compose_words, generate_letters

WORDS = """
ABOUT AFTER AGAIN BASKET BEFORE BREAD BRING BUTTER CANDLE CHEESE CLOSE COFFEE DINNER DOOR EIGHT EVENING FLOUR
FRIDAY GARDEN HONEY KEYS KITCHEN LEAVE LEMON LETTER MARKET MILK MONDAY MORNING NEEDLE ORANGE PAPER PEPPER PLEASE
POTATO QUICK RETURN SALT SEVEN SUGAR SUNDAY TEA THE TOMATO WATER WINDOW WRITE YEAST AND AT BY IN OF ON TO
"""
LEXICON = WORDS.split()

letters = generate_letters(26 * 40, writers=20, difficulty=1.7, random_state=7)
texts = [
    "MARKET",
    "BUTTER",
    "QUICK",
    "NEEDLE",
    "FRIDAY",
    "YEAST",
    "POTATO",
    "WINDOW",
    "HONEY",
]


def photograph(picture, seed):
    """Add a shadow and a spot of light to a picture of white paper."""
    height, width = picture.shape
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    rng = np.random.default_rng(seed)
    light = 0.55 + 0.35 * np.exp(
        -(((x - rng.uniform()) ** 2 + (y - rng.uniform()) ** 2) / 0.4)
    )
    light -= 0.15 / (
        1 + np.exp(-(x + rng.uniform(-0.4, 0.4) * y - rng.uniform(0.3, 0.8)) * 30)
    )
    return np.clip(picture * light, 0, 255).astype(np.uint8)


words = compose_words(
    letters, texts, gap=(0.0, 0.15), noise=0.7, slant=(0, 0.3), height=36, random_state=1
)
pictures = [photograph(word.picture, seed) for seed, word in enumerate(words)]

figure, panels = plt.subplots(3, 3, figsize=(9, 4), layout="constrained")
for axes, picture in zip(panels.flat, pictures, strict=True):
    axes.imshow(picture, cmap="gray", vmin=0, vmax=255)
    axes.set_axis_off()

# %%
# Read words
# ----------
#
# :class:`~ensemble_hwr.WordReader` with the shipped models needs no training. It takes paths, arrays and PIL images.

from ensemble_hwr import WordReader

reader = WordReader().fit()
found = reader.predict_details(pictures)
for text, word in zip(texts, found, strict=True):
    others = ", ".join(
        f"{other} {probability:.2f}" for other, probability in word.alternatives[:2]
    )
    print(f"{text:8} read as {word.text:8} ({word.confidence:.2f}), alternatives: {others}")

# %%
# A lexicon of expected words helps most. Other words can still be read: `oov_rate` is the share of words that are
# expected to be out of vocabulary.

guided = WordReader(lexicon=LEXICON, oov_rate=0.01).fit()
with_lexicon = guided.predict_details(pictures)
print("with the lexicon:", [word.text for word in with_lexicon])

# %%
# Errors by cause
# ---------------
#
# :func:`~ensemble_hwr.reading.error_report` attributes each wrong word to a cause: letters that were not separated,
# letters that were split, letters that were confused, or the lexicon. More words give a more reliable report.

from ensemble_hwr.reading import error_report

rng = np.random.default_rng(3)
many = [LEXICON[i] for i in rng.integers(0, len(LEXICON), 60)]
composed = compose_words(
    letters, many, gap=(0.0, 0.15), noise=0.7, slant=(0, 0.3), height=36, random_state=2
)
photographs = [photograph(word.picture, seed) for seed, word in enumerate(composed)]

reports = {
    "no lexicon": error_report(many, reader.predict_details(photographs)),
    "lexicon": error_report(many, guided.predict_details(photographs)),
}
for name, report in reports.items():
    print(f"{name}: {report}")
print(
    f"character error rate: {reader.character_error_rate(photographs, many):.3f} without, "
    f"{guided.character_error_rate(photographs, many):.3f} with the lexicon"
)

causes = {
    "missed cut": "missed_cuts",
    "extra cut": "extra_cuts",
    "letter": "letters",
    "lexicon": "lexicon",
}
figure, axes = plt.subplots(figsize=(7, 3.2), layout="constrained")
for offset, (name, report) in zip((-0.2, 0.2), reports.items(), strict=True):
    counts = [getattr(report, attribute) for attribute in causes.values()]
    axes.bar(
        np.arange(4) + offset,
        counts,
        0.4,
        label=f"{name}: {report.n_right} of {report.n_words} words right",
    )
axes.set_xticks(range(4), causes)
axes.set(ylabel="wrong words", title="Errors by cause")
axes.legend()

# %%
# Read a note
# -----------
#
# :class:`~ensemble_hwr.PageReader` levels a page and finds its lines and words.

from ensemble_hwr import PageReader

note = "PLEASE BRING MILK\nBREAD AND COFFEE\nTO THE GARDEN\nBEFORE SEVEN"
page = compose_words(
    letters, [note], gap=0.12, noise=0.6, rotation=0.03, height=36, random_state=6
)[0]
picture = photograph(page.picture, 5)
pages = PageReader(guided).fit()
result = pages.read(picture)
print(result.text)

figure, axes = plt.subplots(figsize=(8, 4.4), layout="constrained")
axes.imshow(picture, cmap="gray", vmin=0, vmax=255)
for line in result.lines:
    for word in line.words:
        box, colour = word.box, "#c25a1c" if word.confidence < 0.9 else "#2f6fb3"
        frame = plt.Rectangle(box[:2], box.width, box.height, fill=False, edgecolor=colour)
        axes.add_patch(frame)
        label = {"facecolor": colour, "edgecolor": "none", "pad": 1.5}
        text = f"{word.text} {word.confidence:.2f}"
        axes.text(box.left, box.top - 4, text, color="whitesmoke", size=8, bbox=label)
axes.set_axis_off()

# %%
# JSON and hOCR
# -------------
#
# JSON for programs, hOCR (or ALTO, with :func:`~ensemble_hwr.reading.to_alto`) for tools that add a text layer to scans.

import json

from ensemble_hwr.reading import to_hocr

first = json.loads(result.to_json())["lines"][0]["words"][0]
print(json.dumps({key: first[key] for key in ("text", "confidence", "box")}, indent=1))
print(to_hocr(result, image="note.png")[:900])

# %%
# On the command line: ``ensemble-hwr read note.png --page --lexicon words.txt --json``.
