"""What a config file may say of the letters: where they are, how they are divided, added to and balanced."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ensemble_hwr.config._problems import problem, refuse


class Section(BaseModel):
    """A table of the config: frozen, without unknown keys, every value of its own type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


Texts = Annotated[tuple[str, ...], Field(strict=False)]  # a TOML list, kept as a tuple
Positive = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Seed = Annotated[int, Field(ge=0, le=2**32 - 1)]
Letters = Annotated[str, Field(min_length=2)]


class _Letters(Section):
    """Keys that every form of data has."""

    letters: Letters | None = None  # these letters only, such as "ABCDE"
    max_per_class: Positive | None = None  # at most so many of each letter, drawn at random with seed 0


class _StoredLetters(_Letters):
    path: Annotated[str, Field(min_length=1)]


class GeneratedData(_Letters):
    """Letters drawn by the library itself: no file is needed."""

    format: Literal["generated"]
    n: Annotated[int, Field(ge=26, le=10_000_000)] = 5200
    writers: Positive = 40
    random_state: Seed = 0


class FolderData(_StoredLetters):
    """A folder for each letter, named after it, with pictures inside."""

    format: Literal["folder"]


class IndexData(_StoredLetters):
    """A folder with an index.csv that names pictures, labels, sources, writers and a division."""

    format: Literal["index"]
    sources: Annotated[tuple[str, ...], Field(strict=False, min_length=1)] | None = None
    drop_upside_down: bool = True


class KaggleData(_StoredLetters):
    """A CSV file: label 0 to 25, then 784 pixels, a line for each letter."""

    format: Literal["kaggle"]
    header: bool | None = None  # whether line 1 names the columns; found out where not said


class EmnistData(_StoredLetters):
    """EMNIST as published: idx, idx.gz, gzip.zip or .mat."""

    format: Literal["emnist"]
    split: Literal["letters", "byclass", "bymerge", "balanced"] = "letters"
    uppercase_only: bool = False


class NistData(_StoredLetters):
    """NIST Special Database 19: the by_class folders or their archive."""

    format: Literal["nist"]
    parts: Annotated[tuple[str, ...], Field(strict=False, min_length=1)] = ("train", "hsf_4")


class NpzData(_StoredLetters):
    """An .npz file that the library wrote."""

    format: Literal["npz"]


Data = Annotated[
    GeneratedData | FolderData | IndexData | KaggleData | EmnistData | NistData | NpzData,
    Field(discriminator="format"),
]

StoredData = Annotated[
    FolderData | IndexData | KaggleData | EmnistData | NistData | NpzData,
    Field(discriminator="format"),
]


class PredefinedSplit(Section):
    """The division that the data came with."""

    kind: Literal["predefined"]


class SourcesSplit(Section):
    """Some sources to learn from, others to be tested on."""

    kind: Literal["sources"]
    train: Annotated[Texts, Field(min_length=1)]
    test: Annotated[Texts, Field(min_length=1)]

    @model_validator(mode="after")
    def _apart(self) -> Self:
        both = sorted(set(self.train) & set(self.test))
        if both:
            refuse("split", [problem(("test",), f"source {both[0]!r} is in train too; keep it in one of them", both)])
        return self


class RandomSplit(Section):
    """A division drawn at random, letter by letter, source by source or writer by writer."""

    kind: Literal["random"]
    test_size: Annotated[float, Field(gt=0, lt=1)] = 0.2
    by: Literal["letter", "source", "writer"] = "letter"
    random_state: Seed = 0
    redraw: bool = False  # a new division for every seed of the comparison


Split = Annotated[PredefinedSplit | SourcesSplit | RandomSplit, Field(discriminator="kind")]


class ExtraLetters(Section):
    """Generated letters in the training part, beside the config's own."""

    generated: Positive
    writers: Positive = 100
    random_state: Seed = 0


class MemberExtra(Section):
    """Letters that one member learns from beside everybody's: generated, from elsewhere, or both."""

    generated: Annotated[int, Field(ge=0)] = 0  # of its own labels alone
    writers: Positive = 100
    random_state: Seed = 1
    data: StoredData | None = None
    per_class: Annotated[int, Field(ge=0)] | None = None  # at most so many of each from `data`, drawn at random

    @property
    def is_empty(self) -> bool:
        """Whether there are none."""
        return not self.generated and (self.data is None or self.per_class == 0)

    @model_validator(mode="after")
    def _something_to_limit(self) -> Self:
        if self.per_class is not None and self.data is None:
            text = "limits the letters of extra.data, and there are none; declare them, or leave it out"
            refuse("extra", [problem(("per_class",), text, self.per_class)])
        return self


class NoBalance(Section):
    """Training letters as they are."""

    method: Literal["none"]


class CapBalance(Section):
    """At most so many training letters of each class, by default as many as the median class has."""

    method: Literal["cap"]
    per_class: Positive | None = None


class OversampleBalance(Section):
    """Rare letters repeated until each class has so many, by default as many as the most common one."""

    method: Literal["oversample"]
    per_class: Positive | None = None


class WeightsBalance(Section):
    """Every class weighs the same; needs estimators that take ``sample_weight``."""

    method: Literal["weights"]


Balance = Annotated[NoBalance | CapBalance | OversampleBalance | WeightsBalance, Field(discriminator="method")]
