"""Specifications of values, of which the schemas of estimators in model files are made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

LARGEST = 1e15  # greatest magnitude of a number: two of them can be multiplied in single precision
SMALLEST = 1e-30  # least value of a divisor
MAX_FEATURES = 1_000_000
MAX_PIXELS_OF_ROW = 512**2


@dataclass(frozen=True)
class Array:
    """Array of some kinds of dtype; dimensions of one name are equal, and ``?`` is any length."""

    kinds: str
    shape: tuple[str | int, ...]
    low: float = -LARGEST
    high: float = LARGEST
    below: str | None = None  # dimension that all values are indices into
    dtype: str | None = None
    nan: bool = False
    or_none: bool = False


@dataclass(frozen=True)
class Number:
    """Number within a range, or None if that is allowed."""

    low: float = -LARGEST
    high: float = LARGEST
    whole: bool = False
    or_none: bool = False


@dataclass(frozen=True)
class Either:
    """Value of one of two specifications."""

    first: Any
    second: Any


@dataclass(frozen=True)
class OneOf:
    """One of some values."""

    choices: tuple[Any, ...]


@dataclass(frozen=True)
class Fitted:
    """Fitted estimator; its classes are those of the estimator that holds it, their positions, or free."""

    classes: str = "free"  # "same", "positions" or "free"
    transforms: bool = False
    or_none: bool = False


@dataclass(frozen=True)
class Each:
    """List or tuple whose items have one specification; `length` is the name of a dimension, ``?`` any."""

    item: Any
    length: str = "?"


@dataclass(frozen=True)
class Named:
    """Mapping of texts to values of one specification."""

    value: Any


@dataclass(frozen=True)
class Classes:
    """Sorted unique labels; their number is the dimension ``classes``."""

    own: bool = True  # else any subset of the classes


@dataclass(frozen=True)
class Plain:
    """Numbers, texts, arrays of them, and lists and mappings of these."""


@dataclass(frozen=True)
class Derived:
    """Object that the estimator itself makes of its other attributes on loading."""


@dataclass(frozen=True)
class Schema:
    """What an estimator of one class may hold.

    Attributes
    ----------
    fitted : mapping
        Attributes of every fitted estimator.
    optional : mapping
        Attributes that only some have.
    limits : mapping
        Ranges of parameters, narrower than those that the class validates itself.
    bounds : tuple of str
        Parameters that bound the work on a picture; values above the default of the class are not taken from a file.
    rule : callable, optional
        Returns what is wrong with attributes that are each valid, or None.
    finish : callable, optional
        Changes a fitted estimator after all checks, in place.
    """

    fitted: Mapping[str, Any] = field(default_factory=dict)
    optional: Mapping[str, Any] = field(default_factory=dict)
    limits: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    bounds: tuple[str, ...] = ()
    rule: Callable[[Any], str | None] | None = None
    finish: Callable[[Any], None] | None = None


COMMON: Mapping[str, Any] = {  # attributes of most estimators
    "n_features_in_": Number(1, MAX_FEATURES, whole=True),
    "feature_names_in_": Array("U", ("features",)),
    "_sklearn_output_config": OneOf(({}, {"transform": "default"})),
}


def floats(*shape: str | int, low: float = -LARGEST, high: float = LARGEST) -> Array:
    """Return the specification of an array of floating-point numbers."""
    return Array("f", shape, low, high)
