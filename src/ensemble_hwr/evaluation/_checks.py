"""Checks of the arguments of a comparison, before anything is fitted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from numbers import Integral
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ensemble_hwr._typing import Fold
from ensemble_hwr.evaluation.scaling import EqualMacs, EqualParameters
from ensemble_hwr.exceptions import ConfigError, DataError

Contender: TypeAlias = Any  # a classifier, EqualParameters or EqualMacs; scikit-learn is untyped
SCALED = (EqualParameters, EqualMacs)
Split = tuple[ArrayLike, ArrayLike] | Callable[[int], tuple[ArrayLike, ArrayLike]]


def check_contenders(contenders: Mapping[str, Contender]) -> None:
    """Raise ConfigError for contenders that cannot be compared."""
    if not isinstance(contenders, Mapping) or not contenders:
        raise ConfigError(f"contenders: got {contenders!r}; give a mapping of names to at least one classifier")
    for name, contender in contenders.items():
        if not isinstance(name, str) or not name:
            raise ConfigError(f"contenders: got the name {name!r}; a name is a non-empty string")
        if isinstance(contender, SCALED):
            reference = contenders.get(contender.reference)
            if reference is None or isinstance(reference, SCALED):
                thing = "MACs" if isinstance(contender, EqualMacs) else "number of parameters"
                raise ConfigError(
                    f"contender {name!r} needs the {thing} of {contender.reference!r}, which is not among the "
                    f"contenders {list(contenders)}; add it"
                )
        elif isinstance(contender, type):
            raise ConfigError(
                f"contender {name!r} is the class {contender.__name__}; give an instance: {contender.__name__}()"
            )
        elif not hasattr(contender, "predict_proba"):
            raise ConfigError(
                f"contender {name!r} is a {type(contender).__name__} without predict_proba; "
                "wrap it in sklearn.calibration.CalibratedClassifierCV"
            )


def checked_samples(X: Any, y: ArrayLike) -> tuple[Any, NDArray[Any], NDArray[Any]]:
    """Return the table to fit on, its values and the labels.

    A data frame is the table itself, so that contenders can select columns by name; it may hold texts and missing
    values. Anything else is converted to an array, which must be finite.
    """
    values, labels = np.asarray(X), np.asarray(y)
    is_frame = hasattr(X, "columns")
    _check_samples(values, labels, must_be_finite=not is_frame)
    if labels.dtype == object and labels.size and isinstance(labels[0], str):
        labels = labels.astype(str)
    return X if is_frame else values, values, labels


def _check_samples(rows: NDArray[Any], labels: NDArray[Any], *, must_be_finite: bool) -> None:
    """Raise DataError unless X is a table with one label for each row."""
    if rows.ndim != 2 or labels.ndim != 1 or len(rows) != len(labels):
        raise DataError(
            f"X has shape {rows.shape} and y has shape {labels.shape}; X must be 2-dimensional, with one label in y "
            "for each row"
        )
    if must_be_finite and (rows.dtype.kind not in "fiub" or not np.isfinite(rows).all()):
        raise DataError(f"X has dtype {rows.dtype} or holds NaN or infinity; it must hold finite numbers")
    missing = labels.dtype.kind == "f" and np.isnan(labels).any()
    if missing or len({type(label) for label in labels.tolist()}) > 1:
        raise DataError("y must hold labels of one type without missing values; convert them to strings")


def checked_seeds(seeds: Iterable[int]) -> tuple[int, ...]:
    """Return the seeds without repetitions."""
    chosen = tuple(dict.fromkeys(seeds))
    invalid = [seed for seed in chosen if not isinstance(seed, Integral) or not 0 <= seed < 2**32]
    if invalid or not chosen:
        got = repr(invalid[0]) if invalid else "none"
        raise ConfigError(f"seeds: got {got}; give one or more integers from 0 to {2**32 - 1}")
    return tuple(int(seed) for seed in chosen)


def one_per_sample(values: ArrayLike, name: str, kinds: str, n_samples: int) -> NDArray[Any]:
    """Return `values` as an array, checked to have one value per sample."""
    array = np.asarray(values)
    if array.shape != (n_samples,) or array.dtype.kind not in kinds:
        allowed = "booleans" if kinds == "b" else "numbers"
        raise DataError(
            f"{name} has shape {array.shape} and dtype {array.dtype}; give {allowed}, one for each of the "
            f"{n_samples} samples"
        )
    return array


def checked_split(split: Split, seed: int, labels: NDArray[Any]) -> Fold:
    """Return the indices of training and test samples for a seed."""
    parts = split(seed) if callable(split) else split
    if not isinstance(parts, Sequence) or len(parts) != 2:
        raise DataError(f"split: got {type(parts).__name__}; give a pair (train indices, test indices)")
    train, test = (
        _positions(name, np.asarray(part), len(labels)) for name, part in zip(("train", "test"), parts, strict=True)
    )
    both = np.intersect1d(train, test)
    if len(both):
        raise DataError(
            f"split: {len(both)} samples are both training and test samples, such as sample {both[0]}; "
            "test only on samples that are not trained on"
        )
    if len(np.unique(labels[train])) < 2:
        (label,) = set(labels[train].tolist())
        raise DataError(f"split: the train part has one class only, {label!r}; it needs two or more")
    return train, test


def _positions(name: str, part: NDArray[Any], n_samples: int) -> NDArray[np.intp]:
    """Return one part of a split as indices."""
    if part.dtype == bool and part.shape == (n_samples,):
        part = np.flatnonzero(part)
    if part.ndim != 1 or part.dtype.kind not in "iu" or not len(part) or part.min() < 0 or part.max() >= n_samples:
        raise DataError(
            f"split: the {name} part has shape {part.shape} and dtype {part.dtype}; give at least one index from 0 to "
            f"{n_samples - 1}, or one boolean for each sample"
        )
    return part.astype(np.intp)
