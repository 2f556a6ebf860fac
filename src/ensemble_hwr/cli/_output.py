"""Results of ``letters`` and ``read`` on standard output: text, JSON, CSV, hOCR or ALTO."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from ensemble_hwr._writing import whole_files
from ensemble_hwr.cli._errors import printable
from ensemble_hwr.cli._pictures import STANDARD_INPUT

if TYPE_CHECKING:
    from ensemble_hwr.boxes import Box
    from ensemble_hwr.cli._pictures import NamedPicture
    from ensemble_hwr.reading import Page, Word

    LetterPrinter: TypeAlias = Callable[[NamedPicture, "Predictions"], str | Page]
    ReadingPrinter: TypeAlias = Callable[[NamedPicture, Word | Page], str | Page]

Fields: TypeAlias = "dict[str, Word]"  # words of a form by the names of their fields
Predictions = list[tuple[Any, float]]  # label and probability, the most probable first

UNCERTAIN = "?"
DIGITS = 6  # of probabilities in JSON
FORMATS = ("text", "json", "csv", "hocr", "alto")
DOCUMENTS = {"hocr": ".hocr", "alto": ".xml"}  # formats with one document per picture, and the suffixes of files
LETTER_COLUMNS = ("path", "page", "text", "probability")
FIELD_COLUMNS = ("path", "page", "field", "text", "confidence", "left", "top", "right", "bottom")
WORD_COLUMNS = ("path", "page", "line", "word", "text", "confidence", "left", "top", "right", "bottom")


@dataclass(frozen=True)
class OutputOptions:
    """How results are printed.

    Attributes
    ----------
    format : str
        One of `FORMATS`.
    confidence : bool
        Whether text has probabilities.
    min_confidence : float
        Results below this probability are replaced by a question mark in text, JSON and CSV.
    paths : bool
        Whether text has the paths of the pictures.
    """

    format: str
    confidence: bool
    min_confidence: float
    paths: bool

    def certain(self, text: str, probability: float | None) -> str:
        """Return the text, or a question mark if its probability is too small."""
        return text if (1.0 if probability is None else probability) >= self.min_confidence else UNCERTAIN

    def shown(self, probability: float | None) -> list[str]:
        """Return the probability as a column of text, if probabilities are shown."""
        return [f"{probability or 0.0:.4f}"] if self.confidence else []


def output_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of :class:`OutputOptions` and of :class:`Results` to a command."""
    options = (
        click.option(
            "--format",
            "kind",
            type=click.Choice(FORMATS),
            default="text",
            show_default=True,
            help="Form of the results.",
        ),
        click.option("--json", "as_json", is_flag=True, help="The same as --format json: one object per line."),
        click.option("--confidence", is_flag=True, help="Add the probability of each result to the text."),
        click.option(
            "--min-confidence",
            type=click.FloatRange(0, 1),
            default=0.0,
            metavar="P",
            help="Print ? in place of a letter or word whose probability is below P.",
        ),
        click.option(
            "--output",
            "-o",
            "output",
            type=click.Path(path_type=Path, file_okay=False),
            metavar="DIR",
            help="Folder for one hOCR or ALTO document per picture, with all pages of its file.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


class Results:
    """Results on standard output, or as documents in a folder; a document has the pages of one file.

    Parameters
    ----------
    options : OutputOptions
    folder : Path or None
        Folder for one document per picture.
    echo : callable
        Prints a text.
    columns : tuple of str
        Header of CSV.
    """

    def __init__(
        self, options: OutputOptions, folder: Path | None, echo: Callable[[str], None], columns: tuple[str, ...]
    ) -> None:
        if options.format in DOCUMENTS and options.paths and folder is None:
            message = f"--format {options.format} has one document per picture; give one picture, or --output DIR"
            raise click.UsageError(message)
        if folder is not None:
            if options.format not in DOCUMENTS:
                raise click.UsageError(
                    f"--output needs --format {' or '.join(DOCUMENTS)}, got --format {options.format}"
                )
            folder.mkdir(parents=True, exist_ok=True)
        self._suffix = DOCUMENTS.get(options.format, "")
        self._folder, self._echo, self._options = folder, echo, options
        self._document: tuple[NamedPicture, int, dict[int, Page]] | None = None
        if options.format == "csv":
            echo(csv_lines([list(columns)]))

    def write(self, results: Iterable[tuple[str | Page, NamedPicture, int]]) -> None:
        """Print some texts at once, or collect pages; each has its picture, and the number of its file, from 1."""
        texts = []
        for shown, picture, number in results:
            if isinstance(shown, str):
                texts.append(shown)
                continue
            if self._document is None or self._document[1] != number:
                self.finish()
                self._document = (picture, number, {})
            self._document[2][picture.page] = shown
        if texts:
            self._echo("\n".join(texts))

    def finish(self) -> None:
        """Print or write the document of the last file."""
        if self._document is None:
            return
        from ensemble_hwr.reading import to_alto, to_hocr

        (picture, number, pages), self._document = self._document, None
        text = (to_hocr if self._options.format == "hocr" else to_alto)(pages, image=picture.name)
        if self._folder is None:
            self._echo(text.rstrip("\n"))
            return
        with whole_files(self._folder / f"{file_name(picture, number)}{self._suffix}") as (stream,):
            stream.write(text.encode())


def file_name(picture: NamedPicture, number: int) -> str:
    """Return a file name that differs for each picture, also for those of the same name in different folders."""
    return f"{number:04d}-{'stdin' if picture.name == STANDARD_INPUT else Path(picture.name).stem}"


def letter_printer(options: OutputOptions) -> LetterPrinter:
    """Return the function of a picture and its most probable letters that formats one picture of a letter."""
    kinds: dict[str, Callable[[OutputOptions], LetterPrinter]] = {
        "text": _letter_text,
        "json": _letter_json,
        "csv": _letter_csv,
    }
    return kinds.get(options.format, _letter_document)(options)


def reading_printer(options: OutputOptions) -> ReadingPrinter:
    """Return the function of a picture and what was read on it that formats one picture of words."""
    kinds: dict[str, Callable[[OutputOptions], ReadingPrinter]] = {
        "text": _reading_text,
        "json": _reading_json,
        "csv": _reading_csv,
    }
    return kinds.get(options.format, _reading_document)(options)


def field_printer(options: OutputOptions) -> Callable[[NamedPicture, Fields], str]:
    """Return the function of a picture and its fields by name that formats one form as text, JSON or CSV."""
    kinds = {"text": _fields_text, "json": _fields_json, "csv": _fields_csv}
    return kinds[options.format](options)


def _fields_text(options: OutputOptions) -> Callable[[NamedPicture, Fields], str]:
    def show(picture: NamedPicture, found: Fields) -> str:
        rows = [
            [*_name(picture, options), printable(name), _field_text(word, options), *options.shown(word.confidence)]
            for name, word in found.items()
        ]
        return "\n".join("\t".join(row) for row in rows)

    return show


def _fields_json(options: OutputOptions) -> Callable[[NamedPicture, Fields], str]:
    def show(picture: NamedPicture, found: Fields) -> str:
        fields = {name: {**_rounded(word.export()), "text": _field_text(word, options)} for name, word in found.items()}
        return json.dumps({"path": picture.name, "page": picture.page, "fields": fields})

    return show


def _fields_csv(options: OutputOptions) -> Callable[[NamedPicture, Fields], str]:
    def show(picture: NamedPicture, found: Fields) -> str:
        named = [picture.name, picture.page]
        return csv_lines(
            [
                [*named, name, _field_text(word, options), _number(word.confidence), *word.box]
                for name, word in found.items()
            ]
        )

    return show


def _field_text(word: Word, options: OutputOptions) -> str:
    """Return the text of a field, which is empty if the field is blank."""
    return options.certain(word.text, word.confidence) if word.letters else ""


def _letter_text(options: OutputOptions) -> Callable[[NamedPicture, Predictions], str]:
    def show(picture: NamedPicture, found: Predictions) -> str:
        label, probability = found[0]
        columns = [printable(options.certain(str(label), probability)), *options.shown(probability)]
        return "\t".join([*_name(picture, options), *columns])

    return show


def _letter_json(options: OutputOptions) -> Callable[[NamedPicture, Predictions], str]:
    def show(picture: NamedPicture, found: Predictions) -> str:
        (label, probability), *others = found
        return json.dumps(
            {
                "path": picture.name,
                "page": picture.page,
                "text": options.certain(label, probability),
                "probability": round(probability, DIGITS),
                "alternatives": [{"text": other, "probability": round(p, DIGITS)} for other, p in others],
            }
        )

    return show


def _letter_csv(options: OutputOptions) -> Callable[[NamedPicture, Predictions], str]:
    def show(picture: NamedPicture, found: Predictions) -> str:
        label, probability = found[0]
        certain = options.certain(str(label), probability)
        return csv_lines([[picture.name, picture.page, certain, f"{probability:.{DIGITS}f}"]])

    return show


def _letter_document(options: OutputOptions) -> Callable[[NamedPicture, Predictions], Page]:
    from ensemble_hwr.reading import Letter, Word

    def show(picture: NamedPicture, found: Predictions) -> Page:
        (label, probability), *others = found
        box = _whole(picture)
        letter = Letter(box, str(label), probability, tuple((str(other), p) for other, p in others))
        return _as_page(box, Word(box, (letter,), letter.text, probability))

    return show


def _reading_text(options: OutputOptions) -> Callable[[NamedPicture, Word | Page], str]:
    def show(picture: NamedPicture, found: Word | Page) -> str:
        from ensemble_hwr.reading import Page

        if not isinstance(found, Page):
            columns = [printable(options.certain(found.text, found.confidence)), *options.shown(found.confidence)]
            return "\t".join([*_name(picture, options), *columns])
        heading = [f"==> {name} <==" for name in _name(picture, options)]
        return "\n".join([*heading, *_lines(found, options)])

    return show


def _name(picture: NamedPicture, options: OutputOptions) -> list[str]:
    """Return the name of a picture as a column of text, where results need names."""
    return [printable(picture.label)] if options.paths or picture.several else []


def _lines(page: Page, options: OutputOptions) -> Iterator[str]:
    """Yield the lines of a page; the confidence of a line is that of its least certain word."""
    for line in page.lines:
        text = " ".join(options.certain(word.text, word.confidence) for word in line.words)
        yield "\t".join(
            [printable(text), *options.shown(min((word.confidence or 0.0 for word in line.words), default=0.0))]
        )


def _reading_json(options: OutputOptions) -> Callable[[NamedPicture, Word | Page], str]:
    def show(picture: NamedPicture, found: Word | Page) -> str:
        from ensemble_hwr.reading import Page

        exported = found.export()
        if isinstance(found, Page):
            exported["text"] = "\n".join(
                " ".join(options.certain(word.text, word.confidence) for word in line.words) for line in found.lines
            )
        else:
            exported["text"] = options.certain(found.text, found.confidence)
        return json.dumps({"path": picture.name, "page": picture.page, **_rounded(exported)})

    return show


def _reading_csv(options: OutputOptions) -> Callable[[NamedPicture, Word | Page], str]:
    def show(picture: NamedPicture, found: Word | Page) -> str:
        return csv_lines(
            [
                [
                    picture.name,
                    picture.page,
                    line,
                    place,
                    options.certain(word.text, word.confidence),
                    _number(word.confidence),
                    *word.box,
                ]
                for line, words in enumerate(_words(found), start=1)
                for place, word in enumerate(words, start=1)
            ]
        )

    return show


def _reading_document(options: OutputOptions) -> Callable[[NamedPicture, Word | Page], Page]:
    from ensemble_hwr.reading import Page

    def show(picture: NamedPicture, found: Word | Page) -> Page:
        return found if isinstance(found, Page) else _as_page(_whole(picture), found)

    return show


def _as_page(whole: Box, word: Word) -> Page:
    """Return a page of one word."""
    from ensemble_hwr.reading import Line, Page

    return Page(*whole[2:], (Line(word.box, (word,)),))


def _whole(picture: NamedPicture) -> Box:
    """Return the box of a whole picture."""
    from ensemble_hwr.boxes import Box
    from ensemble_hwr.images import open_picture

    height, width = open_picture(picture.data).shape
    return Box(0, 0, width, height)


def _words(found: Word | Page) -> list[tuple[Word, ...]]:
    """Return the words of each line."""
    from ensemble_hwr.reading import Page

    return [line.words for line in found.lines] if isinstance(found, Page) else [(found,)]


def _rounded(value: Any) -> Any:
    """Round the floats in nested dicts and lists."""
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return round(value, DIGITS) if isinstance(value, float) else value


def _number(probability: float | None) -> str:
    return "" if probability is None else f"{probability:.{DIGITS}f}"


def csv_lines(rows: Iterable[Iterable[Any]]) -> str:
    """Return rows as lines of CSV, without the last line break.

    Text that a spreadsheet would run as a formula gets an apostrophe in front.
    """
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows([_cell(value) for value in row] for row in rows)
    return stream.getvalue().rstrip("\n")


def _cell(value: Any) -> Any:
    is_formula = isinstance(value, str) and len(value) > 1 and value[0] in "=+-@\t\r"
    return f"'{value}" if is_formula else value
