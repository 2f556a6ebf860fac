"""Tasks of a reading process: pictures and strokes are read in the formats of ``ensemble-hwr read``, or explained."""

from __future__ import annotations

import base64
import io
import json
import warnings
from collections.abc import Callable, Iterator
from copy import copy
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ensemble_hwr._formats import (
    DIGITS,
    LETTER_COLUMNS,
    WORD_COLUMNS,
    NamedPicture,
    OutputOptions,
    Predictions,
    csv_lines,
    letter_printer,
    reading_printer,
)
from ensemble_hwr._typing import Rows
from ensemble_hwr.adaptation import adapted_classifier
from ensemble_hwr.adaptation.profiles import Profile
from ensemble_hwr.alphabets import LETTERS, SHAPES, restrict
from ensemble_hwr.canvas import Drawing
from ensemble_hwr.canvas.recognizer import load_letter_model, read_drawing
from ensemble_hwr.canvas.sheets import read_sheet
from ensemble_hwr.exceptions import DataError, PictureError
from ensemble_hwr.images import open_picture
from ensemble_hwr.images.pages import PageRanges, open_pages
from ensemble_hwr.images.sources import describe
from ensemble_hwr.reading import Lexicon, Page, Word, WordReader, to_alto, to_hocr
from ensemble_hwr.reading.fields import restricted_reader
from ensemble_hwr.reading.issues import Issue, letter_issues
from ensemble_hwr.reading.models import split_pipeline
from ensemble_hwr.web._messages import (
    MEDIA_TYPES,
    Answer,
    Explain,
    Options,
    ProfileTask,
    ReadPictures,
    ReadStrokes,
    Task,
)
from ensemble_hwr.web._writer import Writer

if TYPE_CHECKING:
    from ensemble_hwr.web.settings import ServerSettings

_N_READERS = 16  # readers with a lexicon or an alphabet of their own that are kept
_PREVIEW_SIDE = 1600  # pixels
_CERTAIN = 0.9  # probability of a letter from which on its contrast is not measured


class Recognition:
    """Models and lexicons of a process, and what it does with them.

    Parameters
    ----------
    settings : ServerSettings

    Attributes
    ----------
    warnings : list of str
        Problems of the lexicons, such as words that are left out.
    """

    def __init__(self, settings: ServerSettings) -> None:
        self._settings = settings
        model = load_letter_model(settings.model)
        self._normalizer, self._classifier = split_pipeline(model)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", UserWarning)
            self._base = self._adapted_reader(model)
            letters = self._base.classes_.tolist()
            self._lexicons = {
                name: Lexicon.from_file(file).spelled_with(letters) for name, file in settings.lexicons.items()
            }
        self.warnings = [str(warning.message) for warning in caught]
        self._reader = lru_cache(_N_READERS)(self._make_reader)
        self._writer: Writer | None = None
        if settings.profile is not None:
            self._writer = Writer(Profile(settings.profile), model, self._adapted_reader, self._open)
        self._warm_up()

    def describe(self) -> dict[str, Any]:
        """Return the model and the lexicons, for ``/v1/models``."""
        return {
            "model": self._settings.model.rpartition("/")[2],
            "letters": "".join(self._base.classes_.tolist()),
            "explains": hasattr(self._classifier, "explain"),
            "lexicons": [{"name": name, "words": len(words)} for name, words in self._lexicons.items()],
            "profile": self._settings.profile,
        }

    def follow_profile(self) -> None:
        """Adapt to the letters of the profile, if there is one: in the background, for tasks that come later."""
        if self._writer is None:
            return
        self._writer.update()
        if self._base is not self._writer.adapted.reader:
            self._base = self._writer.adapted.reader
            self._reader.cache_clear()

    def perform(self, task: Task) -> Answer:
        """Perform a task; raise ``PictureError`` or ``DataError`` for what cannot be read."""
        self.follow_profile()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of words and pages that are left out
            if isinstance(task, ReadPictures):
                return self._read_pictures(task)
            if isinstance(task, ReadStrokes):
                return self._read_strokes(task)
            return self._explain(task) if isinstance(task, Explain) else self._use_profile(task)

    def _adapted_reader(self, model: Any) -> WordReader:
        """Return the reader of a model, with the letters that the settings allow."""
        settings = self._settings
        reader: WordReader = WordReader(model, alphabet=settings.alphabet, timeout=settings.limits.seconds).fit()
        return reader

    def _open(self, data: bytes) -> Any:
        """Return the first page of a file."""
        page = next(_pages("picture", data, Options(), self._settings))
        if isinstance(page, NamedPicture):
            return page.data
        raise PictureError(_named(page, "picture", data))

    def _use_profile(self, task: ProfileTask) -> Answer:
        if self._writer is None:
            raise DataError("there is no profile; start the server with --profile NAME")
        found = self._writer.perform(task)
        self.follow_profile()
        return Answer("application/octet-stream", found) if isinstance(found, bytes) else _json(found)

    def _warm_up(self) -> None:
        """Read a word once: functions import packages when they are first used."""
        tee = (((40.0, 0.0), (40.0, 90.0)), ((0.0, 0.0), (80.0, 0.0)))
        self._read_strokes(ReadStrokes(tee))
        ink = np.full((80, 80), 255, np.uint8)
        ink[15:20, 15:65] = ink[15:65, 38:43] = 0
        for read in (self._base.read, self._base.read_page):
            read(ink)

    def _make_reader(
        self, alphabet: str | None, lexicon: str | None, words: tuple[str, ...], n_best: int
    ) -> WordReader:
        if lexicon is not None and lexicon not in self._lexicons:
            loaded = ", ".join(map(repr, self._lexicons)) or "none is loaded"
            raise DataError(f"lexicon: there is no {lexicon!r}; choose from: {loaded}")
        expected = Lexicon(words, name="words") if words else None if lexicon is None else self._lexicons[lexicon]
        base = self._base
        if alphabet in (LETTERS, SHAPES) and base.alphabet is None:  # classes of the model that are read as one
            base, alphabet = copy(base).set_params(alphabet=alphabet).fit(), None
        reader = restricted_reader(base, alphabet=alphabet or None, lexicon=expected)
        reader.n_best = n_best
        return reader

    def _reader_for(self, options: Options) -> WordReader:
        return self._reader(options.alphabet, options.lexicon, options.words, options.n_best)

    def _read_pictures(self, task: ReadPictures) -> Answer:
        options = task.options
        reader = self._reader_for(options)
        output = OutputOptions(options.format, False, options.min_confidence, paths=len(task.files) > 1)
        show: Callable[[NamedPicture, Any], Any]
        read: Callable[[Any], Any]
        if task.kind == "letters":
            printer = letter_printer(output)
            read, show = self._letter_reader(reader, options.n_best), lambda page, found: printer(page, *found)
        else:
            read, show = (reader.read_page if task.kind == "pages" else reader.read), reading_printer(output)
        results = _Results(options, LETTER_COLUMNS if task.kind == "letters" else WORD_COLUMNS)
        for name, data in task.files:
            for page in _pages(name, data, options, self._settings):
                try:
                    if not isinstance(page, NamedPicture):
                        raise page
                    found: Any = read(page.data)
                    results.add(page, found, show(page, found))
                except PictureError as error:
                    results.fail(name, page.page if isinstance(page, NamedPicture) else 1, _named(error, name, data))
        return results.answer()

    def _letter_reader(self, reader: WordReader, n_best: int) -> Callable[[Any], tuple[Predictions, tuple[Issue, ...]]]:
        """Return a function of a picture that returns its most probable letters, and signs that they may be wrong."""
        if self._normalizer is None:
            raise DataError("the model reads rows of pixels, not pictures of letters")
        normalizer, letters = self._normalizer, reader.classes_.tolist()

        def read(picture: Any) -> tuple[Predictions, tuple[Issue, ...]]:
            rows = normalizer.transform([picture])
            found = reader.classifier_.predict_proba(rows)
            if reader.alphabet_ is not None:
                found, _ = restrict(found, reader.letters_, reader.alphabet_)
            probability = found[0]
            best = np.argsort(-probability, kind="stable")[:n_best].tolist()
            predictions = [(letters[i], float(probability[i])) for i in best]
            grey = open_picture(picture) if predictions[0][1] < _CERTAIN else None
            return predictions, letter_issues(rows[0], predictions[0][1], grey)

        return read

    def _read_strokes(self, task: ReadStrokes) -> Answer:
        drawing = Drawing.from_arrays([[(*point, 0.0)[:3] for point in stroke] for stroke in task.strokes])
        reader = self._reader_for(task.options)
        found = read_sheet(reader, drawing) if task.as_page else read_drawing(reader, drawing)
        options = OutputOptions(task.options.format, False, task.options.min_confidence, paths=False)
        width, height = drawing.extent
        paper = np.broadcast_to(np.uint8(255), (int(height) + 1, int(width) + 1))  # its size is that of a document
        page = NamedPicture("strokes", paper)  # type: ignore[arg-type]
        results = _Results(task.options, WORD_COLUMNS)
        results.add(page, found, reading_printer(options)(page, found))
        return results.answer()

    def _explain(self, task: Explain) -> Answer:
        if not hasattr(self._classifier, "explain"):
            raise DataError("the model has no members whose decisions could be explained")
        if task.is_pixels:
            row: Rows = np.frombuffer(task.picture, np.uint8).astype(np.float32)[None] / np.float32(255)
        else:
            if self._normalizer is None:
                raise DataError("the model reads rows of pixels, not pictures of letters")
            try:
                row = self._normalizer.transform([task.picture])
            except PictureError as error:
                raise PictureError(_named(error, "picture", task.picture)) from None
        explained = _explained(self._classifier.explain(row))
        if self._writer is not None:
            _add_writer(explained, self._writer.adapted.found.model, row)
        return _json(explained)


class _Results:
    """Results of a request, collected page by page."""

    def __init__(self, options: Options, columns: tuple[str, ...]) -> None:
        self._options, self._columns = options, columns
        self._shown: list[Any] = []
        self._pages: dict[int, Page] = {}
        self._names: list[str] = []
        self._failures: list[dict[str, Any]] = []

    def add(self, picture: NamedPicture, found: Any, shown: str | Page) -> None:
        """Add what was read on a page."""
        self._names.append(picture.name)
        if isinstance(shown, Page):
            self._pages[picture.page] = shown
        elif self._options.format == "json" and (self._options.details or self._options.preview):
            self._shown.append(json.dumps(self._detailed(json.loads(shown), picture, found)))
        else:
            self._shown.append(shown)

    def fail(self, name: str, page: int, reason: str) -> None:
        """Add a page that cannot be read."""
        self._failures.append({"path": name, "page": page, "detail": reason})

    def answer(self) -> Answer:
        """Return all results in the format of the request; raise ``PictureError`` if there are none."""
        kind = self._options.format
        if self._failures and (kind != "json" or not self._shown):
            raise PictureError("; ".join(failure["detail"] for failure in self._failures[:5]))
        if kind == "json":
            text = f'{{"results": [{", ".join(self._shown)}], "errors": {json.dumps(self._failures)}}}'
        elif kind == "csv":
            text = "\n".join([csv_lines([list(self._columns)]), *filter(None, self._shown), ""])
        elif kind == "text":
            text = "\n".join([*self._shown, ""])
        else:
            if len(set(self._names)) > 1:
                raise DataError(f"format: {kind} has one document per file; send one file")
            text = (to_hocr if kind == "hocr" else to_alto)(self._pages, image=self._names[0])
        return Answer(MEDIA_TYPES[kind], text.encode())

    def _detailed(self, exported: dict[str, Any], picture: NamedPicture, found: Any) -> dict[str, Any]:
        """Add the pixels of letters, and the picture, to a result."""
        if self._options.details and isinstance(found, Word | Page):
            for letter, entry in zip(_letters(found), _exported_letters(exported), strict=True):
                if letter.row is not None:
                    pixels = np.rint(np.clip(letter.row, 0, 1) * 255).astype(np.uint8)
                    entry["pixels"] = base64.b64encode(pixels.tobytes()).decode()
        if self._options.preview:
            exported["preview"] = _preview(picture.data)
        return exported


def _pages(name: str, data: bytes, options: Options, settings: ServerSettings) -> Iterator[NamedPicture | PictureError]:
    """Yield the pages of a file, or the reason why it cannot be opened."""
    limits = settings.limits
    try:
        chosen = PageRanges.parse(options.pages) if options.pages else None
    except ValueError as error:
        raise DataError(str(error)) from None
    try:
        for page in open_pages(data, pages=chosen, max_pages=limits.pages, max_pixels=limits.pixels):
            yield NamedPicture(name, page, page.number, page.several)
    except PictureError as error:
        yield error


def _named(error: PictureError, name: str, data: bytes) -> str:
    """Return the message of an error with the name of the file."""
    return str(error).replace(describe(data), repr(name), 1)


def _letters(found: Word | Page) -> Iterator[Any]:
    if isinstance(found, Word):
        yield from found.letters
        return
    for line in found.lines:
        for word in line.words:
            yield from word.letters


def _exported_letters(exported: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for line in exported.get("lines", [{"words": [exported]}]):
        for word in line["words"]:
            yield from word["letters"]


def _preview(page: Any) -> str:
    """Return a page as a data URL of a JPEG, reduced to the size of a screen."""
    from PIL import Image

    image = Image.fromarray(page.grey if hasattr(page, "grey") else np.asarray(page))
    image.thumbnail((_PREVIEW_SIDE, _PREVIEW_SIDE))
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=80)
    return f"data:image/jpeg;base64,{base64.b64encode(stream.getvalue()).decode()}"


def _json(value: Any) -> Answer:
    return Answer(MEDIA_TYPES["json"], json.dumps(value).encode())


def _explained(explanation: Any) -> dict[str, Any]:
    """Return the explanation of one letter as plain dicts and lists."""
    letters = [str(label) for label in explanation.classes]

    steps = []
    for step in explanation.steps:
        for before, after in zip(step.before[:1], step.after[:1], strict=True):
            columns = list(step.member.columns)
            changed = sorted(columns, key=lambda i: -round(float(abs(after[i] - before[i])), DIGITS))[:3]
            changes = [_change(letters[i], before[i], after[i]) for i in changed]
            steps.append(
                {
                    "member": step.member.name,
                    "letters": "".join(letters[i] for i in columns),
                    "trust": round(float(step.trust), DIGITS),
                    "changes": changes,
                }
            )
    return {
        "router": _ranked(letters, explanation.router[0]),
        "steps": steps,
        "temperature": round(float(explanation.temperature), DIGITS),
        "result": _ranked(letters, explanation.result[0]),
        "text": explanation.text(0),
    }


def _add_writer(explained: dict[str, Any], model: Any, row: Rows) -> None:
    """Add what the expert of the writer changes, if the model is adapted."""
    adapted = adapted_classifier(model)
    if adapted is None or adapted.weight_ == 0.0:
        return
    letters = [str(label) for label in adapted.classes_]
    before, after = (classifier.predict_proba(row)[0] for classifier in (adapted.model_, adapted))
    changed = np.argsort(-np.abs(after - before).round(DIGITS), kind="stable")[:3].tolist()
    changes = [_change(letters[i], before[i], after[i]) for i in changed]
    labels = "".join(map(str, adapted.samples_per_class_))
    explained["steps"].append({"member": "writer", "letters": labels, "trust": adapted.weight_, "changes": changes})
    explained["result"] = _ranked(letters, after)


def _ranked(letters: list[str], probability: Any) -> list[dict[str, Any]]:
    """Return the three most probable letters."""
    best = np.argsort(-probability, kind="stable")[:3].tolist()
    return [{"letter": letters[i], "probability": round(float(probability[i]), DIGITS)} for i in best]


def _change(letter: str, before: Any, after: Any) -> dict[str, Any]:
    return {"letter": letter, "before": round(float(before), DIGITS), "after": round(float(after), DIGITS)}
