"""Draw the picture of the page on ordinary paper: words on simulated paper, and the ink that is found on it.

    python -m benchmarks.paper_picture        writes docs/images/paper.png

The words are composed of generated letters, so that the picture may be redistributed. The texts are the output of the
reader, unchanged.
"""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from benchmarks.simulation.catalogue import DISTORTIONS
from benchmarks.simulation.sheet import Sheet
from ensemble_hwr import WordReader, WordSegmenter, compose_words, generate_letters

OUTPUT = Path(__file__).parent.parent / "docs" / "images" / "paper.png"
MIDDLE, STRONG = 1, 2
SHOWN = {
    "soft shadow": ("GARDEN", STRONG),
    "desk on two sides": ("WINTER", MIDDLE),
    "ruled lines": ("COFFEE", MIDDLE),
    "touching underline": ("MARKET", MIDDLE),
    "box per letter": ("LONDON", MIDDLE),
    "squared paper": ("FRIEND", MIDDLE),
    "highlighter": ("TICKET", STRONG),
    "pencil by grain": ("BRIDGE", STRONG),
}
CAPTIONS = {"pencil by grain": "faint pencil on grain"}
N_COLUMNS, WIDTH, HEIGHT, CAPTION, SPACE = 4, 300, 120, 26, 14


def photographs() -> dict[str, np.ndarray]:
    """Return the pictures of the words, by the name of what lies on the paper."""
    letters = generate_letters(26 * 40, writers=40, random_state=7)
    made = compose_words(letters, [word for word, _ in SHOWN.values()], gap=0.2, height=40, random_state=3)
    sheets = (Sheet.of(word, seed) for seed, word in enumerate(made))
    found = zip(SHOWN.items(), sheets, strict=True)
    return {name: DISTORTIONS[name](sheet, level).photograph() for (name, (_, level)), sheet in found}


def letters_on_white(photograph: np.ndarray) -> np.ndarray:
    """Return the ink that is left for the reader: the letters that the segmenter finds, in their places."""
    found = WordSegmenter(slant=0.0).segment(photograph)
    ink = np.zeros(photograph.shape[:2])
    for box, letter in zip(found.boxes, found.letters, strict=True):
        place = ink[box.slices]
        margin = (letter.shape[0] - place.shape[0]) // 2
        place[:] = np.maximum(place, letter[margin:, margin:][: place.shape[0], : place.shape[1]])
    return (255 * (1 - ink)).astype(np.uint8)


def cell(name: str, photograph: np.ndarray, text: str) -> Image.Image:
    """Draw a photograph above its ink, with what they show."""
    image = Image.new("RGB", (WIDTH, 2 * (HEIGHT + CAPTION)), "white")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(size=16)
    ink = letters_on_white(photograph)
    for row, (caption, pixels) in enumerate(((CAPTIONS.get(name, name), photograph), (f"read as {text}", ink))):
        top = row * (HEIGHT + CAPTION)
        draw.text((0, top + 4), caption, fill="#333333", font=font)
        picture = Image.fromarray(pixels).convert("RGB")
        picture.thumbnail((WIDTH, HEIGHT))
        image.paste(picture, (0, top + CAPTION))
        draw.rectangle((0, top + CAPTION, picture.width - 1, top + CAPTION + picture.height - 1), outline="#bbbbbb")
    return image


def main() -> None:
    """Read the words and save the picture."""
    pictures = photographs()
    texts = WordReader(errors="empty").fit().predict(list(pictures.values()))
    cells = [cell(name, picture, text) for (name, picture), text in zip(pictures.items(), texts, strict=True)]
    rows = -(-len(cells) // N_COLUMNS)
    step = (WIDTH + SPACE, cells[0].height + SPACE)
    sheet = Image.new("RGB", (N_COLUMNS * step[0] + SPACE, rows * step[1] + SPACE), "white")
    for number, shown in enumerate(cells):
        place = (number % N_COLUMNS, number // N_COLUMNS)
        sheet.paste(shown, (SPACE + place[0] * step[0], SPACE + place[1] * step[1]))
    sheet.quantize(128).save(OUTPUT, optimize=True)
    print(f"{OUTPUT.name}: {' '.join(texts)}")


if __name__ == "__main__":
    main()
