"""Parameters, bodies and results of the HTTP interface, as the OpenAPI document shows them."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

_MAX_COORDINATE = 20_000.0  # units of 1/96 inch
_MAX_TIME = 1e9

Coordinate = Annotated[float, Field(ge=-_MAX_COORDINATE, le=_MAX_COORDINATE, allow_inf_nan=False)]
Time = Annotated[float, Field(ge=-_MAX_TIME, le=_MAX_TIME, allow_inf_nan=False)]
Pressure = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
StrokePoint = (
    tuple[Coordinate, Coordinate] | tuple[Coordinate, Coordinate, Time] | tuple[Coordinate, Coordinate, Time, Pressure]
)
Letters = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        description="Letters that can occur, such as ABC or A-Z; letters ignores case. All by default.",
    ),
]
Name = Annotated[str, Field(min_length=1, max_length=60, description="Name of a lexicon, as /v1/models lists them.")]


class ReadQuery(BaseModel):
    """Parameters of all requests that read."""

    model_config = ConfigDict(extra="forbid")

    format: Annotated[Literal["json", "text", "csv", "hocr", "alto"], Field(description="Form of the result.")] = "json"
    alphabet: Letters | None = None
    lexicon: Name | None = None
    n_best: Annotated[int, Field(ge=1, le=20, description="Readings per word or letter, including the best.")] = 5
    min_confidence: Annotated[
        float, Field(ge=0, le=1, description="Results below are replaced by a question mark.")
    ] = 0.0
    details: Annotated[bool, Field(description="Add to each letter of JSON its 784 pixels in Base64.")] = False


class PictureQuery(ReadQuery):
    """Parameters of requests that read pictures."""

    preview: Annotated[bool, Field(description="Add to each result of JSON its picture, as a data URL.")] = False
    pages: (
        Annotated[
            str,
            Field(
                max_length=200, pattern=r"^[0-9]+(-[0-9]*)?(,[0-9]+(-[0-9]*)?)*$", description="Such as 1-3,5 or 4-."
            ),
        ]
        | None
    ) = None


class StrokesQuery(ReadQuery):
    """Parameters of requests that read strokes."""

    layout: Annotated[Literal["page", "word"], Field(description="Lines of words, or one word.")] = "page"


class Strokes(BaseModel):
    """Pen strokes: the file that ``ensemble-hwr draw`` saves, with pressure as an option."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"strokes": [[[40, 0], [40, 90]], [[0, 0], [80, 0]]]}]})

    strokes: Annotated[
        list[Annotated[list[StrokePoint], Field(min_length=1)]],
        Field(
            min_length=1,
            description="Strokes in the order of writing; each is a list of points [x, y], [x, y, t] or "
            "[x, y, t, pressure]: 1/96 inch from the upper left corner to the right and downwards, seconds, 0 to 1.",
        ),
    ]
    words: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=100)]],
        Field(max_length=10_000, description="Expected words, instead of a lexicon."),
    ] = []


class Pixels(BaseModel):
    """A letter as the reader classified it: the field "pixels" of a result."""

    pixels: Annotated[str, Field(min_length=1048, max_length=1048, description="784 bytes in Base64; 255 is ink.")]

    @field_validator("pixels")
    @classmethod
    def _is_base64(cls, text: str) -> str:
        try:
            size = len(base64.b64decode(text, validate=True))
        except binascii.Error:
            raise ValueError("is not Base64") from None
        if size != 784:
            raise ValueError(f"has {size} bytes, expected 784")
        return text


class KeptLetter(Pixels):
    """A letter as the reader classified it, and its right label."""

    letter: Annotated[str, Field(min_length=1, max_length=10, description="A letter of the model, in either case.")]


class KeptLetters(BaseModel):
    """Letters for the profile."""

    letters: Annotated[list[KeptLetter], Field(min_length=1, max_length=500)]


class WordQuery(BaseModel):
    """Parameters of a word for the profile."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(min_length=1, max_length=100, pattern=r"\S", description="The right text of the word.")]


class Gain(BaseModel):
    """Estimated gain on letters that the model was not adapted by; null where there are too few."""

    n_samples: int
    error_before: float | None
    error_after: float | None
    difference: float | None
    low: float | None
    high: float | None
    significant: bool


class ProfileState(BaseModel):
    """The profile of the writer, and what is gained by it."""

    name: str
    letters: int
    counts: dict[str, int]
    state: Literal["empty", "waiting", "adapting", "adapted"]
    gain: Gain | None
    summary: str
    kept: int | None = None
    uncertain: int | None = None


class Alternative(BaseModel):
    """Another reading of a word."""

    text: str
    probability: float


class IssueResult(BaseModel):
    """A sign that a reading may be wrong, and its likely cause."""

    kind: Literal["unreadable", "turned", "solid", "faint", "uncertain"]
    message: str


class LetterAlternative(BaseModel):
    """Another letter."""

    letter: str
    probability: float


class LetterResult(BaseModel):
    """A letter of a word; its box is left, top, right, bottom."""

    letter: str
    probability: float | None
    box: tuple[int, int, int, int]
    alternatives: list[LetterAlternative] | None = None
    pixels: str | None = None


class WordPart(BaseModel):
    """A word of a line."""

    text: str
    confidence: float | None
    box: tuple[int, int, int, int]
    letters: list[LetterResult]
    alternatives: list[Alternative] | None = None


class LinePart(BaseModel):
    """A line of words."""

    text: str
    box: tuple[int, int, int, int]
    words: list[WordPart]


class _Source(BaseModel):
    path: str
    page: int
    preview: str | None = None


class LetterOfPicture(_Source):
    """The letter in a picture."""

    text: str
    probability: float
    alternatives: list[Alternative]
    issues: list[IssueResult] | None = None


class WordOfPicture(_Source, WordPart):
    """The word in a picture."""

    issues: list[IssueResult] | None = None


class PageOfPicture(_Source):
    """The lines of words in a picture."""

    text: str
    width: int
    height: int
    skew: float
    orientation: int
    orientation_confidence: float | None = None
    lines: list[LinePart]
    issues: list[IssueResult] | None = None


class Failure(BaseModel):
    """A picture that could not be read."""

    path: str
    page: int
    detail: str


class LetterResults(BaseModel):
    """Results of /v1/letters: one per page of each file."""

    results: list[LetterOfPicture]
    errors: list[Failure]


class WordResults(BaseModel):
    """Results of /v1/words: one per page of each file."""

    results: list[WordOfPicture]
    errors: list[Failure]


class PageResults(BaseModel):
    """Results of /v1/pages: one per page of each file."""

    results: list[PageOfPicture]
    errors: list[Failure]


class StrokesResults(BaseModel):
    """Result of /v1/strokes."""

    results: list[PageOfPicture | WordOfPicture]
    errors: list[Failure]


class LexiconInfo(BaseModel):
    """A loaded lexicon."""

    name: str
    words: int


class Models(BaseModel):
    """What the server can read."""

    model: str
    letters: str
    explains: bool
    lexicons: list[LexiconInfo]
    profile: str | None = None


class Change(BaseModel):
    """Probability of a letter before and after a member."""

    letter: str
    before: float
    after: float


class Step(BaseModel):
    """What a member changed."""

    member: str
    letters: str
    trust: float
    changes: list[Change]


class ExplanationResult(BaseModel):
    """How the router and the members decided on a letter."""

    router: list[LetterAlternative]
    steps: list[Step]
    temperature: float
    result: list[LetterAlternative]
    text: str


class ProblemDocument(BaseModel):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the errors of an operation for its documentation."""
    content = {"application/problem+json": {"schema": ProblemDocument.model_json_schema()}}
    return {status: {"description": "Problem", "content": content} for status in statuses}
