"""Forms of many fields: a template with a name, a box and expected words per field, and its reading by name."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from sklearn.utils.validation import check_is_fitted

from ensemble_hwr._deadlines import check_time, deadline
from ensemble_hwr.alphabets import LETTERS, SHAPES, Alphabet, list_characters, parse_alphabet
from ensemble_hwr.boxes import Box
from ensemble_hwr.exceptions import DataError, PictureError
from ensemble_hwr.images import Picture, open_picture
from ensemble_hwr.images.sources import describe
from ensemble_hwr.reading._document import Letter, Word
from ensemble_hwr.reading._lexicon import Lexicon
from ensemble_hwr.reading._words import WordReader

Pixel = Annotated[int, Field(ge=0, strict=True)]


class FormField(BaseModel):
    """A field of a form.

    Parameters
    ----------
    name : str
        Key of the result.
    box : tuple of int
        Left, top, right and bottom in pixels, as in `Box`.
    alphabet : str, default=None
        Letters that can occur, or ranges of letters such as ``"A-Z0-9"``. None allows all letters of the reader.
    lexicon : list of str or path, default=None
        Expected words, or a file of words as `Lexicon.from_file` reads it. None takes the lexicon of the reader.

    Examples
    --------
    >>> from ensemble_hwr.reading.fields import FormField
    >>> FormField(name="city", box=(10, 10, 200, 60), lexicon=["PARIS", "ROME"]).name
    'city'
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(min_length=1)]
    box: tuple[Pixel, Pixel, Pixel, Pixel]
    alphabet: Annotated[str, Field(min_length=1)] | None = None
    lexicon: list[str] | Path | None = None


_ENTRIES = TypeAdapter(list[FormField])


def load_fields(file: str | os.PathLike[str]) -> list[FormField]:
    """Read the fields of a form from a JSON file.

    Parameters
    ----------
    file : path
        A list of objects with the keys "name", "box" ([left, top, right, bottom]) and, optionally, "alphabet" and
        "lexicon". A lexicon is a list of words, or the path of a file, relative to the folder of the template.

    Returns
    -------
    list of FormField

    Raises
    ------
    DataError
        If the file cannot be read, or a field is not valid. The message names the field and its key.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from ensemble_hwr.reading.fields import load_fields
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "form.json")
    ...     size = file.write_text('[{"name": "city", "box": [10, 10, 200, 60]}]')
    ...     fields = load_fields(file)
    >>> fields[0].box
    (10, 10, 200, 60)
    """
    try:
        entries = json.loads(Path(file).read_text(encoding="utf-8-sig"))
    except ValueError as error:  # also of the encoding
        raise DataError(f"{file}: is not JSON ({error}); give a list of fields with name and box") from None
    except OSError as error:
        raise DataError(f"{file}: cannot be read ({error.strerror}); give a JSON file with a list of fields") from None
    try:
        fields = check_fields(entries)
    except DataError as error:
        raise DataError(f"{file}: {error}") from None
    folder = Path(file).parent
    return [
        field.model_copy(update={"lexicon": folder / field.lexicon}) if isinstance(field.lexicon, Path) else field
        for field in fields
    ]


def check_fields(entries: Any) -> list[FormField]:
    """Validate the fields of a form.

    Parameters
    ----------
    entries : list of FormField or of dict
        One or more.

    Returns
    -------
    list of FormField

    Raises
    ------
    DataError
        If a key is missing, unknown or has a wrong value, a box is empty, or a name occurs twice.

    Examples
    --------
    >>> from ensemble_hwr.reading.fields import check_fields
    >>> check_fields([{"name": "city", "box": (10, 10, 5, 60)}])
    Traceback (most recent call last):
    ...
    ensemble_hwr.exceptions.DataError: field 'city': its box (10, 10, 5, 60) is empty; give left, top, right, bottom
    """
    try:
        fields = _ENTRIES.validate_python(entries)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise DataError(f"{_place(first['loc'], entries)} {_fault(first)}, got {first['input']!r:.60}") from None
    if not fields:
        raise DataError("a form must have at least one field, got none")
    names: set[str] = set()
    for field in fields:
        left, top, right, bottom = field.box
        if left >= right or top >= bottom:
            raise DataError(f"field {field.name!r}: its box {field.box} is empty; give left, top, right, bottom")
        if field.name in names:
            raise DataError(f"field {field.name!r}: the name occurs twice; give each field a name of its own")
        names.add(field.name)
    return fields


def _fault(error: Any) -> str:
    """Say what an entry of a template must be."""
    if not error["loc"]:
        return "must be a list of objects with name and box"
    if error["type"] == "missing" and len(error["loc"]) == 2:
        return "is missing"
    if error["type"] == "extra_forbidden":
        return "is not a key of a field; the keys are name, box, alphabet and lexicon"
    if "box" in error["loc"]:
        return "must be four whole numbers, 0 or more: left, top, right, bottom"
    return f"is not allowed: {error['msg']}"


def _place(location: tuple[int | str, ...], entries: Any) -> str:
    """Describe where an error is: the name of the field or its number, and the key."""
    if not location:
        return "the fields"
    number, *keys = location
    entry = entries[number] if isinstance(number, int) else None
    name = entry.get("name") if isinstance(entry, Mapping) else None
    field = f"field {name!r}" if isinstance(name, str) and name else f"field {number}"
    return f"{field}, {keys[0]}" if keys else field


class FormReader:
    """Read the fields of forms by name.

    Parameters
    ----------
    fields : list of FormField or of dict
        As `load_fields` returns them.
    reader : WordReader, default=None
        Fitted. None uses the shipped models. It ignores machine print unless it has ``print="keep"``.

    Attributes
    ----------
    fields : list of FormField
        The fields.
    reader_ : WordReader
        The fitted reader.

    Raises
    ------
    DataError
        If a field is not valid, its alphabet has other letters than the reader, or its lexicon cannot be read.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr import compose_words, generate_letters
    >>> from ensemble_hwr.reading.fields import FormReader
    >>> letters = generate_letters(260, writers=5, random_state=0)
    >>> first, second = (word.picture for word in compose_words(letters, ["ROME", "ITALY"], gap=0.3, random_state=0))
    >>> form = np.full((150, 400), 255, np.uint8)
    >>> form[10 : 10 + len(first), 10 : 10 + first.shape[1]] = first
    >>> form[80 : 80 + len(second), 10 : 10 + second.shape[1]] = second
    >>> fields = [
    ...     {"name": "city", "box": (0, 0, 400, 70), "lexicon": ["PARIS", "ROME"]},
    ...     {"name": "country", "box": (0, 70, 400, 150), "lexicon": ["FRANCE", "ITALY"]},
    ... ]
    >>> {name: word.text for name, word in FormReader(fields).read(form).items()}
    {'city': 'ROME', 'country': 'ITALY'}
    """

    def __init__(self, fields: Iterable[FormField | Mapping[str, Any]], reader: WordReader | None = None) -> None:
        self.fields = check_fields(list(fields))
        self.reader_: WordReader = WordReader().fit() if reader is None else reader
        check_is_fitted(self.reader_)
        self._timeout = self.reader_.timeout
        self._readers = {field.name: _reader_of(field, self.reader_) for field in self.fields}

    def read(self, picture: Picture) -> dict[str, Word]:
        """Read one picture of the form.

        Parameters
        ----------
        picture : path, bytes, PIL image or ndarray

        Returns
        -------
        dict of str to Word
            By the name of the field, in the order of the template. A blank field has the text "" and no letters. Boxes
            are in pixels of the picture.

        Raises
        ------
        PictureError
            If the picture cannot be opened, or reading it takes longer than the timeout of the reader.
        DataError
            If a box is outside of the picture.
        """
        grey = open_picture(picture)
        for field in self.fields:
            _check_inside(field, grey.shape, picture)
        with deadline(self._timeout, partial(describe, picture)):
            return {field.name: self._read_field(field, grey[Box(*field.box).slices]) for field in self.fields}

    def _read_field(self, field: FormField, grey: Any) -> Word:
        box = Box(*field.box)
        try:
            return _moved(self._readers[field.name].read(grey), box.left, box.top)
        except PictureError:
            check_time()
            return Word(box, (), "", 0.0)  # it holds no writing


def _reader_of(field: FormField, base: WordReader) -> WordReader:
    """Return a fitted reader with the alphabet and the lexicon of a field."""
    try:
        return restricted_reader(base, alphabet=field.alphabet, lexicon=field.lexicon)
    except DataError as error:
        raise DataError(f"field {field.name!r}, {error}") from None


def restricted_reader(
    reader: WordReader, *, alphabet: str | None = None, lexicon: Lexicon | Iterable[str] | Path | None = None
) -> WordReader:
    """Return a copy of a reader that reads some of its letters only, or expects other words.

    Parameters
    ----------
    reader : WordReader
        Fitted; it is not changed, and the copy uses the same models.
    alphabet : str, default=None
        Letters that can occur, or ranges of letters such as ``"A-Z0-9"``. None allows all letters of the reader.
    lexicon : Lexicon, iterable of str or Path, default=None
        Expected words, or a file of words as `Lexicon.from_file` reads it. None takes the lexicon of the reader.

    Returns
    -------
    WordReader

    Raises
    ------
    DataError
        If the alphabet has other letters than the reader, or the lexicon cannot be read or spelled.

    Examples
    --------
    >>> from ensemble_hwr import WordReader
    >>> from ensemble_hwr.reading.fields import restricted_reader
    >>> "".join(restricted_reader(WordReader().fit(), alphabet="XIV").classes_)
    'IVX'
    """
    copied = copy(reader)
    if alphabet is not None:
        copied.limit(_narrowed(alphabet, reader))
    words = lexicon
    if words is None and alphabet is not None:
        words = reader.lexicon_
    if words is not None:
        try:
            if not isinstance(words, Lexicon):
                words = Lexicon.from_file(words) if isinstance(words, Path) else Lexicon(words)
            copied.expect(words)
        except DataError as error:
            raise DataError(f"lexicon: {error}") from None
    return copied


def _narrowed(chosen: str, reader: WordReader) -> Alphabet:
    """Return an alphabet as a part of a reader's; raise an error for letters that the reader cannot read."""
    known: dict[str, tuple[str, ...]] = {letter: (letter,) for letter in reader.classes_.tolist()}
    if reader.alphabet_ is not None:
        known = dict(reader.alphabet_.parts)
    known.update((mark, (mark,)) for mark in reader.marks_)
    if chosen in (LETTERS, SHAPES):
        letters = parse_alphabet(chosen).classes
    else:  # a field may have one letter only, or name a letter twice
        letters = tuple(dict.fromkeys(list_characters(chosen)))
    unknown = sorted(set(letters) - set(known))
    if unknown:
        raise DataError(
            f"alphabet: {''.join(unknown)!r} cannot be read; the letters of the model are "
            f"{''.join([*reader.classes_.tolist(), *reader.marks_])!r}"
        )
    return Alphabet(chosen, tuple((letter, known[letter]) for letter in letters))


def _check_inside(field: FormField, shape: tuple[int, ...], picture: Picture) -> None:
    """Raise an error if the box of a field is outside of a picture."""
    height, width = shape[:2]
    if field.box[2] > width or field.box[3] > height:
        raise DataError(
            f"{describe(picture)}: the box {field.box} of field {field.name!r} is outside of the picture "
            f"of {width} x {height} pixels; correct the template, or scan the form at its size"
        )


def _moved(word: Word, right: int, down: int) -> Word:
    """Return a word whose boxes are shifted by some pixels."""
    letters = tuple(_moved_letter(letter, right, down) for letter in word.letters)
    return replace(word, box=word.box.moved(right, down), letters=letters)


def _moved_letter(letter: Letter, right: int, down: int) -> Letter:
    box = letter.box.moved(right, down)
    return Letter(box, letter.text, letter.confidence, letter.alternatives, letter.span, letter.row)
