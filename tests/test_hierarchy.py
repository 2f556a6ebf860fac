"""Checks of declared sets, and properties of derived ones."""

import networkx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ensemble_hwr.exceptions import HierarchyError
from ensemble_hwr.hierarchy import (
    batches,
    class_paths,
    derive_confusables,
    derive_groups,
    levels_of,
    resolve_confusables,
    resolve_groups,
    set_name,
    top_level,
)

CAPITALS = list("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
CONFUSIONS = st.integers(2, 12).flatmap(lambda n: arrays(float, (n, n), elements=st.floats(0, 100)))


def test_capital_letters_have_the_batches_of_the_literature():
    assert ["".join(members) for members in batches(CAPITALS).values()] == [
        "ABCDE",
        "FGHI",
        "JKLMN",
        "OPQR",
        "STUV",
        "WXYZ",
    ]


@given(st.integers(1, 80), st.integers(1, 20))
def test_batches_cover_in_order_and_differ_by_one_class_at_most(n_classes, size):
    found = list(batches(np.arange(n_classes), size).values())
    assert np.concatenate(found).tolist() == list(range(n_classes))
    lengths = [len(part) for part in found]
    assert max(lengths) <= size
    assert max(lengths) - min(lengths) <= 1


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (["AB", "BC", "D"], "class 'B' is in group 'A/B' and in group 'B/C'"),
        (["AB"], "classes 'C', 'D' are in no group"),
        (["ABC"], "class 'D' is in no group"),
        (["ABCD", "E"], "'E' is not one of the classes"),
        (["AAB", "CD"], "class 'A' occurs twice"),
        (["ABCD", ""], "must hold at least one class"),
        ({"x": "AB", "y": ["C", 7]}, "7 is not one of the classes"),
        ("ABCD", "give a list of sets"),
        (5, "give a list of sets"),
        ([5, "ABCD"], "5 is not a set of classes"),
    ],
)
def test_invalid_groups_raise_with_the_class(groups, message):
    with pytest.raises(HierarchyError, match=message):
        resolve_groups(groups, list("ABCD"))


@pytest.mark.parametrize(
    ("sets", "message"),
    [
        (["B"], r"\['B'\] must hold at least two classes"),
        (["AB", "BA"], "two sets have the name 'A/B'"),
        (["AZ"], "'Z' is not one of the classes"),
    ],
)
def test_invalid_confusable_sets_raise(sets, message):
    with pytest.raises(HierarchyError, match=message):
        resolve_confusables(sets, list("ABCD"))


def test_a_string_is_not_split_where_labels_are_longer_than_a_character():
    with pytest.raises(HierarchyError, match="write the set as a list"):
        resolve_groups(["ab", "cd"], ["ab", "cd"])


def test_sets_may_overlap_and_a_star_is_every_class():
    sets = resolve_confusables({"pair": ["D", "A"], "near": "AB", "all": "*"}, list("ABCD"))
    assert {name: "".join(labels) for name, labels in sets.items()} == {"pair": "AD", "near": "AB", "all": "ABCD"}


def test_labels_of_any_type_may_be_declared_as_python_objects():
    assert [part.tolist() for part in resolve_groups([(3, 1), np.array([2])], np.array([1, 2, 3])).values()] == [
        [1, 3],
        [2],
    ]


def test_a_long_set_has_a_short_name():
    assert set_name(list("ACEGIKM"), CAPITALS) == "A/C/../M"


@given(CONFUSIONS, st.integers(1, 6))
def test_derived_groups_cover_every_class_once_within_size(confusion, size):
    classes = np.array([f"c{i:02d}" for i in range(len(confusion))])
    groups = derive_groups(confusion, classes, size)
    assert sorted(np.concatenate(list(groups.values()))) == sorted(classes)
    assert max(len(labels) for labels in groups.values()) <= size


@given(CONFUSIONS)
def test_derived_groups_do_not_depend_on_labels(confusion):
    classes = np.arange(len(confusion))
    as_numbers = [part.tolist() for part in derive_groups(confusion, classes, 3).values()]
    as_texts = derive_groups(confusion, np.array([f"{i:03d}" for i in classes]), 3)
    assert as_numbers == [[int(label) for label in part] for part in as_texts.values()]


@given(CONFUSIONS, st.integers(1, 4), st.integers(2, 4))
def test_derived_sets_are_within_their_limits(confusion, max_sets, max_size):
    classes = np.arange(len(confusion))
    sets = derive_confusables(confusion, classes, max_sets=max_sets, max_size=max_size)
    assert len(sets) <= max_sets
    assert all(2 <= len(labels) <= max_size for labels in sets.values())


def test_the_most_confused_classes_come_first_and_are_joined():
    confusion = np.eye(26) * 1000
    for pair, times in {"OD": 90, "UV": 80, "VW": 70, "UW": 60, "BP": 50, "XY": 1}.items():
        a, b = (CAPITALS.index(letter) for letter in pair)
        confusion[a, b] = times
    assert ["".join(labels) for labels in derive_confusables(confusion, CAPITALS).values()] == ["DO", "UVW", "BP"]
    groups = derive_groups(confusion, CAPITALS)
    joined = {letter: name for name, labels in groups.items() for letter in labels}
    assert joined["O"] == joined["D"]
    assert joined["U"] == joined["V"] == joined["W"]


def test_without_confusions_there_is_no_set():
    assert derive_confusables(np.eye(4), list("ABCD")) == {}


def test_derived_sets_of_equal_names_are_numbered():
    labels = ["a", "a/b", "b/c", "c"]
    confusion = [[5, 0, 5, 0], [0, 5, 0, 5], [5, 0, 5, 0], [0, 5, 0, 5]]
    for derived in (derive_groups(confusion, labels, size=2), derive_confusables(confusion, labels)):
        assert sorted(members.tolist() for members in derived.values()) == [["a", "b/c"], ["a/b", "c"]]
        assert list(derived) == ["a/b/c", "a/b/c (2)"]


@pytest.mark.parametrize("odd", [["A", ["B"]], ["A", {}]])
def test_objects_that_cannot_be_labels_are_unknown(odd):
    with pytest.raises(HierarchyError, match="not one of the classes"):
        resolve_groups([odd], list("AB"))


@pytest.mark.parametrize("sets", [["AB"], [["A", "B"]]])
def test_encoded_classes_are_explained(sets):
    with pytest.raises(HierarchyError, match="VotingClassifier"):
        resolve_groups(sets, np.arange(4))
    with pytest.raises(HierarchyError) as told:
        resolve_groups(sets, np.array([3, 4, 7]))
    assert "VotingClassifier" not in str(told.value)


TREE = {"x": {"a": "AB", "b": {"c": "C", "d": "DE"}}, "y": "FG"}
NODES = {"x": "ABCDE", "y": "FG", "x/a": "AB", "x/b": "CDE", "x/b/c": "C", "x/b/d": "DE"}


def as_text(named):
    return {name: "".join(members) for name, members in named.items()}


def paths_of(tree, above=()):
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from paths_of(value, (*above, name))
        else:
            yield from ((label, [*above, name]) for label in value)


def edges_of(tree, above):
    for name, value in tree.items():
        yield above, name
        yield from edges_of(value, name) if isinstance(value, dict) else ((name, label) for label in value)


@pytest.mark.parametrize(
    "groups",
    [
        TREE,
        dict(paths_of(TREE)),
        list(edges_of(TREE, "root")),
        [edge for edge in edges_of(TREE, "root") if edge[0] != "root"],
        np.array(list(edges_of(TREE, "root"))),
        list(networkx.DiGraph(list(edges_of(TREE, "root"))).edges),
    ],
    ids=["mappings", "paths", "edges", "edges of two roots", "array", "networkx"],
)
def test_every_form_of_a_tree_gives_the_same_sets_level_by_level(groups):
    found = resolve_groups(groups, list("ABCDEFG"))
    assert as_text(found) == NODES
    assert sorted(levels_of(found).values()) == list(levels_of(found).values()) == [1, 1, 2, 2, 3, 3]
    assert as_text(top_level(found)) == {"x": "ABCDE", "y": "FG"}


def test_classes_may_be_siblings_of_groups():
    edges = [("root", 7), ("root", "low"), ("low", 1), ("low", "lower"), ("lower", 2), ("lower", 3)]
    found = resolve_groups(edges, np.array([1, 2, 3, 7]))
    assert {name: members.tolist() for name, members in found.items()} == {
        "7": [7],
        "low": [1, 2, 3],
        "low/lower": [2, 3],
    }
    assert class_paths(found, [1, 2, 3, 7])[2] == ("low", "low/lower")
    paths = {1: ["low"], 2: ["low", "lower"], 3: ["low", "lower"], 7: []}
    assert as_text(resolve_groups({str(k): v for k, v in paths.items()}, list("1237"))) == {
        "low": "123",
        "7": "7",
        "low/lower": "23",
    }


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ({"x": {"a": "AB", "b": "BC"}, "y": "D"}, "class 'B' is in group 'x/a' and in group 'x/b'"),
        ({"x": {"a": "AB", "b": "C"}, "y": "CD"}, "class 'C' is in group 'x/b' and in group 'y'"),
        ({"x": {"a": "A", "b": "B"}, "y": "C"}, "class 'D' is in no group"),
        ({"x": {"a": "AB"}, "y": "CD"}, "'x/a' holds every class of 'x'"),
        ({"all": {"a": "AB", "b": "CD"}}, "'all' holds every class that the router predicts"),
        ({"x": {"a": {}, "b": "AB"}, "y": "CD"}, "'x/a' is empty"),
        ({"x": {"a": "AB", "b": ""}, "y": "CD"}, "'x/b'.* must hold at least one class"),
        ({"x": {"a": "AQ", "b": "B"}, "y": "CD"}, "'x/a'.*'Q' is not one of the classes"),
        ({"x": {1: "A", "1": "B"}, "y": "CD"}, "two groups have the name 'x/1'"),
        ({"x": {"a": "A", "b": "B"}, "x/a": "CD"}, "two groups have the name 'x/a'"),
        ({"A": ["x", "a"], "B": ["x", "a"], "C": ["y"]}, "class 'D' is in no group"),
        ({"A": ["x", "a"], "B": ["x", "a"], "C": ["y"], "D": ["y"]}, "'x/a' holds every class of 'x'"),
        ([("x", "A"), ("y", "B"), ("x", "C"), ("y", "C")], "class 'C' is a child of 'x' and of 'y'"),
        ([("r", "x"), ("x", "y"), ("y", "x")] + [("r", c) for c in "ABCD"], "node 'x' is a child of"),
        ([("x", "y"), ("y", "x")] + [("r", c) for c in "ABCD"], "node 'x' is above itself"),
        ([("r", c) for c in "ABCD"] + [("r", "E")], "node 'E' is not one of the classes and has none below it"),
        ([("r", c) for c in "ABC"], "class 'D' is in no group"),
    ],
)
def test_invalid_trees_raise_with_the_node(groups, message):
    with pytest.raises(HierarchyError, match=message):
        resolve_groups(groups, list("ABCD"))
