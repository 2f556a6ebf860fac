"""Letters with borders, phone photographs of letters, and blank sheets: accuracy of the shipped model.

    python -m benchmarks.paper_letters                      3 minutes on one core
    python -m benchmarks.paper_letters --letters 200 --training        a small run, without letters for measuring

Borders are a bar of 4 of 220 pixels along one edge of the picture, as a letter cut out of a form has, and a closed
frame around the letter. Settings of the library are chosen with ``--training``, letters that trained the model.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from string import ascii_uppercase
from typing import Any

import click
import numpy as np
from PIL import Image

from benchmarks.pages import put
from benchmarks.paper import LETTERS, PAGE, capitals_of_pack, data_folder
from benchmarks.simulation import Grey, blank_sheet
from benchmarks.simulation.sheet import compressed
from ensemble_hwr import LetterSet, WordReader, load_model
from ensemble_hwr.datasets import load_index
from ensemble_hwr.images import open_picture, to_ink

SIDE, THICKNESS = 220, 4  # pixels of a letter's cell and of its border
QUALITIES = (90, 75, 60, 40, 20)  # of JPEG


@click.command()
@click.option("--letters", "count", type=click.IntRange(1), default=1000, show_default=True, help="Letters per source.")
@click.option("--training", is_flag=True, help="Measure on letters that trained the model only.")
@click.option("--blank", type=click.IntRange(0), default=200, show_default=True, help="Blank sheets.")
@click.option("--update", is_flag=True, help="Write the table into docs/user_guide/paper.md.")
def main(count: int, training: bool, blank: int, update: bool) -> None:
    """Measure and print the table."""
    model = load_model("az")
    model[0].set_params(errors="blank")
    heads = ["letters", "number", *BORDERS]
    lines = [f"| {' | '.join(heads)} |", "| --- " * len(heads) + "|"]
    for name, letters in sources(training).items():
        keep = np.random.default_rng(0).permutation(len(letters))[:count]
        chosen = letters.take(np.sort(keep))
        cells = []
        for border in BORDERS.values():
            pictures = [border(in_cell(picture), place) for place, picture in enumerate(chosen.data)]
            cells.append(f"{100 * np.mean(model.predict(pictures) == chosen.target):.1f}")
        lines.append(f"| {name} | {len(chosen):,} | {' | '.join(cells)} |")
        click.echo(lines[-1], err=True)
    table = "\n".join(lines) + "\n\nPer cent of the letters that the shipped model of capitals classifies correctly.\n"
    if not training:
        table += phone_letters(model)
    table += f"\n{blank_sheets(model, blank)}\n" if blank else ""
    click.echo(table)
    if update:
        put(PAGE, "python -m benchmarks.paper_letters", table)


def in_cell(picture: object) -> Grey:
    """Return a letter in the middle of a square cell of paper, dark on light."""
    ink = to_ink(picture)
    height, width = ink.shape
    scale = 0.7 * SIDE / max(height, width)
    size = (max(1, round(scale * width)), max(1, round(scale * height)))
    letter = np.asarray(Image.fromarray(np.rint(255 * ink).astype(np.uint8)).resize(size, Image.Resampling.BICUBIC))
    cell = np.zeros((SIDE, SIDE), np.uint8)
    top, left = (SIDE - size[1]) // 2, (SIDE - size[0]) // 2
    cell[top : top + size[1], left : left + size[0]] = letter
    return np.rint(225 - cell * (190 / 255)).astype(np.uint8)


def bars(n_sides: int) -> Callable[[Grey, int], Grey]:
    """Return a function that draws bars along some edges of a cell, starting with another for each letter."""

    def draw(cell: Grey, place: int) -> Grey:
        cell = cell.copy()
        for side in range(place, place + n_sides):
            np.rot90(cell, side % 4)[:THICKNESS] = 40
        return cell

    return draw


def frame(cell: Grey, place: int) -> Grey:
    """Draw a closed frame at some distance from the edges of a cell."""
    inset, cell = 8 + place % 8, cell.copy()
    for side in range(4):
        np.rot90(cell, side)[inset : inset + THICKNESS, inset:-inset] = 40
    return cell


BORDERS: dict[str, Callable[[Grey, int], Grey]] = {
    "no border": lambda cell, _: cell,
    "bar along an edge": bars(1),
    "bars along two edges": bars(2),
    "bars along all edges": bars(4),
    "closed frame": frame,
}


def sources(training: bool) -> dict[str, LetterSet]:
    """Return letters by source."""
    index = data_folder() / "letters" / "index.csv"
    if not index.is_file():
        raise click.ClickException(f"{index} is missing; set ENSEMBLE_HWR_DATA")
    if training:
        return {name: load_index(index, sources=[name]) for name in LETTERS["training"] or []}
    scan34 = load_index(index, sources=["scan34"])
    return {"scan34": scan34, "unipen62": capitals_of_pack(data_folder() / "more" / "unipen62.npz")}


def phone_letters(model: Any) -> str:
    """Return the accuracy on capitals cut out of photographs of a phone."""
    folder: Path = data_folder() / "more" / "phone36"
    if not (folder / "index.csv").is_file():
        return ""
    letters = load_index(folder / "index.csv")
    letters = letters.take(np.isin(letters.target, list(ascii_uppercase)))
    right = model.predict([open_picture(picture) for picture in letters.data]) == letters.target
    return f"\nOf {len(right):,} capitals cut out of photographs of a phone (phone36), {100 * right.mean():.1f} %.\n"


def blank_sheets(model: Any, count: int) -> str:
    """Return on how many blank sheets nothing is read, as they are and saved as JPEG."""
    rng = np.random.default_rng(0)
    sheets = [blank_sheet(rng) for _ in range(count)]
    reader = WordReader(load_model("az"), errors="empty").fit()
    n_words, n_jpegs = (
        int((reader.predict(pictures) == "").sum())
        for pictures in (sheets, [compressed(sheet, int(rng.choice(QUALITIES))) for sheet in sheets])
    )
    n_letters = len(model[0].transform_readable(sheets)[1])
    qualities = ", ".join(map(str, QUALITIES))
    return (
        f"Blank sheets: no word is read on {n_words} of {count}, no letter on {n_letters} of {count}. Of the same "
        f"sheets saved as JPEG of the qualities {qualities}, no word is read on {n_jpegs}."
    )


if __name__ == "__main__":
    main()
