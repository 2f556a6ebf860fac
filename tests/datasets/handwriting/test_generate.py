import hashlib
import os
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ensemble_hwr.datasets.handwriting import generate_letters
from ensemble_hwr.exceptions import DataError
from ensemble_hwr.preprocessing import LetterNormalizer

CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.,-'!?:&/"
SCRIPT = """
import hashlib
from ensemble_hwr.datasets.handwriting import generate_letters
digest = hashlib.sha256()
digest.update(generate_letters(40, writers=3, random_state=11).data.tobytes())
for picture in generate_letters(10, writers=3, random_state=11, format="pictures").data:
    digest.update(picture.tobytes())
print(digest.hexdigest())
"""


def test_same_bytes_in_another_process():
    digest = hashlib.sha256(generate_letters(40, writers=3, random_state=11).data.tobytes())
    for picture in generate_letters(10, writers=3, random_state=11, format="pictures").data:
        digest.update(picture.tobytes())
    environment = {**os.environ, "PYTHONHASHSEED": "77", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == digest.hexdigest()


@settings(max_examples=25, deadline=None)
@given(
    n=st.integers(1, 60),
    letters=st.sets(st.sampled_from(CHARACTERS), min_size=1).map(sorted),
    writers=st.integers(1, 12),
    seed=st.integers(0, 2**64),
    difficulty=st.floats(0, 2),
)
def test_rows_of_any_letters(n, letters, writers, seed, difficulty):
    found = generate_letters(n, letters=letters, writers=writers, random_state=seed, difficulty=difficulty)
    assert found.data.shape == (n, 784)
    assert found.data.dtype == np.uint8
    assert (found.data.max(axis=1) == 255).all()
    assert (found.source == "generated").all()
    _check_balance(found.target, n, letters)
    _check_balance(found.writer, n, [f"w{i:03d}" for i in range(writers)])


def _check_balance(values, n, allowed):
    counts = Counter(values.tolist())
    assert set(counts) <= set(allowed)
    assert sum(counts.values()) == n
    assert {counts[value] for value in allowed} <= {n // len(allowed), -(-n // len(allowed))}


@settings(max_examples=25, deadline=None)
@given(
    n=st.integers(1, 30),
    seed=st.integers(0, 1000),
    size=st.tuples(st.integers(8, 90), st.integers(0, 40)).map(lambda pair: (pair[0], sum(pair))),
)
def test_pictures_of_any_size(n, seed, size):
    found = generate_letters(n, writers=4, random_state=seed, format="pictures", size=size)
    assert not found.is_rows
    for picture in found.data:
        assert picture.dtype == np.uint8
        assert picture.ndim == 2
        assert 0.6 * size[0] < max(picture.shape) < 3 * size[1] + 4
        assert picture.min() < np.median(picture)


def test_every_writer_writes_every_letter_before_any_twice():
    found = generate_letters(26 * 8, writers=8, random_state=0)
    assert len(set(zip(found.target.tolist(), found.writer.tolist(), strict=True))) == 26 * 8


def test_a_larger_set_begins_with_the_smaller():
    many, few = (generate_letters(n, writers=6, random_state=4) for n in (200, 90))
    np.testing.assert_array_equal(many.data[:90], few.data)
    np.testing.assert_array_equal(many.writer[:90], few.writer)


def test_letters_of_a_writer_do_not_depend_on_other_letters():
    many = generate_letters(26 * 5, writers=5, random_state=4)
    few = generate_letters(6, letters="QZ", writers=3, random_state=4)
    for row, letter, writer in zip(few.data, few.target, few.writer, strict=True):
        same = (many.target == letter) & (many.writer == writer)
        np.testing.assert_array_equal(many.data[same][0], row)


def test_rows_are_centered_by_mass_in_a_box_of_20():
    rows = generate_letters(260, writers=20, random_state=1).data.reshape(-1, 28, 28) / 255
    middle = np.arange(28) - 13.5
    for axis in (1, 2):
        profile = rows.sum(axis=3 - axis)
        offset = (profile @ middle) / profile.sum(axis=1)
        assert np.median(np.abs(offset)) < 0.5
        assert np.abs(offset).max() < 3
    spans = [max(np.ptp(np.flatnonzero(row.max(axis=axis) > 0.2)) + 1 for axis in (0, 1)) for row in rows]
    assert 18 <= min(spans) <= max(spans) <= 22


def test_rows_resemble_normalized_pictures():
    rows, pictures = (generate_letters(52, random_state=6, format=format) for format in ("rows", "pictures"))
    normalized = LetterNormalizer().fit_transform(list(pictures.data))
    alike = [np.corrcoef(row, other)[0, 1] for row, other in zip(rows.data, normalized, strict=True)]
    unlike = [np.corrcoef(row, other)[0, 1] for row, other in zip(rows.data, normalized[1:], strict=False)]
    assert np.median(alike) > 0.85
    assert np.median(unlike) < 0.5


def test_letters_of_one_writer_are_more_similar():
    found = generate_letters(20 * 12, letters="H", writers=20, random_state=2)
    who = np.unique(found.writer, return_inverse=True)[1]
    ink = found.data.reshape(-1, 28, 28) / 255.0
    for measure in (ink.mean(axis=(1, 2)), _slants(ink)):
        groups = [measure[who == writer] for writer in range(20)]
        between = np.var([group.mean() for group in groups], ddof=1)
        within = np.mean([group.var(ddof=1) for group in groups])
        assert between > 2 * within


def _slants(ink):
    """Return the horizontal shift of ink per pixel of height, from second moments."""
    down, across = np.mgrid[:28, :28]
    mass = ink.sum(axis=(1, 2))
    y = down - ((ink * down).sum(axis=(1, 2)) / mass)[:, None, None]
    x = across - ((ink * across).sum(axis=(1, 2)) / mass)[:, None, None]
    return -(ink * x * y).sum(axis=(1, 2)) / (ink * y * y).sum(axis=(1, 2))


def test_difficulty_spreads_the_letters():
    def spread(difficulty):
        found = generate_letters(60, letters="S", writers=30, random_state=3, difficulty=difficulty, pens=["ball"])
        return (found.data / 255.0).var(axis=0).sum()

    assert spread(0.0) < spread(1.0) < spread(2.0)


@pytest.mark.parametrize("make", [np.random.default_rng, np.random.RandomState])
def test_random_state_may_be_a_generator(make):
    first, second = (generate_letters(5, random_state=make(3)).data for _ in range(2))
    np.testing.assert_array_equal(first, second)
    generator = make(3)
    generate_letters(5, random_state=generator)
    assert not np.array_equal(generate_letters(5, random_state=generator).data, first)


def test_without_random_state_every_call_differs():
    assert not np.array_equal(generate_letters(3).data, generate_letters(3).data)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"n": 0}, "n is 0, but it must be an integer of 1 or more"),
        ({"n": 2.5}, "n is 2.5"),
        ({"n": True}, "n is True"),
        ({"writers": 0}, "writers is 0"),
        ({"letters": "ABß"}, r"letters contains \['ß'\], but it must contain at least one of the letters A to Z"),
        ({"letters": ""}, "at least one"),
        ({"letters": "ABA"}, "letters contains A more than once"),
        ({"format": "movies"}, "format is 'movies', but it must be 'rows' or 'pictures'"),
        ({"size": (0, 5)}, r"size is \(0, 5\)"),
        ({"size": 40}, "size is 40"),
        ({"difficulty": -1}, "difficulty is -1"),
        ({"pens": ["quill"]}, "pens is"),
        ({"random_state": "seven"}, "random_state is 'seven'"),
        ({"random_state": -1}, "random_state is -1"),
    ],
)
def test_invalid_settings_are_rejected(wrong, message):
    with pytest.raises(DataError, match=message):
        generate_letters(**{"n": 10, **wrong})


def test_capitals_are_those_of_all_versions():
    # Sums over rows that were generated before small letters existed; models can be retrained on the same capitals.
    rows = generate_letters(26 * 4, writers=3, random_state=5, pens=["ball", "felt"]).data.astype(np.float64)
    assert rows.sum(axis=1)[[0, 31, 77]] == pytest.approx([15931, 13805, 13670], rel=2e-4)


def test_capitals_do_not_depend_on_other_characters():
    capitals = generate_letters(52, letters="AIQ", writers=4, random_state=2)
    mixed = generate_letters(104, letters="AaIiQ1.", writers=4, random_state=2)
    for row, letter, writer in zip(capitals.data[:12], capitals.target, capitals.writer, strict=False):
        same = (mixed.target == letter) & (mixed.writer == writer)
        np.testing.assert_array_equal(mixed.data[same][0], row)


def test_dots_and_dashes_fill_their_box():
    found = generate_letters(9 * 8, letters=".,-'!?:&/", writers=8, random_state=0)
    rows = found.data.reshape(-1, 28, 28)
    assert (rows[found.target == "."].mean(axis=(1, 2)) > 45).all()
    for row in rows[found.target == "-"]:
        assert np.ptp(np.flatnonzero(row.max(axis=0) > 128)) > 12
