"""Draw docs/images/adaptation.png: a filled sheet of a generated writer, its photograph, and the letters in its cells.

    python -m benchmarks.adaptation_picture     10 seconds

The photograph is simulated: the sheet is seen at an angle, on a desk, in uneven light.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image

from ensemble_hwr import generate_letters
from ensemble_hwr.adaptation.sheets import cut_sheet, layout, make_sheet
from ensemble_hwr.images import to_ink

FILE = Path(__file__).parent.parent / "docs" / "images" / "adaptation.png"
CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
MILLIMETRE = 300 / 25.4  # pixels of a sheet
COPIES = 3
TILE, GAP = 84, 10


def filled_sheet(writer: int) -> np.ndarray:
    """Return a sheet with a letter of a generated writer in each cell."""
    with TemporaryDirectory() as folder:
        sheet = np.array(Image.open(make_sheet(Path(folder, "sheet.png"), CAPITALS, copies=COPIES)).convert("L"))
    letters = generate_letters(
        len(CAPITALS) * COPIES, writers=1, difficulty=1.5, random_state=writer, format="pictures", size=(80, 110)
    )
    waiting = {label: np.flatnonzero(letters.target == label).tolist() for label in CAPITALS}
    for cell in layout(CAPITALS, COPIES):
        ink = to_ink(letters.data[waiting[cell.label].pop()])
        top = round((cell.top + 7.5) * MILLIMETRE - ink.shape[0] / 2)
        left = round((cell.left + 7.5) * MILLIMETRE - ink.shape[1] / 2)
        part = sheet[top : top + ink.shape[0], left : left + ink.shape[1]]
        np.minimum(part, (255 - 205 * ink).astype(np.uint8), out=part)
    return sheet


def photograph(sheet: np.ndarray, size: tuple[int, int] = (1130, 1500)) -> np.ndarray:
    """Return the sheet as a camera sees it."""
    paper = Image.fromarray(sheet).resize((1240, 1754), Image.Resampling.LANCZOS)
    seen, corners = [(110, 130), (1010, 90), (1050, 1420), (60, 1380)], [(0, 0), (1240, 0), (1240, 1754), (0, 1754)]
    rows, values = [], []
    for (x, y), (u, v) in zip(seen, corners, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    coefficients = np.linalg.solve(np.array(rows, float), np.array(values, float))
    how = (Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BICUBIC)
    turned = np.asarray(paper.transform(size, *how, fillcolor=90), dtype=float)
    noise = np.random.default_rng(0).normal(0, 4, turned.shape)
    return np.clip(turned * np.linspace(0.65, 0.98, size[0]) + noise, 0, 255).astype(np.uint8)


def main() -> None:
    """Draw and save the picture."""
    sheet = filled_sheet(writer=8)
    photo = photograph(sheet)
    found = cut_sheet(photo, CAPITALS)
    height = 760
    left, middle = (Image.fromarray(part) for part in (sheet, photo))
    left, middle = (part.resize((round(part.width * height / part.height), height)) for part in (left, middle))
    columns = 5
    right = Image.new("L", (columns * (TILE + GAP), height), 255)
    for place, ink in enumerate(found.pictures[: columns * (height // (TILE + GAP))]):
        tile = Image.fromarray((255 - 255 * ink).astype(np.uint8)).resize((TILE, TILE))
        right.paste(tile, (place % columns * (TILE + GAP), place // columns * (TILE + GAP)))
    whole = Image.new("L", (left.width + middle.width + right.width + 4 * GAP, height), 255)
    for part, start in ((left, 0), (middle, left.width + 2 * GAP), (right, left.width + middle.width + 4 * GAP)):
        whole.paste(part, (start, 0))
    whole.quantize(32).save(FILE, optimize=True)


if __name__ == "__main__":
    main()
