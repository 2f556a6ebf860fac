"""Photographs of ruled sheets, one letter per cell: letters found and letters right.

    python -m benchmarks.sheets                      all sheets, 1.5 minutes on one core
    python -m benchmarks.sheets --half even          the half on which settings of the library are chosen
    python -m benchmarks.sheets --update             also write the table into docs/user_guide/paper.md

The 148 sheets of sse15_sheets (folder `more` in ENSEMBLE_HWR_DATA) are photographs of a ruled grid of three rows and
five columns, each by another writer. Every sheet is read as a page without a lexicon. All letters are found if each row
has five. A letter is right if it is at its place; on other sheets, edits are counted. Settings of the library are
chosen on the sheets at even places of the index, and tested on those at odd places.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from benchmarks.letters import data_file
from benchmarks.pages import put
from ensemble_hwr import PageReader, WordReader, load_model
from ensemble_hwr.reading import character_error_rate

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "user_guide" / "paper.md"
HALVES = {"even": slice(0, None, 2), "odd": slice(1, None, 2), "all": slice(None)}


@dataclass(frozen=True)
class Sheet:
    """A sheet and what was read.

    Attributes
    ----------
    path : Path
    rows : tuple of str
        True letters of each row.
    read : tuple of str
        Letters of each line that was read, without spaces.
    """

    path: Path
    rows: tuple[str, ...]
    read: tuple[str, ...]

    @property
    def is_found(self) -> bool:
        """Whether each row has its number of letters."""
        return [len(row) for row in self.read] == [len(row) for row in self.rows]

    @property
    def n_letters(self) -> int:
        """Number of letters on the sheet."""
        return sum(map(len, self.rows))

    @property
    def n_right(self) -> int:
        """Number of letters that were read correctly."""
        if self.is_found:
            return sum(a == b for a, b in zip("".join(self.rows), "".join(self.read), strict=True))
        text, found = "".join(self.rows), "".join(self.read)
        return max(0, round(len(text) * (1 - character_error_rate([text], [found]))))


@click.command()
@click.option("--half", type=click.Choice(list(HALVES)), default="all", show_default=True)
@click.option("--show", type=click.Path(path_type=Path), help="Folder for pictures of the sheets with mistakes.")
@click.option("--update", is_flag=True, help="Write the table into docs/user_guide/paper.md.")
def main(half: str, show: Path | None, update: bool) -> None:
    """Measure and print the table."""
    folder = data_file("more/sse15_sheets")
    with (folder / "index.csv").open(newline="", encoding="utf-8") as file:
        entries = list(csv.DictReader(file))
    reader = PageReader(WordReader(load_model("az")), errors="empty").fit()
    sheets = [read_sheet(reader, folder, entry, show) for entry in entries[HALVES[half]]]
    lines = ["| sheets | number | all 15 letters found | letters right |", "| --- | ---: | ---: | ---: |"]
    parts = {half: sheets}
    if half == "all":
        parts = {"settings (even places)": sheets[::2], "test (odd places)": sheets[1::2], "all": sheets}
    lines += [f"| {name} | {summary(part)} |" for name, part in parts.items()]
    table = "\n".join(lines) + "\n"
    click.echo(table)
    if update and half == "all":
        put(PAGE, "benchmarks/sheets.py", table)


def read_sheet(reader: PageReader, folder: Path, entry: dict[str, str], show: Path | None) -> Sheet:
    """Read one sheet; print it if there is a mistake."""
    page = reader.read(folder / entry["path"])
    rows = (entry["row1"], entry["row2"], entry["row3"])
    sheet = Sheet(folder / entry["path"], rows, tuple(page.text.replace(" ", "").split("\n")))
    if sheet.n_right < sheet.n_letters:
        click.echo(f"{entry['path']} {'' if sheet.is_found else '!'} {page.text!r}", err=True)
        if show is not None:
            draw(show, sheet, page)
    return sheet


def draw(folder: Path, sheet: Sheet, page: Any) -> None:
    """Save a sheet with the boxes of its letters."""
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(page.debug_image(sheet.path)).save(folder / f"{sheet.path.stem}.png")


def summary(sheets: list[Sheet]) -> str:
    """Return the cells of a row of the table."""
    found = sum(sheet.is_found for sheet in sheets)
    right = sum(sheet.n_right for sheet in sheets) / sum(sheet.n_letters for sheet in sheets)
    return f"{len(sheets)} | {found / len(sheets):.1%} | {right:.1%}"


if __name__ == "__main__":
    main()
