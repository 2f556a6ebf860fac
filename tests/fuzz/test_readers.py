"""Changed files of every kind are read with an answer or an error of the library, run no code and write no file.

The examples are the same in every run; ``python -m benchmarks.fuzz`` reads as many others as there is time for.
"""

import random
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[2]))
from benchmarks.fuzz import ANSWER, FORBIDDEN, KINDS, OWN_ERROR, file_name, is_other_file, outcome, written

sys.path.pop(0)

EXAMPLES = 25
executed = []
watching = None


def watch(event, arguments):
    if watching is not None:
        if event in FORBIDDEN:
            executed.append(event)
        executed.extend((event, path) for path in written(event, arguments) if is_other_file(path, watching))


@pytest.fixture(scope="module", autouse=True)
def hook():
    sys.addaudithook(watch)  # it cannot be removed


def read(kind, folder, ending, data):
    """Read bytes as a file; return the outcome and its message."""
    global watching  # noqa: PLW0603
    file = folder / file_name(ending)
    file.write_bytes(data)
    watching = file
    try:
        return outcome(kind.read, file)
    finally:
        watching = None


@pytest.mark.parametrize("name", KINDS)
def test_files_that_were_not_changed_are_read(tmp_path, name):
    kind = KINDS[name]
    for ending, data in kind.seeds():
        assert read(kind, tmp_path, ending, data) == (ANSWER, "")


@pytest.mark.parametrize("name", [name for name in KINDS if name != "words"])
def test_changed_files_are_an_answer_or_a_clear_error(tmp_path, name):
    kind, seeds = KINDS[name], KINDS[name].seeds()

    @settings(max_examples=EXAMPLES, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(range(len(seeds))), st.randoms(use_true_random=False), st.sampled_from(range(len(seeds))))
    def check(number, draw, other):
        ending, data = seeds[number]
        changed = kind.change(data, draw, seeds[other][1])
        found, message = read(kind, tmp_path, ending, changed)
        assert found in (ANSWER, OWN_ERROR), message

    for ending, data in kind.seeds():
        read(kind, tmp_path, ending, data)  # imports what it needs
    executed.clear()
    check()
    assert executed == []


@pytest.mark.parametrize("name", [name for name in KINDS if name != "words"])
def test_any_bytes_are_an_answer_or_a_clear_error(tmp_path, name):
    kind = KINDS[name]
    endings = sorted({ending for ending, _ in kind.seeds()})

    @settings(max_examples=EXAMPLES, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(endings), st.binary(max_size=200) | st.text(max_size=60).map(str.encode))
    def check(ending, data):
        found, message = read(kind, tmp_path, ending, data)
        assert found in (ANSWER, OWN_ERROR), message

    for ending, data in kind.seeds():
        read(kind, tmp_path, ending, data)  # imports what it needs
    executed.clear()
    check()
    assert executed == []


def test_changes_depend_on_the_seed_only():
    data = bytes(range(200))
    for kind in KINDS.values():
        ending, seed = kind.seeds()[0]
        assert kind.change(seed, random.Random(3), data) == kind.change(seed, random.Random(3), data), ending


def test_files_that_are_written_are_seen(tmp_path):
    file = tmp_path / "changed.txt"
    kind = type(KINDS["configs"])(list, bytes, lambda file: file.with_name("other").write_bytes(file.read_bytes()))
    executed.clear()
    assert read(kind, tmp_path, ".txt", b"text") == (ANSWER, "")
    assert executed == [("open", str(tmp_path.resolve() / "other"))]
    assert not is_other_file(str(tmp_path.resolve() / "made-1" / "0.png"), file)
    executed.clear()
