"""Groups that nest to any depth: mappings of mappings, a path for each class, or edges of a tree.

The nodes of a tree of groups are sets of classes, each strictly within one node of the level above. The sets alone
determine the tree, so it is a mapping of names to sets, level by level.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ensemble_hwr.exceptions import HierarchyError
from ensemble_hwr.hierarchy._sets import (
    Declaration,
    NamedSets,
    check_partition,
    known_classes,
    resolve_sets,
)

Path = tuple[str, ...]
Nodes = dict[Path, list[Any]]  # classes below each node, by the names on the way to it


def resolve_groups(groups: Declaration, classes: ArrayLike) -> NamedSets:
    """Check declared groups against the classes: every class in exactly one at each level.

    Parameters
    ----------
    groups : mapping of str to set, or sequence of sets, or a tree
        Each set a sequence of labels, or a string of letters where every class is a single character. A tree is a
        mapping whose values may be mappings; a mapping of every class to the names of the nodes above it, the highest
        first; or a sequence of pairs (parent, child) as the edges of a networkx graph, in which a single root stands
        for the router.
    classes : array-like of shape (n_classes,)
        Sorted labels.

    Returns
    -------
    dict of str to ndarray
        Name and sorted classes of each group, in the order declared. Groups within groups follow level by level, named
        by their path, such as ``"letters/vowels"``.

    Raises
    ------
    HierarchyError
        If a class is in no group, in two groups or twice in one, is unknown, a group is empty, or a tree is not one.

    Examples
    --------
    >>> from ensemble_hwr.hierarchy import resolve_groups
    >>> list(resolve_groups(["AC", "BD"], list("ABCD")))
    ['A/C', 'B/D']
    >>> list(resolve_groups({"first": {"x": "A", "y": "BC"}, "second": "DE"}, list("ABCDE")))
    ['first', 'second', 'first/x', 'first/y']
    """
    labels = np.asarray(classes)
    nodes = _declared_nodes(groups, labels)
    if nodes is not None:
        return _resolve_nodes(nodes, labels)
    named = resolve_sets(groups, labels, "groups", smallest=1)
    check_partition(named, labels)
    return named


def top_level(groups: NamedSets) -> NamedSets:
    """Return the groups of the first level of a tree.

    Parameters
    ----------
    groups : mapping of str to ndarray
        Name and classes of each node, as returned by `resolve_groups`.

    Returns
    -------
    dict of str to ndarray
        Those within no other.

    Examples
    --------
    >>> from ensemble_hwr.hierarchy import resolve_groups, top_level
    >>> list(top_level(resolve_groups({"first": {"x": "A", "y": "BC"}, "second": "DE"}, list("ABCDE"))))
    ['first', 'second']
    """
    levels = levels_of(groups)
    return {name: labels for name, labels in groups.items() if levels[name] == 1}


def levels_of(groups: NamedSets) -> dict[str, int]:
    """Return the level of each group of a tree: 1 for those within no other.

    Parameters
    ----------
    groups : mapping of str to ndarray
        Name and classes of each node, level by level, as returned by `resolve_groups`.

    Returns
    -------
    dict of str to int
        Level by name.

    Examples
    --------
    >>> from ensemble_hwr.hierarchy import levels_of, resolve_groups
    >>> levels_of(resolve_groups({"first": {"x": "A", "y": "BC"}, "second": "DE"}, list("ABCDE")))
    {'first': 1, 'second': 1, 'first/x': 2, 'first/y': 2}
    """
    of_class: dict[Any, int] = {}
    levels = {}
    for name, members in groups.items():
        labels = members.tolist()
        levels[name] = of_class.get(labels[0], 0) + 1
        of_class.update(dict.fromkeys(labels, levels[name]))
    return levels


def class_paths(groups: NamedSets, classes: ArrayLike) -> dict[Any, tuple[str, ...]]:
    """Return the names of the groups that hold each class, the largest first.

    Parameters
    ----------
    groups : mapping of str to ndarray
        Name and classes of each node, level by level, as returned by `resolve_groups`.
    classes : array-like of shape (n_classes,)
        Sorted labels.

    Returns
    -------
    dict of label to tuple of str
        A path for each class, without the class itself.

    Examples
    --------
    >>> from ensemble_hwr.hierarchy import class_paths, resolve_groups
    >>> class_paths(resolve_groups({"first": {"x": "A", "y": "B"}, "second": "C"}, list("ABC")), list("ABC"))
    {'A': ('first', 'first/x'), 'B': ('first', 'first/y'), 'C': ('second',)}
    """
    paths: dict[Any, tuple[str, ...]] = dict.fromkeys(np.asarray(classes).tolist(), ())
    for name, members in groups.items():
        for label in members.tolist():
            paths[label] = (*paths[label], name)
    return paths


def _declared_nodes(groups: Any, classes: NDArray[Any]) -> Nodes | None:
    """Return the nodes of a declared tree; None if the declaration is a flat one."""
    known = set(classes.tolist())
    if isinstance(groups, Mapping):
        if any(isinstance(value, Mapping) for value in groups.values()):
            return _nodes_of_mapping(groups, classes)
        if groups and all(_is_path_of_class(label, path, known) for label, path in groups.items()):
            return _nodes_of_paths({_plain(label): list(path) for label, path in groups.items()})
    elif isinstance(groups, Sequence | np.ndarray) and not isinstance(groups, str) and len(groups):
        edges = [tuple(map(_plain, pair)) if _is_pair(pair) else () for pair in groups]
        if all(edge and edge[0] not in known for edge in edges) and any(child in known for _, child in edges):
            return _nodes_of_paths(_paths_of_edges(edges, classes))
    return None


def _is_path_of_class(label: Any, path: Any, known: set[Any]) -> bool:
    """Return whether a class has names of nodes, none of which is a class."""
    is_sequence = isinstance(path, Sequence | np.ndarray) and not isinstance(path, str)
    return label in known and is_sequence and not any(_is_hashable_in(name, known) for name in path)


def _is_pair(value: Any) -> bool:
    if isinstance(value, str) or not isinstance(value, Sequence | np.ndarray) or len(value) != 2:
        return False
    return not any(isinstance(end, list | dict | set | np.ndarray) for end in value)


def _is_hashable_in(value: Any, known: set[Any]) -> bool:
    return isinstance(value, list | dict | set | np.ndarray) or value in known


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _nodes_of_mapping(groups: Mapping[Any, Any], classes: NDArray[Any], above: Path = ()) -> Nodes:
    """Return the nodes of a mapping of mappings."""
    nodes: Nodes = {}
    for name, value in groups.items():
        path = (*above, str(name))
        if path in nodes:
            raise HierarchyError(f"groups: two groups have the name {'/'.join(path)!r}; give them different names")
        if not isinstance(value, Mapping):
            nodes[path] = known_classes(value, classes, f"groups, {'/'.join(path)!r}", 1).tolist()
            continue
        if not value:
            raise HierarchyError(f"groups: {'/'.join(path)!r} is empty; give it classes or leave it out")
        below = _nodes_of_mapping(value, classes, path)
        own = [label for child, labels in below.items() if len(child) == len(path) + 1 for label in labels]
        nodes |= {path: own, **below}
    return nodes


def _nodes_of_paths(paths: Mapping[Any, Sequence[Any]]) -> Nodes:
    """Return the nodes of a path for each class; a class without a node above it is a group of its own."""
    nodes: Nodes = {}
    for label, path in paths.items():
        names = tuple(map(str, path)) or (str(label),)
        for depth in range(1, len(names) + 1):
            nodes.setdefault(names[:depth], []).append(label)
    return nodes


def _paths_of_edges(edges: Sequence[tuple[Any, ...]], classes: NDArray[Any]) -> dict[Any, list[Any]]:
    """Return the path of each class in a tree of edges, without a single root."""
    known = set(classes.tolist())
    parent_of: dict[Any, Any] = {}
    for parent, child in edges:
        if child in parent_of:
            what = "class" if child in known else "node"
            raise HierarchyError(
                f"groups: {what} {child!r} is a child of {parent_of[child]!r} and of {parent!r}; keep one of the edges"
            )
        parent_of[child] = parent
    nodes = dict.fromkeys(end for edge in edges for end in edge)
    paths = {node: list(_ancestors(node, parent_of))[::-1] for node in nodes}
    above_a_class = {name for node, path in paths.items() if node in known for name in path}
    empty = [node for node in nodes if node not in known and node not in above_a_class]
    if empty:
        raise HierarchyError(
            f"groups: node {empty[0]!r} is not one of the classes and has none below it; "
            "add an edge to a class, or leave the node out"
        )
    roots = [node for node in nodes if node not in parent_of]
    return {node: path[1:] if len(roots) == 1 else path for node, path in paths.items() if node in known}


def _ancestors(node: Any, parent_of: Mapping[Any, Any]) -> Iterator[Any]:
    """Yield the nodes above a node, the nearest first."""
    seen = {node}
    while node in parent_of:
        node = parent_of[node]
        if node in seen:
            raise HierarchyError(f"groups: node {node!r} is above itself; remove an edge of this cycle")
        seen.add(node)
        yield node


def _resolve_nodes(nodes: Nodes, classes: NDArray[Any]) -> NamedSets:
    """Return the sets of the nodes by name, level by level; raise an error if they are not a tree of all classes."""
    by_level = sorted(nodes, key=len)
    position = {label: i for i, label in enumerate(classes.tolist())}
    _check_once(nodes)
    named: NamedSets = {}
    for path in by_level:
        name = "/".join(path)
        if name in named:
            raise HierarchyError(f"groups: two groups have the name {name!r}; give them different names")
        named[name] = classes[sorted(position[label] for label in nodes[path])]
    check_partition({"/".join(path): named["/".join(path)] for path in by_level if len(path) == 1}, classes)
    _check_chains(nodes, len(classes))
    return named


def _check_once(nodes: Nodes) -> None:
    """Check that no class is below a node twice."""
    leaf_of: dict[Any, str] = {}
    inner = {path[:-1] for path in nodes}
    for path, labels in nodes.items():
        for label in labels if path not in inner else ():
            if label in leaf_of:
                raise HierarchyError(
                    f"groups: class {label!r} is in group {leaf_of[label]!r} and in group {'/'.join(path)!r}; "
                    "a class has one place in the tree, so keep one of them"
                )
            leaf_of[label] = "/".join(path)


def _check_chains(nodes: Nodes, n_classes: int) -> None:
    """Check that no node holds every class of the node above it."""
    for path, labels in nodes.items():
        above = nodes.get(path[:-1])
        if len(labels) == (n_classes if above is None else len(above)):
            where = f"of {'/'.join(path[:-1])!r}" if above is not None else "that the router predicts"
            raise HierarchyError(
                f"groups: {'/'.join(path)!r} holds every class {where}; leave it out, or divide the classes"
            )
