"""Draw the picture of the README: a note on simulated paper, and the output of `ensemble-hwr read --page` for it.

    python -m benchmarks.readme_picture        writes docs/images/read.png

The note is composed of generated letters, so that the picture may be redistributed. The text is the output of the
reader, unchanged.
"""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ensemble_hwr import PageReader, compose_words, generate_letters

OUTPUT = Path(__file__).parent.parent / "docs" / "images" / "read.png"
NOTE = "BRING MILK\nAND BREAD\nTHEN CALL ANNA"
PAPER, INK = np.array([1.0, 0.97, 0.89]), np.array([0.16, 0.2, 0.42])


def note() -> np.ndarray:
    """Compose the note as a colour photograph, uint8 of shape (height, width, 3)."""
    letters = generate_letters(26 * 40, writers=40, random_state=7)
    (page,) = compose_words(
        letters, [NOTE], gap=0.18, noise=0.55, slant=0.08, baseline=0.05, height=46, rotation=0.015, random_state=4
    )
    grey = page.picture.astype(float)[..., None] / 255
    return (255 * np.clip(INK + (PAPER - INK) * grey, 0, 1)).astype(np.uint8)


def card(text: str, size: tuple[int, int]) -> Image.Image:
    """Draw the text as in a terminal."""
    image = Image.new("RGB", size, "#1f2430")
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(size=21)
    draw.text((24, 24), "$ ensemble-hwr read --page note.jpg", fill="#8fbcbb", font=font)
    draw.multiline_text((24, 70), text, fill="#eceff4", font=font, spacing=12)
    return image


def main() -> None:
    """Read the note and save the picture."""
    photograph = note()
    reader = PageReader().fit()
    text = str(reader.predict([photograph])[0])
    left = Image.fromarray(photograph)
    right = card(text, (470, left.height))
    sheet = Image.new("RGBA", (left.width + 16 + right.width, left.height))  # transparent between the two
    sheet.paste(left, (0, 0))
    sheet.paste(right, (left.width + 16, 0))
    sheet.save(OUTPUT, optimize=True)
    print(f"{OUTPUT.name}: {text!r}")


if __name__ == "__main__":
    main()
