import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ensemble_hwr.preprocessing._coordinates import ASPECTS, default_box, moment_edges

SHAPE = (9, 13)


def moments_after(profile, edges):
    """Mean and four standard deviations of ink that lies evenly between the moved borders."""
    lower, upper = edges[:-1].astype(float), edges[1:].astype(float)
    share = profile / profile.sum()
    mean = (share * (lower + upper) / 2).sum()
    square = (share * (lower**2 + lower * upper + upper**2) / 3).sum()
    return mean, 4 * np.sqrt(square - mean**2)


@pytest.mark.parametrize("aspect", ASPECTS)
@given(arrays(np.float32, SHAPE, elements=st.floats(0, 1, width=16)).filter(lambda ink: ink.sum() > 1e-2))
def test_what_was_moved_has_the_moments_wanted(aspect, ink):
    down, across = moment_edges(ink[None], aspect, 7.0)
    middle_y, height = moments_after(ink.sum(axis=1), down[0])
    middle_x, width = moments_after(ink.sum(axis=0), across[0])
    assert (middle_y, middle_x) == pytest.approx((SHAPE[0] / 2, SHAPE[1] / 2), abs=1e-2)
    assert max(height, width) == pytest.approx(7.0, rel=1e-2)
    _, old_height = moments_after(ink.sum(axis=1), np.arange(SHAPE[0] + 1))
    _, old_width = moments_after(ink.sum(axis=0), np.arange(SHAPE[1] + 1))
    ratio = min(old_height, old_width) / max(old_height, old_width)
    assert min(height, width) / max(height, width) == pytest.approx(ASPECTS[aspect](ratio), rel=1e-2)


def test_no_ink_is_left_where_it_is():
    down, across = moment_edges(np.zeros((1, *SHAPE), np.float32), "root", 7.0)
    np.testing.assert_allclose(down[0], np.arange(10))
    np.testing.assert_allclose(across[0], np.arange(14))


def test_less_than_paper_counts_as_paper():
    ink = np.random.default_rng(0).normal(size=(1, *SHAPE)).astype(np.float32)
    for found, expected in zip(moment_edges(ink, "keep", 7), moment_edges(ink.clip(0), "keep", 7), strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("name", ASPECTS)
def test_no_aspect_function_makes_a_letter_narrower_or_turns_it(name):
    ratios = np.linspace(0.01, 1, 50)
    assert (ASPECTS[name](ratios) >= ratios - 1e-12).all()
    assert ASPECTS[name](1.0) == pytest.approx(1)


def test_the_box_is_24_of_28():
    assert default_box((28, 28)) == 24
    assert default_box((14, 28)) == 12
