"""Groups and confusable sets of classes: declared by the user, or derived from a confusion matrix.

Groups are disjoint and cover every class. Confusable sets hold a few similar classes and may overlap.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ensemble_hwr.exceptions import HierarchyError

CAPITALS = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
CAPITAL_BATCHES = ("ABCDE", "FGHI", "JKLMN", "OPQR", "STUV", "WXYZ")
DEFAULT_GROUP_SIZE = 5
EVERY_CLASS = "*"

SetDeclaration = str | Iterable[Any]
Declaration = Mapping[str, SetDeclaration] | Sequence[SetDeclaration]
NamedSets = dict[str, NDArray[Any]]


def batches(classes: ArrayLike, size: int | None = None) -> NamedSets:
    """Split classes into batches in label order.

    Parameters
    ----------
    classes : array-like of shape (n_classes,)
        Sorted labels.
    size : int, optional
        Largest number of classes in a batch; batches differ by one class at most. By default 5, except that the 26
        capital letters have the batches of the literature: A-E, F-I, J-N, O-R, S-V, W-Z.

    Returns
    -------
    dict of str to ndarray
        Name and classes of each batch.

    Examples
    --------
    >>> from ensemble_hwr.hierarchy import batches
    >>> list(batches(list("ABCDEFGHIJKLMNOPQRSTUVWXYZ")))
    ['A-E', 'F-I', 'J-N', 'O-R', 'S-V', 'W-Z']
    >>> list(batches([0, 1, 2, 3, 4, 5, 6], size=4))
    ['0-3', '4-6']
    """
    labels = np.asarray(classes)
    if size is None and tuple(labels.tolist()) == CAPITALS:
        return resolve_groups(CAPITAL_BATCHES, labels)
    parts = np.array_split(labels, -(-len(labels) // (size or DEFAULT_GROUP_SIZE)))
    return _named(parts, labels)


def set_name(members: ArrayLike, classes: ArrayLike) -> str:
    """Name a set after its classes: ``A-E`` for neighbours in label order, ``B/P`` for others.

    Parameters
    ----------
    members : array-like of shape (n_set,)
        Classes of the set, sorted.
    classes : array-like of shape (n_classes,)
        Sorted labels.

    Returns
    -------
    str
        The name; more than six classes that are not neighbours are shortened to ``first/second/../last``.

    Examples
    --------
    >>> from ensemble_hwr.hierarchy import set_name
    >>> set_name(["A", "B", "C"], list("ABCDE")), set_name(["B", "E"], list("ABCDE"))
    ('A-C', 'B/E')
    """
    labels = np.asarray(members)
    positions = np.searchsorted(np.asarray(classes), labels)
    if len(labels) > 2 and (np.diff(positions) == 1).all():
        return f"{labels[0]}-{labels[-1]}"
    if len(labels) > 6:
        return f"{labels[0]}/{labels[1]}/../{labels[-1]}"
    return "/".join(str(label) for label in labels)


def resolve_groups(groups: Declaration, classes: ArrayLike) -> NamedSets:
    """Check declared groups against the classes: every class in exactly one.

    Parameters
    ----------
    groups : mapping of str to set, or sequence of sets
        Each set a sequence of labels, or a string of letters where every class is a single character.
    classes : array-like of shape (n_classes,)
        Sorted labels.

    Returns
    -------
    dict of str to ndarray
        Name and sorted classes of each group, in the order declared.

    Raises
    ------
    HierarchyError
        If a class is in no group, in two groups or twice in one, is unknown, or a group is empty.

    Examples
    --------
    >>> from ensemble_hwr.hierarchy import resolve_groups
    >>> list(resolve_groups(["AC", "BD"], list("ABCD")))
    ['A/C', 'B/D']
    """
    labels = np.asarray(classes)
    named = _resolve(groups, labels, "groups", smallest=1)
    owner: dict[Any, str] = {}
    for name, members in named.items():
        for label in members.tolist():
            if label in owner:
                raise HierarchyError(
                    f"groups: class {label!r} is in group {owner[label]!r} and in group {name!r}; "
                    "groups must be disjoint, so keep it in one of them"
                )
            owner[label] = name
    missing = [label for label in labels.tolist() if label not in owner]
    if missing:
        raise HierarchyError(
            f"groups: {_listed(missing)} in no group; every class must be in exactly one; add the missing ones"
        )
    return named


def resolve_confusables(confusables: Declaration, classes: ArrayLike) -> NamedSets:
    """Check declared confusable sets against the classes; sets may overlap.

    Parameters
    ----------
    confusables : mapping of str to set, or sequence of sets
        Each set two or more labels, a string of letters where every class is a single character, or ``"*"`` for
        every class.
    classes : array-like of shape (n_classes,)
        Sorted labels.

    Returns
    -------
    dict of str to ndarray
        Name and sorted classes of each set, in the order declared.

    Raises
    ------
    HierarchyError
        If a set holds fewer than two classes, one that is unknown, or one twice; or if two sets have one name.

    Examples
    --------
    >>> from ensemble_hwr.hierarchy import resolve_confusables
    >>> list(resolve_confusables(["BP", "DO", "UVW"], list("BDOPUVW")))
    ['B/P', 'D/O', 'U-W']
    """
    return _resolve(confusables, np.asarray(classes), "confusables", smallest=2)


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
    return _named([labels[cluster] for cluster in found], labels)


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
    return _named([labels[sorted(found)] for found in sets], labels)


def _named(parts: Iterable[NDArray[Any]], classes: NDArray[Any]) -> NamedSets:
    """Name sets after their classes; number equal names, which labels with "/" or "-" can cause."""
    named: NamedSets = {}
    for part in parts:
        name = first = set_name(part, classes)
        number = 1
        while name in named:
            number += 1
            name = f"{first} ({number})"
        named[name] = part
    return named


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


def _resolve(declared: Declaration, classes: NDArray[Any], what: str, smallest: int) -> NamedSets:
    """Turn a declaration into named arrays of known classes, in label order."""
    if isinstance(declared, str) or not isinstance(declared, Iterable):
        raise HierarchyError(
            f"{what}: got {declared!r}; give a list of sets such as ['BP', 'DO'], or a mapping of names to sets"
        )
    given = declared.items() if isinstance(declared, Mapping) else ((None, members) for members in declared)
    named: NamedSets = {}
    for name, members in given:
        labels = _known(members, classes, what, smallest)
        key = set_name(labels, classes) if name is None else str(name)
        if key in named:
            raise HierarchyError(f"{what}: two sets have the name {key!r}; drop one, or give them different names")
        named[key] = labels
    return named


def _known(members: SetDeclaration, classes: NDArray[Any], what: str, smallest: int) -> NDArray[Any]:
    """Return the classes of one declared set, sorted."""
    if isinstance(members, str):
        if members == EVERY_CLASS:
            return classes
        if not all(isinstance(label, str) and len(label) == 1 for label in classes.tolist()):
            raise HierarchyError(
                f"{what}: {members!r} is a string, which stands for single letters, but the classes are not all "
                f"single characters; write the set as a list of classes{_encoded(classes)}"
            )
    elif not isinstance(members, Iterable):
        raise HierarchyError(f"{what}: {members!r} is not a set of classes; write a list such as ['B', 'P']")
    labels = [label.item() if isinstance(label, np.generic) else label for label in members]
    known = classes.tolist()
    position = {label: i for i, label in enumerate(known)}
    for i, label in enumerate(labels):
        if not isinstance(label, Hashable) or label not in position:
            raise HierarchyError(
                f"{what}: {label!r} is not one of the classes, which are {_listed(known, verb='')}{_encoded(classes)}"
            )
        if label in labels[:i]:
            raise HierarchyError(f"{what}: class {label!r} occurs twice in the set {labels!r}; write it once")
    if len(labels) < smallest:
        number = "one class" if smallest == 1 else "two classes"
        raise HierarchyError(f"{what}: the set {labels!r} must hold at least {number}; complete it or drop it")
    return classes[sorted(position[label] for label in labels)]


def _encoded(classes: NDArray[Any]) -> str:
    """Return a hint on encoded labels if the classes are 0, 1, 2, ..."""
    if classes.dtype.kind not in "iu" or classes.tolist() != list(range(len(classes))):
        return ""
    return (
        "; some of scikit-learn's meta-estimators (VotingClassifier, StackingClassifier, BaggingClassifier, "
        "cross_val_predict of probabilities) encode labels as 0, 1, 2, ...: there, declare sets of these numbers"
    )


def _listed(labels: list[Any], verb: str | None = None) -> str:
    """Return labels as text, cut after ten."""
    shown = ", ".join(repr(label) for label in labels[:10]) + (", ..." if len(labels) > 10 else "")
    if verb is None:
        return f"class {shown} is" if len(labels) == 1 else f"classes {shown} are"
    return shown
