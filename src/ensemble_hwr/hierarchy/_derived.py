"""Groups and confusable sets that are derived from a confusion matrix."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ensemble_hwr.hierarchy._sets import DEFAULT_GROUP_SIZE, NamedSets, named_sets


def derive_groups(confusion: ArrayLike, classes: ArrayLike, size: int | None = None) -> NamedSets:
    """Derive groups of classes that are confused with one another.

    Clusters are merged greedily by average linkage, the two most confused first, while the result holds no more
    than `size` classes, until there are as few groups as batches of `size` would make.

    Parameters
    ----------
    confusion : array-like of shape (n_classes, n_classes)
        Counts or probabilities; row: true class, column: predicted class.
    classes : array-like of shape (n_classes,)
        Sorted labels.
    size : int, optional
        Largest number of classes in a group, 5 by default.

    Returns
    -------
    dict of str to ndarray
        Name and sorted classes of each group, ordered by first class.

    Examples
    --------
    >>> from ensemble_hwr.hierarchy import derive_groups
    >>> confusion = [[8, 0, 2, 0], [0, 9, 0, 1], [1, 0, 9, 0], [0, 2, 0, 8]]
    >>> list(derive_groups(confusion, list("BDPO"), size=2))
    ['B/P', 'D/O']
    """
    labels = np.asarray(classes)
    limit = size or DEFAULT_GROUP_SIZE
    linkage = _similarity(confusion)
    np.fill_diagonal(linkage, -np.inf)
    clusters: list[list[int]] = [[i] for i in range(len(labels))]
    sizes = np.ones(len(labels))
    wanted = -(-len(labels) // limit)
    for _ in range(len(labels) - wanted):
        allowed = np.where(sizes[:, None] + sizes[None, :] <= limit, linkage, -np.inf)
        a, b = sorted(np.unravel_index(int(np.argmax(allowed)), allowed.shape))
        if allowed[a, b] == -np.inf:
            break
        merged = (sizes[a] * linkage[a] + sizes[b] * linkage[b]) / (sizes[a] + sizes[b])
        linkage[a], linkage[:, a] = merged, merged
        linkage[a, a], linkage[b], linkage[:, b] = -np.inf, -np.inf, -np.inf
        clusters[a] += clusters[b]
        clusters[b] = []
        sizes[a] += sizes[b]
    found = sorted(sorted(cluster) for cluster in clusters if cluster)
    return named_sets([labels[cluster] for cluster in found], labels)


def derive_confusables(
    confusion: ArrayLike,
    classes: ArrayLike,
    *,
    max_sets: int = 10,
    max_size: int = 3,
    min_rate: float = 0.005,
) -> NamedSets:
    """Derive sets of the classes that are confused most often.

    Pairs are processed from the most confused to the least; a pair joins an earlier set when every pair within the
    result is confused too, and otherwise starts a new set.

    Parameters
    ----------
    confusion : array-like of shape (n_classes, n_classes)
        Counts or probabilities; row: true class, column: predicted class.
    classes : array-like of shape (n_classes,)
        Sorted labels.
    max_sets : int, default=10
        Largest number of sets.
    max_size : int, default=3
        Largest number of classes in a set.
    min_rate : float, default=0.005
        Smallest share of the samples of two classes, averaged over both, that is predicted as the other class.

    Returns
    -------
    dict of str to ndarray
        Name and sorted classes of each set, the most confused first; empty if nothing is confused.

    Examples
    --------
    >>> from ensemble_hwr.hierarchy import derive_confusables
    >>> confusion = [[8, 0, 2, 0], [0, 9, 0, 1], [1, 0, 9, 0], [0, 2, 0, 8]]
    >>> list(derive_confusables(confusion, list("BDPO"), max_sets=1))
    ['B/P']
    """
    labels = np.asarray(classes)
    rate = _similarity(confusion)
    first, second = np.nonzero(np.triu(rate, 1) >= max(min_rate, np.finfo(float).tiny))
    by_rate = np.argsort(-rate[first, second], kind="stable")
    confused = {(int(first[i]), int(second[i])) for i in by_rate}
    sets: list[set[int]] = []
    for i in by_rate:
        pair = {int(first[i]), int(second[i])}
        for found in sets:
            if len(found | pair) <= max_size and _is_clique(found | pair, confused):
                found.update(pair)
                break
        else:
            if len(sets) < max_sets:
                sets.append(pair)
    return named_sets([labels[sorted(found)] for found in sets], labels)


def _similarity(confusion: ArrayLike) -> NDArray[np.float64]:
    """Return the share of each class that is predicted as the other, averaged over both directions; zero diagonal."""
    matrix = np.array(confusion, dtype=float)
    share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), np.finfo(float).tiny)
    similarity: NDArray[np.float64] = (share + share.T) / 2
    np.fill_diagonal(similarity, 0.0)
    return similarity


def _is_clique(members: set[int], pairs: set[tuple[int, int]]) -> bool:
    ordered = sorted(members)
    return all((a, b) in pairs for i, a in enumerate(ordered) for b in ordered[i + 1 :])
