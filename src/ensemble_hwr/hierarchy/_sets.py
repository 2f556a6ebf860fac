"""Sets of classes that are declared as lists or mappings, their names, and batches in label order."""

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
Declaration = Mapping[Any, Any] | Sequence[Any]
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
        return resolve_sets(CAPITAL_BATCHES, labels, "groups", smallest=1)
    parts = np.array_split(labels, -(-len(labels) // (size or DEFAULT_GROUP_SIZE)))
    return named_sets(parts, labels)


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
    return resolve_sets(confusables, np.asarray(classes), "confusables", smallest=2)


def named_sets(parts: Iterable[NDArray[Any]], classes: NDArray[Any]) -> NamedSets:
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


def check_partition(groups: NamedSets, classes: NDArray[Any]) -> None:
    """Check that every class is in exactly one group."""
    owner: dict[Any, str] = {}
    for name, members in groups.items():
        for label in members.tolist():
            if label in owner:
                raise HierarchyError(
                    f"groups: class {label!r} is in group {owner[label]!r} and in group {name!r}; "
                    "groups must be disjoint, so keep it in one of them"
                )
            owner[label] = name
    missing = [label for label in classes.tolist() if label not in owner]
    if missing:
        raise HierarchyError(
            f"groups: {listed(missing)} in no group; every class must be in exactly one; add the missing ones"
        )


def resolve_sets(declared: Declaration, classes: NDArray[Any], what: str, smallest: int) -> NamedSets:
    """Turn a declaration into named arrays of known classes, in label order."""
    if isinstance(declared, str) or not isinstance(declared, Iterable):
        raise HierarchyError(
            f"{what}: got {declared!r}; give a list of sets such as ['BP', 'DO'], or a mapping of names to sets"
        )
    given = declared.items() if isinstance(declared, Mapping) else ((None, members) for members in declared)
    named: NamedSets = {}
    for name, members in given:
        labels = known_classes(members, classes, what, smallest)
        key = set_name(labels, classes) if name is None else str(name)
        if key in named:
            raise HierarchyError(f"{what}: two sets have the name {key!r}; drop one, or give them different names")
        named[key] = labels
    return named


def known_classes(members: SetDeclaration, classes: NDArray[Any], what: str, smallest: int) -> NDArray[Any]:
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
                f"{what}: {label!r} is not one of the classes, which are {listed(known, verb='')}{_encoded(classes)}"
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


def listed(labels: list[Any], verb: str | None = None) -> str:
    """Return labels as text, cut after ten."""
    shown = ", ".join(repr(label) for label in labels[:10]) + (", ..." if len(labels) > 10 else "")
    if verb is None:
        return f"class {shown} is" if len(labels) == 1 else f"classes {shown} are"
    return shown
