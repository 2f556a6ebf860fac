"""From a config to letters: found, loaded, turned into rows, divided and balanced."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr.config._data_schema import (
    CapBalance,
    EmnistData,
    FolderData,
    GeneratedData,
    IndexData,
    KaggleData,
    NistData,
    OversampleBalance,
    RandomSplit,
    SourcesSplit,
    WeightsBalance,
)
from ensemble_hwr.config._extra import is_extra, with_extra
from ensemble_hwr.config._schema import ExperimentConfig
from ensemble_hwr.datasets import (
    LetterSet,
    balance_indices,
    class_sample_weight,
    load_emnist,
    load_folder,
    load_index,
    load_kaggle_az,
    load_nist,
    load_npz,
    predefined_split,
    split_by_source,
    split_letters,
)
from ensemble_hwr.datasets.handwriting import generate_letters
from ensemble_hwr.exceptions import ConfigError, DataError, PictureError
from ensemble_hwr.hierarchy import CAPITALS
from ensemble_hwr.preprocessing import LetterNormalizer

if TYPE_CHECKING:
    from ensemble_hwr._typing import PathLike

DATA_VARIABLE = "ENSEMBLE_HWR_DATA"
LETTERS_AT_ONCE = 1024

Division = tuple[NDArray[np.intp], NDArray[np.intp]]


def locate_data(config: ExperimentConfig, data: PathLike | None = None) -> Path:
    """Say where the letters of a config are read from.

    Parameters
    ----------
    config : ExperimentConfig
    data : path, optional
        The letters, or the folder that holds them under the name that the config gives them. Without it the folder
        named by the environment variable ENSEMBLE_HWR_DATA is tried, then the config's own path.

    Returns
    -------
    Path

    Raises
    ------
    ConfigError
        When the letters are generated, so that there is nothing to locate.
    DataError
        When nothing is where they should be.
    """
    if isinstance(config.data, GeneratedData):
        raise ConfigError(f"config {config.name!r} generates its letters; it takes no data folder.")
    return locate(config.data.path, data)


def locate(path: PathLike, data: PathLike | None = None) -> Path:
    """Say where letters are that are declared to be at a path; see `locate_data`."""
    declared = Path(path)
    tried = [declared]
    if data is not None:
        tried = [Path(data) / declared.name, Path(data)]
    elif folder := os.environ.get(DATA_VARIABLE):
        own = [Path(folder)] if Path(folder).name == declared.name else []
        tried = [Path(folder) / declared.name, *own, declared]
    found = [place for place in tried if place.exists()]
    if not found:
        places = " or ".join(str(place) for place in tried)
        raise DataError(
            f"no letters at {places}; say where they are with --data, {DATA_VARIABLE} or data.path in the config."
        )
    return found[0]


def load_letters(config: ExperimentConfig, *, data: PathLike | None = None) -> LetterSet:
    """Load or generate the letters that a config names, those of ``[extra]`` last.

    Parameters
    ----------
    config : ExperimentConfig
    data : path, optional
        Where they are, if not where the config says; see `locate_data`.

    Returns
    -------
    LetterSet
        Pictures or rows, as they are stored.

    Raises
    ------
    ConfigError, DataError
        When they are not there or not in the form named.
    """
    if isinstance(config.data, GeneratedData) and data is not None:
        locate_data(config, data)
    letters = load_section(config.data, data=data)
    if config.extra is not None:
        letters = with_extra(letters, config.extra, polarity=config.normalizer.get("polarity", "auto"))
    return letters


def load_section(section: Any, *, data: PathLike | None = None) -> LetterSet:
    """Load or generate the letters that one section of a config describes, and no others."""
    letters = _generate(section) if isinstance(section, GeneratedData) else _load(section, locate(section.path, data))
    if section.letters is not None:
        letters = _keep(letters, section.letters)
    if section.max_per_class is not None:
        letters = letters.take(balance_indices(letters.target, "cap", limit=section.max_per_class, random_state=0))
    return letters


def open_letters(path: PathLike) -> LetterSet:
    """Load letters in whichever form they are found.

    Parameters
    ----------
    path : path
        A folder with an index.csv, a folder with one folder for each letter, a CSV file (an index, or labels and
        pixels as Kaggle's A-Z), or an .npz file of this library.

    Returns
    -------
    LetterSet

    Raises
    ------
    DataError
        When there is nothing, or nothing of these forms.
    """
    place = Path(path)
    if not place.exists():
        raise DataError(f"{place}: there is no such file or folder.")
    if place.is_dir():
        return load_index(place) if (place / "index.csv").is_file() else load_folder(place)
    suffix = place.suffix.lower()
    if suffix == ".npz":
        return load_npz(place)
    if suffix == ".csv":
        return load_index(place) if _is_index(place) else load_kaggle_az(place)
    raise DataError(
        f"{place}: letters are read from a folder with index.csv, a folder with one folder for each letter, "
        f"a .csv or an .npz file; got a file ending in {suffix or 'nothing'}."
    )


def to_rows(
    letters: LetterSet,
    normalizer: Any = None,
    *,
    n_jobs: int | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> NDArray[np.float32]:
    """Turn letters into rows of ink, a few hundred at a time.

    Parameters
    ----------
    letters : LetterSet
    normalizer : transformer, optional
        As `LetterSet.to_rows` takes it.
    n_jobs : int, optional
        Processes of the default normalizer.
    on_progress : callable, optional
        Called with the letters done and their number after each few hundred.

    Returns
    -------
    ndarray of float32, shape (n, 784)
    """
    if letters.is_rows and normalizer is None:
        return letters.to_rows()
    rows = np.empty((len(letters), 784), np.float32)
    for start in range(0, len(letters), LETTERS_AT_ONCE):
        stop = min(start + LETTERS_AT_ONCE, len(letters))
        try:
            rows[start:stop] = letters.take(np.arange(start, stop)).to_rows(normalizer, n_jobs=n_jobs)
        except PictureError as error:
            raise PictureError(_renumbered(str(error), start)) from error
        if on_progress is not None:
            on_progress(stop, len(letters))
    return rows


def build_normalizer(config: ExperimentConfig, n_jobs: int | None = None) -> LetterNormalizer:
    """Make the normalizer that pictures go through."""
    return LetterNormalizer(**{"n_jobs": n_jobs, **config.normalizer})


def divide(config: ExperimentConfig, letters: LetterSet) -> Division | Callable[[int], Division]:
    """Divide letters as a config says, and balance the training part.

    Parameters
    ----------
    config : ExperimentConfig
    letters : LetterSet
        As `load_letters` gives them: those of ``[extra]`` are in the training part whatever the division is.

    Returns
    -------
    (train, test) or callable
        Positions of the letters; where a new division is drawn for every seed, a function from seed to positions.
    """
    if isinstance(config.split, RandomSplit) and config.split.redraw:
        return lambda seed: _divide(config, letters, seed)
    return _divide(config, letters, config.split.random_state if isinstance(config.split, RandomSplit) else 0)


def training_sources(config: ExperimentConfig, letters: LetterSet) -> list[str] | None:
    """Return the source of each training letter, in the order in which they are learned from.

    None where the letters come without, or where every seed learns from others.
    """
    division = divide(config, letters)
    return None if letters.source is None or callable(division) else letters.source[division[0]].tolist()


def training_weight(config: ExperimentConfig, letters: LetterSet) -> NDArray[np.float64] | None:
    """Weigh every letter so that classes weigh the same, where the config asks for it; else None.

    The weights follow the counts of the training part; letters outside it get their class's weight too.
    """
    if not isinstance(config.balance, WeightsBalance):
        return None
    division = divide(config, letters)
    train, _ = division(config.seeds[0]) if callable(division) else division
    weight_of = dict(zip(letters.target[train].tolist(), class_sample_weight(letters.target[train]), strict=True))
    return np.array([weight_of.get(label, 1.0) for label in letters.target.tolist()])


def describe_data(config: ExperimentConfig, letters: LetterSet) -> dict[str, object]:
    """Say what the letters are, for the report."""
    division = divide(config, letters)
    train, test = division(config.seeds[0]) if callable(division) else division
    described: dict[str, object] = {
        "name": config.name,
        "description": config.description,
        "letters": len(letters),
        "train": len(train),
        "test": len(test),
        "split": config.split.model_dump(mode="json"),
        "balance": config.balance.model_dump(mode="json"),
    }
    own = ~is_extra(letters)
    if config.extra is not None:
        described["extra"] = {"in": "train only", **config.extra.model_dump(mode="json")}
    if letters.source is not None:
        sources, counts = np.unique(letters.source[own], return_counts=True)
        described["sources"] = dict(zip(sources.tolist(), counts.tolist(), strict=True))
    if letters.writer is not None:
        described["writers"] = len(set(letters.writer[own].tolist()) - {""})
    return described


def _renumbered(message: str, start: int) -> str:
    """Count from the first letter of all where a message counts from the first of its few hundred."""
    return re.sub(r"^picture (\d+)", lambda match: f"picture {int(match[1]) + start}", message)


def _generate(section: GeneratedData) -> LetterSet:
    return generate_letters(
        section.n, letters=section.letters or CAPITALS, writers=section.writers, random_state=section.random_state
    )


def _load(section: Any, path: Path) -> LetterSet:
    if isinstance(section, FolderData):
        return load_folder(path)
    if isinstance(section, IndexData):
        return load_index(path, sources=section.sources, drop_upside_down=section.drop_upside_down)
    if isinstance(section, KaggleData):
        return load_kaggle_az(path, header=section.header)
    if isinstance(section, EmnistData):
        return load_emnist(path, section.split, uppercase_only=section.uppercase_only)
    if isinstance(section, NistData):
        return load_nist(path, parts=section.parts)
    return load_npz(path)


def _keep(letters: LetterSet, wanted: str) -> LetterSet:
    missing = [label for label in wanted if label not in set(letters.target.tolist())]
    if missing:
        raise DataError(f"{letters!r} has no letter {missing[0]!r}, which data.letters = {wanted!r} asks for.")
    return letters.take(np.isin(letters.target, list(wanted)))


def _divide(config: ExperimentConfig, letters: LetterSet, seed: int) -> Division:
    train, test = _cut_own(config.split, letters, seed)
    if isinstance(config.balance, CapBalance | OversampleBalance):
        method, limit = config.balance.method, config.balance.per_class
        train = train[balance_indices(letters.target[train], method, limit=limit, random_state=seed)]
    return train, test


def _cut_own(split: Any, letters: LetterSet, seed: int) -> Division:
    """Divide the config's own letters; those of ``[extra]`` are all learned from."""
    added = is_extra(letters)
    if not added.any():
        return _cut(split, letters, seed)
    own = np.flatnonzero(~added)
    train, test = _cut(split, letters.take(own), seed)
    return np.concatenate([own[train], np.flatnonzero(added)]), own[test]


def _cut(split: Any, letters: LetterSet, seed: int) -> Division:
    if isinstance(split, RandomSplit):
        return split_letters(letters, split.test_size, by=split.by, random_state=seed)
    if isinstance(split, SourcesSplit):
        return split_by_source(letters, split.train, split.test)
    return predefined_split(letters)


def _is_index(file: Path) -> bool:
    with file.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
        columns = next(csv.reader([stream.readline(100_000)]), [])
    return {"path", "label"} <= set(columns)
