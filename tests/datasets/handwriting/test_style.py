import pickle
import string

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ensemble_hwr.datasets.handwriting import WriterStyle, allograph_names
from ensemble_hwr.exceptions import DataError


@given(seed=st.integers(0, 2**32), difficulty=st.floats(0, 3))
def test_random_writers_are_valid_and_reproducible(seed, difficulty):
    style = WriterStyle.random(seed, difficulty=difficulty)
    assert style == WriterStyle.random(np.random.default_rng(seed), difficulty=difficulty)
    assert "".join(style.allographs) == f"{string.ascii_uppercase}{string.ascii_lowercase}{string.digits}.,-'!?:&/"
    assert pickle.loads(pickle.dumps(style)) == style
    assert hash(style) == hash(WriterStyle.random(seed, difficulty=difficulty))


def test_difficulty_0_is_copybook_writing():
    style = WriterStyle.random(3, difficulty=0)
    assert (style.deviation, style.unsteadiness, style.roundness, style.tremor, style.width) == (0, 0, 0, 0, 1)


def test_common_allographs_are_common_and_rare_ones_occur():
    used = [WriterStyle.random(seed).allographs["V"] for seed in range(300)]
    assert set(used) == set(allograph_names("V"))
    assert max(set(used), key=used.count) == "one-stroke"


def test_pens_can_be_chosen():
    assert {WriterStyle.random(seed, pens=["felt"]).pen for seed in range(9)} == {"felt"}
    widths = [WriterStyle.random(seed, pens=["felt"]).pen_width for seed in range(50)]
    assert 0.10 <= min(widths) < max(widths) <= 0.19


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"pen": "quill"}, "pen is 'quill', but it must be one of 'ball', 'pencil', 'felt'"),
        ({"pen_width": 0.0}, "pen_width is 0.0"),
        ({"pressure": 1.2}, "pressure is 1.2"),
        ({"roundness": -0.1}, "roundness is -0.1"),
        ({"x_height": 0}, "x_height is 0"),
        ({"x_height": 1.1}, "x_height is 1.1"),
        ({"descender": -0.1}, "descender is -0.1"),
        ({"joined": 2}, "joined is 2"),
        ({"slant": np.nan}, "slant is nan"),
        ({"habit": -1}, "habit is -1"),
        ({"allographs": {"A": "gothic"}}, "A has no allograph 'gothic'; allowed: 'three-strokes'"),
        ({"allographs": {"Ä": "tent"}}, "letter is 'Ä'"),
        ({"allographs": {"a": "tent"}}, "a has no allograph 'tent'"),
    ],
)
def test_invalid_styles_are_rejected(settings, message):
    with pytest.raises(DataError, match=message):
        WriterStyle(**settings)


@pytest.mark.parametrize("pens", [[], ["ball", "quill"]])
def test_unknown_pens_are_rejected(pens):
    with pytest.raises(DataError, match="it must name one or more of 'ball', 'pencil', 'felt'"):
        WriterStyle.random(0, pens=pens)


@pytest.mark.parametrize("difficulty", [-1, np.inf])
def test_invalid_difficulty_is_rejected(difficulty):
    with pytest.raises(DataError, match="difficulty is"):
        WriterStyle.random(0, difficulty=difficulty)


def test_unknown_letter_has_no_allographs():
    with pytest.raises(DataError, match="letter is 'ß', but only the letters A to Z and a to z"):
        allograph_names("ß")


def test_joined_forms_go_together():
    styles = [WriterStyle.random(seed) for seed in range(60)]
    counts = np.array([sum(style.allographs[letter] == "joined" for letter in "abcdehklmnu") for style in styles])
    joined = np.array([style.joined for style in styles])
    assert counts[joined < 0.1].mean() < 1.5
    assert counts[joined > 0.8].mean() > 5
