"""Random numbers from any kind of random state, in streams that do not disturb each other."""

from __future__ import annotations

from typing import Any

import numpy as np

from ensemble_hwr.exceptions import DataError


def seed_of(random_state: Any) -> int:
    """Return one whole number that stands for a random state."""
    if random_state is None:
        return int(np.random.default_rng().integers(2**32))
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**32))
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**32, dtype=np.uint64))
    if isinstance(random_state, int | np.integer) and random_state >= 0:
        return int(random_state)
    raise DataError(f"random_state is {random_state!r}, but it must be an integer of 0 or more, a generator or None")


def generator(seed: int, *place: int) -> np.random.Generator:
    """Return the generator of one place: the same whatever happens at the others."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=place))
