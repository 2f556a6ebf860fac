"""Results of letters, words, pages and forms as text, JSON, CSV, or pages for hOCR and ALTO."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

from ensemble_hwr._writing import printable

if TYPE_CHECKING:
    from ensemble_hwr.boxes import Box
    from ensemble_hwr.images.sources import FilePage
    from ensemble_hwr.reading import Page, Word
    from ensemble_hwr.reading.issues import Issue

    ReadingPrinter: TypeAlias = Callable[["NamedPicture", Word | Page], str | Page]

Fields: TypeAlias = "dict[str, Word]"  # words of a form by the names of their fields
Predictions = list[tuple[Any, float]]  # label and probability, the most probable first

UNCERTAIN = "?"
DIGITS = 6  # of probabilities in JSON
FORMATS = ("text", "json", "csv", "hocr", "alto")
DOCUMENTS = {"hocr": ".hocr", "alto": ".xml"}  # formats with one document per picture, and the suffixes of files
LETTER_COLUMNS = ("path", "page", "text", "probability")
FIELD_COLUMNS = ("path", "page", "field", "text", "confidence", "left", "top", "right", "bottom")
WORD_COLUMNS = ("path", "page", "line", "word", "text", "confidence", "left", "top", "right", "bottom")


class NamedPicture(NamedTuple):
    """A picture to read, or a page of a file: its name as results show it, its path, bytes or pixels, and its page."""

    name: str
    data: str | bytes | FilePage
    page: int = 1
    several: bool = False

    @property
    def label(self) -> str:
        """The name, with the page of a file of several."""
        return f"{self.name}, page {self.page}" if self.several else self.name


class LetterPrinter(Protocol):
    """A function that formats one picture of a letter, with its most probable letters and its issues."""

    def __call__(self, picture: NamedPicture, found: Predictions, issues: Sequence[Issue] = ()) -> str | Page: ...


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
    return lambda picture, found: csv_lines(field_rows(options, picture, found))


def field_rows(options: OutputOptions, picture: NamedPicture, found: Fields) -> list[list[Any]]:
    """Return one row of `FIELD_COLUMNS` per field of a form."""
    named = [picture.name, picture.page]
    return [
        [*named, name, _field_text(word, options), _number(word.confidence), *word.box] for name, word in found.items()
    ]


def _field_text(word: Word, options: OutputOptions) -> str:
    """Return the text of a field, which is empty if the field is blank."""
    return options.certain(word.text, word.confidence) if word.letters else ""


def _letter_text(options: OutputOptions) -> LetterPrinter:
    def show(picture: NamedPicture, found: Predictions, issues: Sequence[Issue] = ()) -> str:
        label, probability = found[0]
        columns = [printable(options.certain(str(label), probability)), *options.shown(probability)]
        return "\t".join([*_name(picture, options), *columns])

    return show


def _letter_json(options: OutputOptions) -> LetterPrinter:
    def show(picture: NamedPicture, found: Predictions, issues: Sequence[Issue] = ()) -> str:
        (label, probability), *others = found
        exported = {
            "path": picture.name,
            "page": picture.page,
            "text": options.certain(label, probability),
            "probability": round(probability, DIGITS),
            "alternatives": [{"text": other, "probability": round(p, DIGITS)} for other, p in others],
        }
        return json.dumps({**exported, "issues": [issue.export() for issue in issues]} if issues else exported)

    return show


def _letter_csv(options: OutputOptions) -> LetterPrinter:
    def show(picture: NamedPicture, found: Predictions, issues: Sequence[Issue] = ()) -> str:
        return csv_lines(letter_rows(options, picture, found))

    return show


def letter_rows(options: OutputOptions, picture: NamedPicture, found: Predictions) -> list[list[Any]]:
    """Return the row of `LETTER_COLUMNS` of a letter."""
    label, probability = found[0]
    return [[picture.name, picture.page, options.certain(str(label), probability), _number(probability)]]


def _letter_document(options: OutputOptions) -> LetterPrinter:
    from ensemble_hwr.reading import Letter, Word

    def show(picture: NamedPicture, found: Predictions, issues: Sequence[Issue] = ()) -> Page:
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
    return lambda picture, found: csv_lines(reading_rows(options, picture, found))


def reading_rows(options: OutputOptions, picture: NamedPicture, found: Word | Page) -> list[list[Any]]:
    """Return one row of `WORD_COLUMNS` per word."""
    named = [picture.name, picture.page]
    return [
        [*named, line, place, options.certain(word.text, word.confidence), _number(word.confidence), *word.box]
        for line, words in enumerate(_words(found), start=1)
        for place, word in enumerate(words, start=1)
    ]


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

    Text that a spreadsheet would run as a formula gets an apostrophe in front; control characters are escaped.
    """
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows([_cell(value) for value in row] for row in rows)
    return stream.getvalue().rstrip("\n")


def _cell(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = printable(value, kept="\t\r\n")
    return f"'{text}" if len(text) > 1 and text[0] in "=+-@\t\r" else text
