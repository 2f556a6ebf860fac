"""Letters for benchmarks: real ones if the folder ENSEMBLE_HWR_DATA (default: data, in the project) holds them.

Benchmarks of speed take generated letters without it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from ensemble_hwr.datasets import LetterSet, generate_letters, load_index

DATA = Path(os.environ.get("ENSEMBLE_HWR_DATA") or Path(__file__).parents[1] / "data")
TRAINING_SOURCES, UNSEEN_SOURCE = ("photo62", "tablet55", "binary20x16"), "scan34"


@dataclass(frozen=True)
class Letters:
    """Training letters, and test letters of other writers, as pixel rows.

    Attributes
    ----------
    train, test : ndarray of float32, shape (n, 784)
    train_target, test_target : ndarray of str, shape (n,)
    kind : str
        "real" or "generated".
    """

    train: NDArray[np.float32]
    train_target: NDArray[Any]
    test: NDArray[np.float32]
    test_target: NDArray[Any]
    kind: str


def data_file(place: str, *, otherwise: str = "") -> Path:
    """Return a file or folder of the real letters.

    Parameters
    ----------
    place : str
        Path in the folder ENSEMBLE_HWR_DATA.
    otherwise : str
        Option that makes it unnecessary, for the message.

    Raises
    ------
    click.ClickException
        If it is missing.
    """
    if (DATA / place).exists():
        return DATA / place
    more = f", or give {otherwise}" if otherwise else ""
    raise click.ClickException(f"{DATA} has no {place}; set ENSEMBLE_HWR_DATA to the folder that has it{more}")


def letters_to_time(n_train: int, n_test: int) -> Letters:
    """Return at most so many letters, always the same ones in the same shuffled order."""
    train, test, kind = _real() if _folder() is not None else _generated(n_train, n_test)
    train, test = (part.take(_mixed(len(part))[:n]) for part, n in ((train, n_train), (test, n_test)))
    return Letters(train.to_rows(), train.target, test.to_rows(), test.target, kind)


def _folder() -> Path | None:
    return next((folder for folder in (DATA, DATA / "letters") if (folder / "index.csv").is_file()), None)


def _real() -> tuple[LetterSet, LetterSet, str]:
    folder = _folder()
    assert folder is not None
    return load_index(folder, sources=TRAINING_SOURCES), load_index(folder, sources=[UNSEEN_SOURCE]), "real"


def _generated(n_train: int, n_test: int) -> tuple[LetterSet, LetterSet, str]:
    whole = [26 * -(-n // 26) for n in (n_train, n_test)]
    train, test = (
        generate_letters(n, writers=max(1, n // 100), random_state=seed) for seed, n in enumerate(whole, start=20_400)
    )
    return train, test, "generated"


def _mixed(n: int) -> NDArray[np.intp]:
    return np.random.default_rng(0).permutation(n)
