"""What a comparison is given, checked before anything is fitted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from numbers import Integral
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ensemble_hwr.evaluation._scaling import EqualParameters
from ensemble_hwr.exceptions import ConfigError, DataError

Contender: TypeAlias = Any  # a classifier or EqualParameters; scikit-learn is untyped
Division = tuple[NDArray[np.intp], NDArray[np.intp]]
Split = tuple[ArrayLike, ArrayLike] | Callable[[int], tuple[ArrayLike, ArrayLike]]


def check_contenders(contenders: Mapping[str, Contender]) -> None:
    """Refuse contenders that cannot be compared."""
    if not isinstance(contenders, Mapping) or not contenders:
        raise ConfigError(
            f"there is no contender in {contenders!r}; give a mapping of names to classifiers, one at least."
        )
    for name, contender in contenders.items():
        if not isinstance(name, str) or not name:
            raise ConfigError(f"contender {name!r} has no name; a name is a text of one character or more.")
        if isinstance(contender, EqualParameters):
            reference = contenders.get(contender.reference)
            if reference is None or isinstance(reference, EqualParameters):
                raise ConfigError(
                    f"contender {name!r} is to have as many parameters as {contender.reference!r}, "
                    f"which is not among the contenders {list(contenders)}; add it."
                )
        elif isinstance(contender, type):
            raise ConfigError(
                f"contender {name!r} is the class {contender.__name__}; give an object: {contender.__name__}()."
            )
        elif not hasattr(contender, "predict_proba"):
            raise ConfigError(
                f"contender {name!r} is a {type(contender).__name__} without predict_proba; "
                "wrap it in sklearn.calibration.CalibratedClassifierCV."
            )


def check_letters(rows: NDArray[Any], labels: NDArray[Any]) -> None:
    """Refuse rows and labels that do not fit together."""
    if rows.ndim != 2 or labels.ndim != 1 or len(rows) != len(labels):
        raise DataError(
            f"there are rows of shape {rows.shape} and labels of shape {labels.shape}; "
            "rows are a table, and every row needs one label."
        )
    if rows.dtype.kind not in "fiub" or not np.isfinite(rows).all():
        raise DataError(
            f"rows, of dtype {rows.dtype}, must be finite numbers; mend or leave out the letters that are not."
        )
    missing = labels.dtype.kind == "f" and np.isnan(labels).any()
    if missing or len({type(label) for label in labels.tolist()}) > 1:
        raise DataError("labels must be all of one type, and none of them missing; make them all text.")


def checked_seeds(seeds: Iterable[int]) -> tuple[int, ...]:
    """Return the seeds, each once."""
    chosen = tuple(dict.fromkeys(seeds))
    odd = [seed for seed in chosen if not isinstance(seed, Integral) or not 0 <= seed < 2**32]
    if odd or not chosen:
        got = repr(odd[0]) if odd else "none"
        raise ConfigError(f"seeds: got {got}; give one or more whole numbers from 0 to {2**32 - 1}.")
    return tuple(int(seed) for seed in chosen)


def of_each_letter(values: ArrayLike, name: str, kinds: str, n_letters: int) -> NDArray[Any]:
    """Return what must have one value for each letter."""
    array = np.asarray(values)
    if array.shape != (n_letters,) or array.dtype.kind not in kinds:
        allowed = "True or False" if kinds == "b" else "a number"
        raise DataError(
            f"{name} has shape {array.shape} and dtype {array.dtype}; give {allowed} for each of the "
            f"{n_letters} letters."
        )
    return array


def division(split: Split, seed: int, rows: NDArray[Any], labels: NDArray[Any]) -> Division:
    """Return the letters to fit on and to test on, checked."""
    parts = split(seed) if callable(split) else split
    if not isinstance(parts, Sequence) or len(parts) != 2:
        raise DataError(f"split: got {type(parts).__name__}; give a pair of indices to fit on and indices to test on.")
    train, test = (
        _positions(name, np.asarray(part), len(rows)) for name, part in zip(("train", "test"), parts, strict=True)
    )
    both = np.intersect1d(train, test)
    if len(both):
        raise DataError(
            f"{len(both)} letters are in the train part and in the test part, letter {both[0]} among them; "
            "a letter that was learned cannot test."
        )
    if len(np.unique(labels[train])) < 2:
        raise DataError(f"the train part holds 1 class only, {labels[train][0]!r}; it needs two or more.")
    return train, test


def _positions(name: str, part: NDArray[Any], n_letters: int) -> NDArray[np.intp]:
    """Return the letters of one part by position."""
    if part.dtype == bool and part.shape == (n_letters,):
        part = np.flatnonzero(part)
    if part.ndim != 1 or part.dtype.kind not in "iu" or not len(part) or part.min() < 0 or part.max() >= n_letters:
        raise DataError(
            f"the {name} part must hold indices from 0 to {n_letters - 1}, and at least one, or True or False for each "
            f"letter; got shape {part.shape} and dtype {part.dtype}."
        )
    return part.astype(np.intp)
