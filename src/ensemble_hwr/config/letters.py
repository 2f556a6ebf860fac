"""Load the letters of a config, split them into training and test part, and balance the training part."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr.config.data_schema import (
    CapBalance,
    EmnistData,
    ExtraLetters,
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
from ensemble_hwr.config.schema import ExperimentConfig
from ensemble_hwr.datasets import (
    LetterSet,
    balance_indices,
    class_sample_weight,
    concatenate,
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
from ensemble_hwr.datasets.handwriting import CHARACTERS, generate_letters
from ensemble_hwr.exceptions import ConfigError, DataError
from ensemble_hwr.hierarchy import CAPITALS
from ensemble_hwr.preprocessing import LetterNormalizer

if TYPE_CHECKING:
    from ensemble_hwr._typing import Fold, PathLike

DATA_VARIABLE = "ENSEMBLE_HWR_DATA"
EXTRA_SOURCE = "generated extra"  # source of the letters of [extra]


def locate_data(config: ExperimentConfig, data: PathLike | None = None) -> Path:
    """Find the file or folder with the letters of a config.

    Parameters
    ----------
    config : ExperimentConfig
    data : path, optional
        The letters, or a folder that contains them under the file name in the config. By default the folder in the
        environment variable ENSEMBLE_HWR_DATA is searched, then the path in the config is used.

    Returns
    -------
    Path

    Raises
    ------
    ConfigError
        If the letters are generated, so there is no file.
    DataError
        If no file or folder is found.
    """
    if isinstance(config.data, GeneratedData):
        raise ConfigError(f"config {config.name!r} generates its letters; leave the data folder out")
    return locate(config.data.path, data)


def locate(path: PathLike, data: PathLike | None = None) -> Path:
    """Find the file or folder of letters for the path in a config; see `locate_data`."""
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
            f"no letters at {places}; give their location with --data, {DATA_VARIABLE} or data.path in the config"
        )
    return found[0]


def load_letters(config: ExperimentConfig, *, data: PathLike | None = None) -> LetterSet:
    """Load or generate the letters of a config, followed by those of ``[extra]``.

    Parameters
    ----------
    config : ExperimentConfig
    data : path, optional
        Location of the letters if it differs from the config: the file or folder itself, or a folder that contains it.
        By default the folder in the environment variable ENSEMBLE_HWR_DATA is searched, then the path in the config is
        used.

    Returns
    -------
    LetterSet
        Pictures or rows, as they are stored.

    Raises
    ------
    ConfigError, DataError
        If the letters are missing or not in the format of the config.

    Examples
    --------
    >>> from ensemble_hwr.config import load_demo, load_letters
    >>> load_letters(load_demo(["data.n=260"]))
    LetterSet('generated': 260 letters of 26 classes, rows)
    """
    if isinstance(config.data, GeneratedData) and data is not None:
        locate_data(config, data)
    letters = load_section(config.data, data=data)
    if config.extra is not None:
        letters = with_extra(letters, config.extra, polarity=config.normalizer.get("polarity", "auto"))
    return letters


def load_section(section: Any, *, data: PathLike | None = None) -> LetterSet:
    """Load or generate the letters of one section of a config."""
    letters = _generate(section) if isinstance(section, GeneratedData) else _load(section, locate(section.path, data))
    if section.letters is not None:
        letters = _keep(letters, section.letters)
    if section.max_per_class is not None:
        letters = letters.take(balance_indices(letters.target, "cap", limit=section.max_per_class, random_state=0))
    return letters


def with_extra(letters: LetterSet, extra: ExtraLetters, *, polarity: str = "auto") -> LetterSet:
    """Append generated letters of the same labels: pictures to pictures, rows to rows.

    Parameters
    ----------
    letters : LetterSet
        The letters of ``[data]``.
    extra : ExtraLetters
        Number of letters and writers, and the random state.
    polarity : {"auto", "dark", "light"}
        Polarity of the normalizer; generated pictures are light on dark for "light", else dark on light.

    Returns
    -------
    LetterSet
        The generated letters come last; their source is `EXTRA_SOURCE`.

    Raises
    ------
    DataError
        If none of the labels can be generated.
    """
    labels = sorted(set(letters.target.tolist()))
    written = generate_of(
        labels, extra.generated, extra.writers, extra.random_state, pictures=not letters.is_rows, key="[extra]"
    )
    data: Any = written.data
    if not letters.is_rows and polarity == "light":
        data = [255 - picture for picture in data]
    added = LetterSet(data, written.target, source=np.full(len(written), EXTRA_SOURCE), writer=written.writer)
    return concatenate([letters, added], name=letters.name)


def generate_of(labels: Sequence[Any], n: int, writers: int, seed: int, *, pictures: bool, key: str) -> LetterSet:
    """Generate letters of those labels that can be generated: letters, digits and some marks.

    Parameters
    ----------
    labels : sequence
    n, writers, seed : int
        Number of letters, number of writers, and random state.
    pictures : bool
        Whether to generate pictures, dark on light, instead of rows.
    key : str
        Key of the config, for error messages.

    Raises
    ------
    DataError
        If none of the labels can be generated.
    """
    writable = [label for label in labels if label in set(CHARACTERS)]
    if not writable:
        raise DataError(
            f"{key}: none of {list(labels)} is a letter from A to Z or a to z, or a digit, so none can be generated; "
            "leave it out"
        )
    format = "pictures" if pictures else "rows"
    return generate_letters(n, letters=writable, writers=writers, random_state=seed, format=format)


def is_extra(letters: LetterSet) -> NDArray[np.bool_]:
    """Return a mask of the letters that come from ``[extra]``.

    Parameters
    ----------
    letters : LetterSet
        As `load_letters` returns them.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    if letters.source is None:
        return np.zeros(len(letters), np.bool_)
    return np.asarray(letters.source == EXTRA_SOURCE)


def with_located_data(config: ExperimentConfig, data: PathLike | None = None) -> ExperimentConfig:
    """Return the config with the absolute path of its letters, as `locate_data` finds them.

    Parameters
    ----------
    config : ExperimentConfig
    data : path, optional
        Folder or file of the letters, where it differs from the config's.

    Returns
    -------
    ExperimentConfig
        The same for generated letters.

    Raises
    ------
    DataError
        If there are no letters.

    Examples
    --------
    >>> from ensemble_hwr.config import load_demo
    >>> from ensemble_hwr.config.letters import with_located_data
    >>> with_located_data(load_demo()) == load_demo()
    True
    """
    if isinstance(config.data, GeneratedData):
        return config
    path = str(Path(locate_data(config, data)).absolute())
    return config.model_copy(update={"data": config.data.model_copy(update={"path": path})})


def build_normalizer(config: ExperimentConfig, n_jobs: int | None = None) -> LetterNormalizer:
    """Build the normalizer for the pictures of a config.

    Parameters
    ----------
    config : ExperimentConfig
    n_jobs : int, optional
        Number of processes.

    Returns
    -------
    LetterNormalizer

    Examples
    --------
    >>> from ensemble_hwr.config import load_demo
    >>> from ensemble_hwr.config.letters import build_normalizer
    >>> build_normalizer(load_demo(["normalizer.polarity='dark'"]))
    LetterNormalizer(polarity='dark')
    """
    return LetterNormalizer(**{"n_jobs": n_jobs, **config.normalizer})


def build_split(config: ExperimentConfig, letters: LetterSet) -> Fold | Callable[[int], Fold]:
    """Split letters into training and test part as a config specifies, and balance the training part.

    Parameters
    ----------
    config : ExperimentConfig
    letters : LetterSet
        As `load_letters` returns them. Letters of ``[extra]`` are always in the training part.

    Returns
    -------
    (train, test) or callable
        Positions of the letters in both parts. With ``split.redraw``, a function from seed to such positions.

    Raises
    ------
    DataError
        If the letters cannot be split this way.

    Examples
    --------
    >>> from ensemble_hwr.config import load_demo, load_letters
    >>> from ensemble_hwr.config.letters import build_split
    >>> config = load_demo(["data.n=260", "split.test_size=0.5"])
    >>> train, test = build_split(config, load_letters(config))
    >>> len(train) + len(test)
    260
    """
    if isinstance(config.split, RandomSplit) and config.split.redraw:
        return lambda seed: _split(config, letters, seed)
    return _split(config, letters, config.split.random_state if isinstance(config.split, RandomSplit) else 0)


def training_sources(config: ExperimentConfig, letters: LetterSet) -> list[str] | None:
    """Return the source of each letter of the training part.

    Parameters
    ----------
    config : ExperimentConfig
    letters : LetterSet
        As `load_letters` returns them.

    Returns
    -------
    list of str or None
        In the order of the training part. None if the letters have no source, or if every seed has another training
        part.

    Examples
    --------
    >>> from ensemble_hwr.config import load_demo, load_letters
    >>> from ensemble_hwr.config.letters import training_sources
    >>> config = load_demo(["data.n=260"])
    >>> set(training_sources(config, load_letters(config)))
    {'generated'}
    """
    split = build_split(config, letters)
    return None if letters.source is None or callable(split) else letters.source[split[0]].tolist()


def training_weight(config: ExperimentConfig, letters: LetterSet) -> NDArray[np.float64] | None:
    """Return sample weights that give all classes the same total weight in the training part.

    Parameters
    ----------
    config : ExperimentConfig
    letters : LetterSet
        As `load_letters` returns them.

    Returns
    -------
    ndarray of float64, shape (n,), or None
        One weight per letter, including those of the test part. None unless ``balance.method`` is ``"weights"``.

    Examples
    --------
    >>> from ensemble_hwr.config import load_demo, load_letters
    >>> from ensemble_hwr.config.letters import training_weight
    >>> config = load_demo(["data.n=260", "balance.method=weights"])
    >>> training_weight(config, load_letters(config)).shape
    (260,)
    """
    if not isinstance(config.balance, WeightsBalance):
        return None
    split = build_split(config, letters)
    train, _ = split(config.seeds[0]) if callable(split) else split
    weight_of = dict(zip(letters.target[train].tolist(), class_sample_weight(letters.target[train]), strict=True))
    return np.array([weight_of.get(label, 1.0) for label in letters.target.tolist()])


def describe_data(config: ExperimentConfig, letters: LetterSet) -> dict[str, object]:
    """Return a description of the data for the report: counts, split, balance, sources and writers.

    Parameters
    ----------
    config : ExperimentConfig
    letters : LetterSet
        As `load_letters` returns them.

    Returns
    -------
    dict
        Serializable as JSON.

    Examples
    --------
    >>> from ensemble_hwr.config import load_demo, load_letters
    >>> from ensemble_hwr.config.letters import describe_data
    >>> config = load_demo(["data.n=260"])
    >>> described = describe_data(config, load_letters(config))
    >>> described["letters"], described["writers"], described["sources"]
    (260, 30, {'generated': 260})
    """
    split = build_split(config, letters)
    train, test = split(config.seeds[0]) if callable(split) else split
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
        raise DataError(f"{letters!r} has no letter {missing[0]!r}, which is in data.letters = {wanted!r}")
    return letters.take(np.isin(letters.target, list(wanted)))


def _split(config: ExperimentConfig, letters: LetterSet, seed: int) -> Fold:
    train, test = _split_without_extra(config.split, letters, seed)
    if isinstance(config.balance, CapBalance | OversampleBalance):
        method, limit = config.balance.method, config.balance.per_class
        train = train[balance_indices(letters.target[train], method, limit=limit, random_state=seed)]
    return train, test


def _split_without_extra(split: Any, letters: LetterSet, seed: int) -> Fold:
    """Split all letters but those of ``[extra]``, and add these to the training part."""
    added = is_extra(letters)
    if not added.any():
        return _split_positions(split, letters, seed)
    own = np.flatnonzero(~added)
    train, test = _split_positions(split, letters.take(own), seed)
    return np.concatenate([own[train], np.flatnonzero(added)]), own[test]


def _split_positions(split: Any, letters: LetterSet, seed: int) -> Fold:
    if isinstance(split, RandomSplit) and split.test_size == 0:
        return np.arange(len(letters)), np.empty(0, dtype=np.intp)
    if isinstance(split, RandomSplit):
        return split_letters(letters, split.test_size, by=split.by, random_state=seed)
    if isinstance(split, SourcesSplit):
        return split_by_source(letters, split.train, split.test)
    return predefined_split(letters)
