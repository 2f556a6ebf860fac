"""Split letters into a training and a test part, and balance the classes of the training part."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_random_state

from ensemble_hwr.datasets._files import require_choice
from ensemble_hwr.datasets._letters import LetterSet
from ensemble_hwr.exceptions import DataError

Indices = NDArray[np.intp]
METHODS = ("cap", "oversample")
BY = ("sample", "source", "writer")


def split_letters(
    letters: LetterSet,
    test_size: float = 0.2,
    *,
    by: str = "sample",
    random_state: int | np.random.RandomState | None = None,
) -> tuple[Indices, Indices]:
    """Split letters into a random training and test part, stratified or by writer.

    Parameters
    ----------
    letters : LetterSet
    test_size : float in (0, 1), default=0.2
        Fraction of letters in the test part.
    by : {"sample", "source", "writer"}, default="sample"
        - "sample": stratified by label;
        - "source": stratified by label and source;
        - "writer": all letters of a writer are in the same part (see :func:`writer_groups`). The size of the test part
          is approximate; every label stays in the training part.
    random_state : int, RandomState instance or None, default=None
        Pass an int for a reproducible split.

    Returns
    -------
    train, test : ndarray of int
        Positions in ascending order; together all letters. For "sample" and "source", a stratum with two or more
        letters is in both parts, a stratum with one letter in the training part.

    Raises
    ------
    DataError
        If a parameter is not allowed, sources or writers are unknown, or there are too few writers.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.datasets import LetterSet, split_letters
    >>> letters = LetterSet(np.zeros((15, 784), np.uint8), np.array(["A"] * 10 + ["B"] * 5))
    >>> train, test = split_letters(letters, random_state=0)
    >>> letters.take(test).counts()
    {'A': 2, 'B': 1}
    """
    require_choice(by, BY, "by")
    if not 0 < test_size < 1:
        raise DataError(f"test_size must lie between 0 and 1, got {test_size!r}")
    if len(letters) == 0:
        raise DataError("there are no letters to split")
    rng = check_random_state(random_state)
    if by == "writer":
        in_test = _draw_writers(letters, test_size, rng)
    else:
        in_test = _draw_shares(_strata(letters, by), test_size, rng)
    return np.flatnonzero(~in_test), np.flatnonzero(in_test)


def predefined_split(letters: LetterSet) -> tuple[Indices, Indices]:
    """Return the train/test split that the data set defines.

    Parameters
    ----------
    letters : LetterSet
        With ``split``; letters that are neither "train" nor "test" are in no part.

    Returns
    -------
    train, test : ndarray of int

    Raises
    ------
    DataError
        If the set defines no split, or one part is empty.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.datasets import LetterSet, predefined_split
    >>> letters = LetterSet(np.zeros((2, 784), np.uint8), np.array(["A", "A"]), split=np.array(["test", "train"]))
    >>> predefined_split(letters)
    (array([1]), array([0]))
    """
    if letters.split is None:
        raise DataError(f"{letters!r} has no predefined split; use split_letters")
    train, test = np.flatnonzero(letters.split == "train"), np.flatnonzero(letters.split == "test")
    if not len(train) or not len(test):
        raise DataError(f"{letters!r} has {len(train)} letters for training and {len(test)} for testing")
    return train, test


def split_by_source(
    letters: LetterSet, train_sources: Iterable[str], test_sources: Iterable[str]
) -> tuple[Indices, Indices]:
    """Train on some sources, test on others.

    Parameters
    ----------
    letters : LetterSet
        With ``source``.
    train_sources, test_sources : iterable of str
        Names of sources; both parts must be disjoint.

    Returns
    -------
    train, test : ndarray of int

    Raises
    ------
    DataError
        If a source is unknown, or in both parts.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.datasets import LetterSet, split_by_source
    >>> rows = np.zeros((3, 784), np.uint8)
    >>> letters = LetterSet(rows, np.array(["A", "A", "A"]), source=np.array(["pen", "scan", "pen"]))
    >>> split_by_source(letters, ["pen"], ["scan"])
    (array([0, 2]), array([1]))
    """
    sources = _known(letters, "source")
    train, test = _names(train_sources), _names(test_sources)
    known = np.unique(sources).tolist()
    odd = [name for name in train + test if name not in known]
    if odd or not train or not test:
        raise DataError(f"sources of {letters!r} are {known}; got {train} for training and {test} for testing")
    if set(train) & set(test):
        raise DataError(f"sources {sorted(set(train) & set(test))} cannot be for training and for testing both")
    return np.flatnonzero(np.isin(sources, train)), np.flatnonzero(np.isin(sources, test))


def writer_groups(letters: LetterSet) -> Indices:
    """Return the writer of each letter as an integer, for the ``groups`` of scikit-learn's splitters.

    The same name in two sources means two writers. Letters of unknown writers in one source are one group, since any
    two of them may be from the same writer.

    Parameters
    ----------
    letters : LetterSet
        With ``writer``.

    Returns
    -------
    ndarray of int, shape (n,)
        Number of the writer of each letter.

    Raises
    ------
    DataError
        If no writer is known.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.model_selection import LeaveOneGroupOut
    >>> from ensemble_hwr.datasets import LetterSet, writer_groups
    >>> letters = LetterSet(np.zeros((3, 784), np.uint8), np.array(["A"] * 3), writer=np.array(["x", "y", "x"]))
    >>> writer_groups(letters)
    array([0, 1, 0])
    >>> LeaveOneGroupOut().get_n_splits(groups=writer_groups(letters))
    2
    """
    writers = _known(letters, "writer")
    sources = np.full(len(letters), "") if letters.source is None else letters.source
    return _number_pairs(sources, writers)


def _known(letters: LetterSet, field: str) -> NDArray[np.str_]:
    values: NDArray[np.str_] | None = getattr(letters, field)
    if values is None or not (values != "").any():
        raise DataError(f"{letters!r}: no {field} is known; use by='sample', or set {field}")
    return values


def _names(sources: Iterable[str]) -> list[str]:
    return [sources] if isinstance(sources, str) else sorted(set(sources))


def _number_pairs(first: NDArray[np.str_], second: NDArray[np.str_]) -> Indices:
    _, a = np.unique(first, return_inverse=True)
    names, b = np.unique(second, return_inverse=True)
    numbers: Indices = np.unique(a * len(names) + b, return_inverse=True)[1]
    return numbers


def _strata(letters: LetterSet, by: str) -> Indices:
    labels = np.unique(letters.target, return_inverse=True)[1]
    return labels if by == "sample" else _number_pairs(_known(letters, "source"), letters.target)


def _draw_shares(strata: Indices, test_size: float, rng: np.random.RandomState) -> NDArray[np.bool_]:
    in_test = np.zeros(len(strata), np.bool_)
    by_stratum = np.split(np.argsort(strata, kind="stable"), np.cumsum(np.bincount(strata))[:-1])
    for members in by_stratum:
        if len(members) > 1:
            share = min(max(round(test_size * len(members)), 1), len(members) - 1)
            in_test[rng.choice(members, share, replace=False)] = True
    return in_test


def _draw_writers(letters: LetterSet, test_size: float, rng: np.random.RandomState) -> NDArray[np.bool_]:
    """Add writers to the test part in random order, if that brings its size closer to the target."""
    groups = writer_groups(letters)
    labels = np.unique(letters.target, return_inverse=True)[1]
    table = np.zeros((groups.max() + 1, labels.max() + 1), np.intp)
    np.add.at(table, (groups, labels), 1)
    sizes, left, target, drawn = table.sum(axis=1), table.sum(axis=0), test_size * len(letters), []
    taken = 0
    for writer in rng.permutation(len(table)):
        keeps_labels = (left - table[writer] > 0).all()
        if keeps_labels and abs(taken + sizes[writer] - target) < abs(taken - target):
            drawn.append(writer)
            taken += sizes[writer]
            left = left - table[writer]
    if not drawn:
        raise DataError(
            f"{letters!r} cannot be split by writer: none of its {len(table)} writers fits into a test part of "
            f"test_size={test_size} with every label kept in training; change test_size, or use by='sample'"
        )
    return np.isin(groups, drawn)


def balance_indices(
    y: ArrayLike,
    method: str = "cap",
    *,
    limit: int | None = None,
    random_state: int | np.random.RandomState | None = None,
) -> NDArray[np.intp]:
    """Return positions that undersample common classes or oversample rare ones.

    Use it on the training part only, after the split: otherwise copies of a row can be in both parts.

    Parameters
    ----------
    y : array-like, shape (n,)
        Labels of the training rows.
    method : {"cap", "oversample"}, default="cap"
        - "cap": drop random rows of every class that has more than `limit`;
        - "oversample": repeat rows of every class that has fewer than `limit`, all of them equally often but for one.
    limit : int, optional
        Rows per class. By default the median class size for "cap", the largest class size for "oversample".
    random_state : int, RandomState instance or None, default=None
        Selects the rows that are dropped, or repeated once more.

    Returns
    -------
    ndarray of int
        Positions in `y`, in ascending order.

    Raises
    ------
    DataError
        If `y` is empty, or a parameter is not allowed.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.datasets import balance_indices
    >>> y = np.array(["O"] * 6 + ["I"] * 2)
    >>> y[balance_indices(y, "cap", limit=3, random_state=0)].tolist()
    ['O', 'O', 'O', 'I', 'I']
    >>> y[balance_indices(y, "oversample", limit=5, random_state=0)].tolist()
    ['O', 'O', 'O', 'O', 'O', 'O', 'I', 'I', 'I', 'I', 'I']

    Balance the training part only:

    >>> from ensemble_hwr.datasets import LetterSet, split_letters
    >>> letters = LetterSet(np.zeros((8, 784), np.uint8), y)
    >>> train, test = split_letters(letters, test_size=0.5, random_state=0)
    >>> train = train[balance_indices(y[train], "oversample", random_state=0)]
    >>> letters.take(train).counts(), letters.take(test).counts()
    ({'I': 3, 'O': 3}, {'I': 1, 'O': 3})
    """
    require_choice(method, METHODS, "method")
    _, inverse, counts = _classes(y)
    if limit is None:
        limit = int(np.median(counts) if method == "cap" else counts.max())
    if limit < 1:
        raise DataError(f"limit must be at least 1 row per class, got {limit!r}")
    rng = check_random_state(random_state)
    draw = _cap if method == "cap" else _oversample
    by_class = np.split(np.argsort(inverse, kind="stable"), np.cumsum(counts)[:-1])
    return np.sort(np.concatenate([draw(members, limit, rng) for members in by_class]))


def class_sample_weight(y: ArrayLike) -> NDArray[np.float64]:
    """Return sample weights that give all classes the same total weight.

    Parameters
    ----------
    y : array-like, shape (n,)
        Labels of the training rows.

    Returns
    -------
    ndarray of float64, shape (n,)
        ``n / (n_classes * class_count)`` for each row, as scikit-learn's ``"balanced"``; the mean is 1.

    Raises
    ------
    DataError
        If `y` is empty.

    Examples
    --------
    >>> from ensemble_hwr.datasets import class_sample_weight
    >>> class_sample_weight(["O", "O", "O", "I"]).round(2).tolist()
    [0.67, 0.67, 0.67, 2.0]
    """
    labels, inverse, counts = _classes(y)
    weights: NDArray[np.float64] = len(inverse) / (len(labels) * counts[inverse])
    return weights


def _classes(y: ArrayLike) -> tuple[NDArray[Any], NDArray[np.intp], NDArray[np.intp]]:
    array = np.asarray(y)
    if array.ndim != 1 or not len(array):
        raise DataError(f"y must be one label for each of one or more rows, got shape {array.shape}")
    return np.unique(array, return_inverse=True, return_counts=True)


def _cap(members: NDArray[np.intp], limit: int, rng: np.random.RandomState) -> NDArray[np.intp]:
    return rng.choice(members, limit, replace=False) if len(members) > limit else members


def _oversample(members: NDArray[np.intp], limit: int, rng: np.random.RandomState) -> NDArray[np.intp]:
    if len(members) >= limit:
        return members
    copies, rest = divmod(limit, len(members))
    return np.concatenate([np.tile(members, copies), rng.choice(members, rest, replace=False)])
