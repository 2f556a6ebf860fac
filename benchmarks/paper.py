"""Words on ordinary paper: shadows, desks, frames, ruled lines, underlines and pencil, each at three strengths.

    python -m benchmarks.paper                              40 words per strength: 6 minutes on one core
    python -m benchmarks.paper --update                     also write the tables into docs/user_guide/paper.md
    python -m benchmarks.paper --letters training -d shadow --words 12       a small run

Words are composed of letters and put on simulated paper. A word counts as kept if it is read correctly both without and
with the distortion, with a lexicon of 10,000 words; without distortion all are kept. Settings of the library are chosen
with ``--letters generated`` and ``--letters training``. ``--letters unseen``, the default, takes the capitals of
unipen62, which were neither trained on nor used to choose settings of paper. ``--blank`` is the number of blank sheets,
of which nothing should be read.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from string import ascii_uppercase
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from benchmarks.pages import put
from benchmarks.vocabulary import evaluation_words, word_counts
from ensemble_hwr import LetterSet, WordReader, compose_words, generate_letters, load_model
from ensemble_hwr.datasets import load_index
from ensemble_hwr.reading import Lexicon

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "user_guide" / "paper.md"
LETTERS = {
    "generated": None,
    "training": ["photo62", "tablet55", "binary20x16"],
    "unseen": ["unipen62"],
}
HEIGHT = 40  # pixels of a capital
MARGIN = 40  # pixels of paper around the picture of a word
PAPER, CONTRAST = 210.0, 0.8
STRENGTHS = ("weak", "middle", "strong")

Grey = NDArray[np.uint8]
Pixels = NDArray[np.float64]


@dataclass(frozen=True)
class Sheet:
    """A word on paper: its ink, and the brightness of the paper, both of which distortions change.

    Attributes
    ----------
    ink : ndarray of float64, shape (height, width)
        From 0 to 1.
    rng : numpy.random.Generator
        Source of positions, angles and grain.
    """

    ink: Pixels
    rng: np.random.Generator

    def photograph(self, light: Pixels | float = 1.0, *, contrast: float = CONTRAST, grain: float = 1.0) -> Grey:
        """Return the picture of the sheet under some light, with noise of a standard deviation of `grain` levels."""
        grey = PAPER * light * (1 - contrast * self.ink)
        return as_grey(grey + self.rng.normal(0, grain, grey.shape))

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Top, bottom, left and right of the ink."""
        rows, columns = np.flatnonzero(self.ink.max(axis=1) > 0.3), np.flatnonzero(self.ink.max(axis=0) > 0.3)
        return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1

    def grid(self) -> tuple[Pixels, Pixels]:
        """Return the rows and columns of the pixels."""
        y, x = np.mgrid[: self.ink.shape[0], : self.ink.shape[1]]
        return y.astype(float), x.astype(float)

    def with_line(self, distance: Pixels, width: float, darkness: float) -> Sheet:
        """Return the sheet with a line: pixels within half a width of it, by their distance in pixels."""
        line = darkness * np.clip(width / 2 + 0.5 - np.abs(distance), 0, 1)
        return Sheet(np.maximum(self.ink, line), self.rng)


def as_grey(grey: Pixels) -> Grey:
    """Round brightness to 8 bits."""
    return np.clip(np.rint(grey), 0, 255).astype(np.uint8)


def clean(sheet: Sheet) -> Grey:
    """No distortion."""
    return sheet.photograph()


def shadow(sheet: Sheet, darkness: float) -> Grey:
    """Cast a shadow with an edge of three pixels that crosses the word in any direction."""
    y, x = sheet.grid()
    angle = sheet.rng.uniform(0, 2 * np.pi)
    top, bottom, left, right = sheet.box
    distance = np.cos(angle) * (x - sheet.rng.uniform(left, right)) + np.sin(angle) * (y - (top + bottom) / 2)
    return sheet.photograph(1 - darkness / (1 + np.exp(-np.clip(distance / 0.75, -50, 50))))


def vignette(sheet: Sheet, darkness: float) -> Grey:
    """Light the sheet by a lamp whose light falls off, at a random place."""
    y, x = sheet.grid()
    height, width = sheet.ink.shape
    lamp = sheet.rng.uniform(0.2, 0.8, 2) * (height, width)
    distance = np.hypot((y - lamp[0]) / height, (x - lamp[1]) / width)
    return sheet.photograph(1 - darkness * np.clip(distance / distance.max(), 0, 1) ** 2)


def desk(sides: int) -> Callable[[Sheet, float], Grey]:
    """Return a distortion: a dark desk beyond the paper on some sides, as wide as a share of the capital height."""

    def distort(sheet: Sheet, width: float) -> Grey:
        pixels = round(width * HEIGHT)
        chosen = set(sheet.rng.permutation(4)[:sides].tolist())
        added = [pixels * (side in chosen) for side in range(4)]
        around = ((added[0], added[1]), (added[2], added[3]))
        wood = sheet.rng.uniform(30, 90)
        grey = np.pad(sheet.photograph(), around).astype(float)
        paper = np.pad(np.ones(sheet.ink.shape), around)
        grain = ndimage.gaussian_filter(sheet.rng.normal(0, 1, grey.shape), (1, 6))
        edge = ndimage.gaussian_filter(paper, 0.7)
        return as_grey(edge * np.where(paper > 0, grey, PAPER) + (1 - edge) * (wood + 20 * grain))

    return distort


def rim(sheet: Sheet, width: float) -> Grey:
    """Add a black rim on all sides, as a scanner leaves it."""
    pixels = max(1, round(width * HEIGHT))
    return np.pad(sheet.photograph(), pixels, constant_values=20)


def corners(sheet: Sheet, degrees: float) -> Grey:
    """Black corners of a scan that was turned, with the writing level."""
    angle = sheet.rng.choice([-1, 1]) * degrees
    height, width = sheet.ink.shape
    y, x = sheet.grid()
    turn = np.tan(np.radians(angle))
    down, right = (y - height / 2) + turn * (x - width / 2), (x - width / 2) - turn * (y - height / 2)
    inside = (np.abs(down) < height / 2 - 2) & (np.abs(right) < width / 2 - 2)
    return np.where(inside, sheet.photograph(), as_grey(sheet.rng.normal(15, 2, inside.shape)))


def frame(sheet: Sheet, darkness: float) -> Grey:
    """Draw a rectangle around the word."""
    y, x = sheet.grid()
    top, bottom, left, right = sheet.box
    away = 0.3 * HEIGHT
    down = np.maximum(top - away - y, y - bottom - away)
    across = np.maximum(left - away - x, x - right - away)
    return sheet.with_line(np.maximum(down, across), 0.06 * HEIGHT, darkness).photograph()


def ruled_line(sheet: Sheet, darkness: float) -> Grey:
    """Ruled lines from edge to edge, one of them close to the baseline."""
    y, _ = sheet.grid()
    pitch = 1.8 * HEIGHT
    offset = sheet.box[1] + HEIGHT * sheet.rng.uniform(-0.1, 0.15)
    distance = (y - offset + pitch / 2) % pitch - pitch / 2
    return sheet.with_line(distance, 0.05 * HEIGHT, darkness).photograph()


def underline(sheet: Sheet, degrees: float) -> Grey:
    """Draw a line under the word in the ink of the word; it rises, and touches some letters."""
    y, x = sheet.grid()
    _, bottom, left, right = sheet.box
    height = bottom + HEIGHT * (0.02 + sheet.rng.uniform(0, 0.1)) + (right - left) / 4 * np.tan(np.radians(degrees))
    line = height - (x - (left + right) / 2) * np.tan(np.radians(degrees)) - y
    line[(x < left - 4) | (x > right + 4)] = np.inf
    return sheet.with_line(line, 0.08 * HEIGHT, 1.0).photograph()


def wavy_underline(sheet: Sheet, amplitude: float) -> Grey:
    """Draw a wavy line under the word; the amplitude is a share of the capital height."""
    y, x = sheet.grid()
    _, bottom, left, right = sheet.box
    wave = amplitude * HEIGHT * np.sin(2 * np.pi * (x / (2.5 * HEIGHT) + sheet.rng.uniform()))
    line = bottom + (0.12 + amplitude) * HEIGHT + wave - y
    line[(x < left - 4) | (x > right + 4)] = np.inf
    return sheet.with_line(line, 0.08 * HEIGHT, 1.0).photograph()


def pencil(sheet: Sheet, contrast: float) -> Grey:
    """Faint strokes on paper with grain."""
    return sheet.photograph(contrast=contrast, grain=8.0)


def blank_sheet(rng: np.random.Generator) -> Grey:
    """Return paper without writing: grain of any strength and size, under even or uneven light."""
    height, width = rng.integers(40, 400, 2)
    grain = ndimage.gaussian_filter(rng.normal(0, 1, (height, width)), rng.choice([0.0, 0.5, 1.0, 2.0]))
    grain *= rng.uniform(0.5, 15) / grain.std()
    light = (
        1
        + rng.uniform(-0.2, 0.2) * np.linspace(-1, 1, width)
        + rng.uniform(-0.2, 0.2) * np.c_[np.linspace(-1, 1, height)]
    )
    return as_grey(rng.uniform(100, 170) * light + grain)


DISTORTIONS: dict[str, tuple[Callable[[Sheet, float], Grey], tuple[float, float, float], str]] = {
    "shadow": (shadow, (0.15, 0.30, 0.50), "darker by {:.0%}"),
    "vignette": (vignette, (0.3, 0.5, 0.7), "darker by {:.0%}"),
    "desk on one side": (desk(1), (0.2, 0.5, 1.0), "{:g} heights wide"),
    "desk on two sides": (desk(2), (0.2, 0.5, 1.0), "{:g} heights wide"),
    "desk on three sides": (desk(3), (0.2, 0.5, 1.0), "{:g} heights wide"),
    "desk on all sides": (desk(4), (0.2, 0.5, 1.0), "{:g} heights wide"),
    "dark rim": (rim, (0.03, 0.08, 0.20), "{:g} heights wide"),
    "black corners": (corners, (2, 4, 8), "{:g} degrees"),
    "frame": (frame, (0.3, 0.6, 1.0), "{:.0%} of the ink"),
    "ruled lines": (ruled_line, (0.3, 0.5, 0.8), "{:.0%} of the ink"),
    "rising underline": (underline, (0, 2, 4), "{:g} degrees"),
    "wavy underline": (wavy_underline, (0.05, 0.10, 0.15), "{:g} heights"),
    "pencil with grain": (pencil, (0.40, 0.25, 0.15), "contrast {:.0%}"),
}


@click.command()
@click.option("--words", type=click.IntRange(1), default=40, show_default=True, help="Words per strength.")
@click.option("-d", "--distortion", "names", type=click.Choice(list(DISTORTIONS)), multiple=True, help="Default: all.")
@click.option("--letters", "source", type=click.Choice(list(LETTERS)), default="unseen", show_default=True)
@click.option("--blank", type=click.IntRange(0), default=200, show_default=True, help="Blank sheets.")
@click.option("--show", type=click.Path(path_type=Path), help="Folder for the pictures.")
@click.option("--update", is_flag=True, help="Write the tables into docs/user_guide/paper.md.")
def main(words: int, names: tuple[str, ...], source: str, blank: int, show: Path | None, update: bool) -> None:  # noqa: PLR0917
    """Measure and print the tables."""
    counts = word_counts()
    reader = WordReader(lexicon=Lexicon(list(counts)[:10_000]), errors="empty").fit()
    texts = sample(evaluation_words(list(counts)), words)
    made = compose_words(letters_of(source), texts, gap=0.15, height=HEIGHT, random_state=1)
    inks = [np.pad(1 - word.picture / 255.0, MARGIN) for word in made]
    right = read_all(reader, inks, clean, texts)
    click.echo(f"{right.sum()} of {words} words are read without distortion", err=True)
    lines = ["| distortion | weak | middle | strong |", "| --- | --- | --- | --- |"]
    for name in names or DISTORTIONS:
        distort, strengths, unit = DISTORTIONS[name]
        cells = []
        for strength in strengths:
            kept = read_all(
                reader,
                inks,
                lambda sheet, d=distort, s=strength: d(sheet, s),
                texts,
                show and show / f"{name} {strength}",
            )
            cells.append(f"{100 * kept[right].mean():.0f} ({unit.format(strength)})")
        lines.append(f"| {name} | {' | '.join(cells)} |")
        click.echo(lines[-1], err=True)
    table = (
        "\n".join(lines)
        + f"\n\n{right.sum()} of {words} words are read without distortion ({source} letters); of those, per cent.\n"
    )
    if blank:
        table += f"\n{blank_sheets(reader, blank)}\n"
    click.echo(table)
    if update:
        put(PAGE, "benchmarks/paper.py", table)


def letters_of(source: str) -> LetterSet:
    """Return the letters to compose words of."""
    if source == "generated":
        return generate_letters(26 * 40, writers=40, random_state=7)
    data = Path(os.environ.get("ENSEMBLE_HWR_DATA", ROOT.parent / "shared" / "data"))
    file = data / ("more/unipen62.npz" if source == "unseen" else "letters/index.csv")
    if not file.is_file():
        raise click.ClickException(f"{file} is missing; set ENSEMBLE_HWR_DATA, or give --letters generated")
    return capitals_of_pack(file) if source == "unseen" else load_index(file, sources=LETTERS[source])


def capitals_of_pack(file: Path) -> LetterSet:
    """Return the capitals of the test split of a pack of pictures."""
    with np.load(file) as pack:
        keep = (pack["split"] == "test") & np.isin(pack["target"], list(ascii_uppercase))
        pictures, target = pack["data"][keep], pack["target"][keep]
    return LetterSet(np.fromiter(pictures, dtype=object, count=len(pictures)), target, name=file.stem)


def sample(words: list[str], count: int) -> list[str]:
    """Return words in a fixed random order."""
    order = np.random.default_rng(0).permutation(len(words))
    return [words[order[place % len(words)]] for place in range(count)]


def read_all(
    reader: WordReader, inks: list[Pixels], distort: Callable[[Sheet], Grey], texts: list[str], show: Path | None = None
) -> NDArray[np.bool_]:
    """Return which words are read correctly."""
    pictures = [distort(Sheet(ink, np.random.default_rng(place))) for place, ink in enumerate(inks)]
    read = reader.predict(pictures)
    if show is not None:
        save(show, pictures, read.tolist())
    return np.array([found == text for found, text in zip(read, texts, strict=True)])


def save(folder: Path, pictures: list[Any], read: list[str]) -> None:
    """Save pictures under names with what was read."""
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    for place, (picture, text) in enumerate(zip(pictures, read, strict=True)):
        Image.fromarray(picture).save(folder / f"{place:03d}-{text}.png")


def blank_sheets(reader: WordReader, count: int) -> str:
    """Return on how many blank sheets nothing is read."""
    rng = np.random.default_rng(0)
    read = reader.predict([blank_sheet(rng) for _ in range(count)])
    letters = load_model("az")[0].set_params(errors="blank")
    rng = np.random.default_rng(0)
    failures = letters.transform_readable([blank_sheet(rng) for _ in range(count)])[1]
    return f"Blank sheets: no word is read on {(read == '').sum()} of {count}, no letter on {len(failures)} of {count}."


if __name__ == "__main__":
    main()
