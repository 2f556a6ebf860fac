"""Evening out sets in which one letter is fifty times as frequent as another."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_random_state

from ensemble_hwr.datasets._files import require_choice
from ensemble_hwr.exceptions import DataError

METHODS = ("cap", "oversample")


def balance_indices(
    y: ArrayLike,
    method: str = "cap",
    *,
    limit: int | None = None,
    random_state: int | np.random.RandomState | None = None,
) -> NDArray[np.intp]:
    """Choose rows so that the classes are less uneven.

    For training rows only, after the division: a repeated row on both sides of it would be a leak.

    Parameters
    ----------
    y : array-like, shape (n,)
        Labels of the training rows.
    method : {"cap", "oversample"}, default="cap"
        - "cap": leave out rows of every class that has more than `limit`;
        - "oversample": repeat rows of every class that has fewer than `limit`, all of them equally often but for one.
    limit : int, optional
        Rows a class. By default the median class's for "cap", the largest class's for "oversample".
    random_state : int, RandomState instance or None, default=None
        Which rows are left out or repeated once more.

    Returns
    -------
    ndarray of int
        Positions in `y`, rising.

    Raises
    ------
    DataError
        When `y` is empty, or a setting is not allowed.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.datasets import balance_indices
    >>> y = np.array(["O"] * 6 + ["I"] * 2)
    >>> y[balance_indices(y, "cap", limit=3, random_state=0)].tolist()
    ['O', 'O', 'O', 'I', 'I']
    >>> y[balance_indices(y, "oversample", limit=5, random_state=0)].tolist()
    ['O', 'O', 'O', 'O', 'O', 'O', 'I', 'I', 'I', 'I', 'I']

    Balance the training part alone:

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
        raise DataError(f"limit must be at least 1 row a class, got {limit!r}")
    rng = check_random_state(random_state)
    draw = _cap if method == "cap" else _oversample
    by_class = np.split(np.argsort(inverse, kind="stable"), np.cumsum(counts)[:-1])
    return np.sort(np.concatenate([draw(members, limit, rng) for members in by_class]))


def class_sample_weight(y: ArrayLike) -> NDArray[np.float64]:
    """Weigh rows so that every class weighs the same in all.

    Parameters
    ----------
    y : array-like, shape (n,)
        Labels of the training rows.

    Returns
    -------
    ndarray of float64, shape (n,)
        ``n / (classes * rows of the class)``; the mean is 1.

    Raises
    ------
    DataError
        When `y` is empty.

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
