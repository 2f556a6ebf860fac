"""Pictures read some hundreds at a time, the unreadable ones set aside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ensemble_hwr.exceptions import ModelError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

AT_ONCE = 256  # for each process


@dataclass(frozen=True)
class Batch:
    """Some of the pictures.

    Attributes
    ----------
    positions : list of int
        Of the pictures that could be read, among all.
    rows : ndarray of shape (n_readable, n_pixels)
        Their rows.
    failures : dict of int to str
        Position of each other picture, and what is wrong with it.
    stop : int
        How many pictures are done after this batch.
    """

    positions: list[int]
    rows: NDArray[np.float32]
    failures: dict[int, str]
    stop: int


def in_batches(pictures: Sequence[Any], normalizer: Any) -> Iterator[Batch]:
    """Yield the pictures of a batch as rows, holding no more than one batch in memory."""
    at_once = AT_ONCE * (normalizer.n_jobs or 1)
    for start in range(0, len(pictures), at_once):
        stop = min(start + at_once, len(pictures))
        rows, failures = normalizer.transform_readable(pictures[start:stop])
        positions = [place for place in range(start, stop) if place - start not in failures]
        yield Batch(positions, rows, {start + place: reason for place, reason in failures.items()}, stop)


def take_apart(model: Any, name: str, jobs: int) -> tuple[Any, Any]:
    """Return the normalizer, told to work in so many processes, and the classifier of a model that reads pictures."""
    steps = getattr(model, "named_steps", {})
    if list(steps) != ["normalize", "classify"] or not hasattr(steps["normalize"], "transform_readable"):
        raise ModelError(f"{name}: does not read pictures; give a model that ensemble-hwr train wrote.")
    return steps["normalize"].set_params(n_jobs=jobs), steps["classify"]
