import pickle
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from ensemble_hwr import GradientFeatures, generate_letters
from ensemble_hwr.preprocessing import Augmenter
from ensemble_hwr.preprocessing.augmentation import _augmenter

OFF = {
    "rotation": 0, "slant": 0, "stretch": 0, "scale": 0, "shift": 0, "elastic": 0, "stroke_width": (0, 0),
    "erasure": 0, "occlusion": 0, "cut_off": 0, "pixelation": 0, "photo": 0,
}  # fmt: skip
ALWAYS = {"erasure": 1, "occlusion": 1, "cut_off": 1, "pixelation": 1, "photo": 1}


@pytest.fixture(scope="module")
def letters():
    return generate_letters(520, writers=5, random_state=0)


@pytest.fixture(scope="module")
def rows(letters):
    return letters.to_rows()[:60]


@st.composite
def augmenters(draw):
    share, chance = st.floats(0, 1), st.sampled_from([0.0, 0.5, 1.0])
    stroke = sorted(draw(st.tuples(st.floats(-0.5, 0.5), st.floats(-0.5, 0.5))))
    return Augmenter(
        rotation=draw(st.floats(0, 180)), slant=draw(st.floats(0, 60)), stretch=draw(share), scale=draw(share),
        shift=draw(share), elastic=draw(st.floats(0, 0.2)), smoothness=draw(st.floats(0.05, 1)),
        stroke_width=tuple(stroke), erasure=draw(chance), occlusion=draw(chance),
        patch=tuple(sorted(draw(st.tuples(share, share)))), cut_off=draw(chance), cut_depth=draw(st.floats(0, 0.5)),
        pixelation=draw(chance), cells=tuple(sorted(draw(st.tuples(st.integers(1, 20), st.integers(1, 20))))),
        photo=draw(chance), paper=draw(share), noise=draw(share),
    )  # fmt: skip


@settings(max_examples=40)
@given(augmenters(), arrays(np.float32, (3, 64), elements=st.floats(0, 1, width=16)), st.integers(0, 2**32))
def test_any_ink_and_any_parameters(augmenter, ink, seed):
    ink[1] = 0
    before = ink.copy()
    found = augmenter.augment(ink, seed)
    assert found.shape == ink.shape
    assert found.dtype == np.float32
    assert ((found >= 0) & (found <= 1)).all()
    assert not found[1].any()
    np.testing.assert_array_equal(ink, before)


@settings(max_examples=25)
@given(arrays(np.float32, (3, 49), elements=st.floats(0, 1, width=16)))
def test_zero_strength_is_the_identity(ink):
    found = Augmenter(**OFF).augment(ink, 0)
    np.testing.assert_array_equal(found, ink)
    assert not np.shares_memory(found, ink)


@pytest.mark.parametrize(
    "settings",
    [{"cut_off": 1, "cut_depth": 0}, {"photo": 1, "paper": 0, "noise": 0}, {"erasure": 1, "patch": (0, 0)}],
)
def test_steps_of_zero_strength_are_the_identity(settings):
    ink = np.round(np.random.default_rng(0).random((9, 64))).astype(np.float32)
    np.testing.assert_array_equal(Augmenter(**OFF | settings).augment(ink, 0), ink)


@pytest.mark.parametrize("setting", OFF)
def test_every_parameter_has_its_own_effect(rows, setting):
    value = ALWAYS.get(setting, Augmenter().get_params()[setting])
    found = Augmenter(**OFF | {setting: value}).augment(rows, 0)
    changed = (found != rows).any(axis=1)
    assert changed.mean() > 0.5
    assert len(np.unique(found - rows, axis=0)) > 30


@pytest.mark.parametrize("settings", [{}, ALWAYS])
def test_results_do_not_depend_on_the_block_size(rows, settings, monkeypatch):
    expected = Augmenter(**settings).augment(rows, 7)
    for pixels in (1, 7 * 784, 10_000 * 784):
        monkeypatch.setattr(_augmenter, "_BLOCK_PIXELS", pixels)
        np.testing.assert_array_equal(Augmenter(**settings).augment(rows, 7), expected)


@pytest.mark.parametrize("settings", [{}, ALWAYS])
def test_rows_are_independent(rows, settings):
    augmenter = Augmenter(**settings)
    together = augmenter.augment(rows, 7)
    np.testing.assert_array_equal(augmenter.augment(rows[:33], 7), together[:33])
    others = rows[::-1].copy()
    others[::3] = 0
    others[40] = rows[40]
    np.testing.assert_array_equal(augmenter.augment(others, 7)[40], together[40])


def test_disabling_a_step_does_not_change_the_others(rows):
    """Pixelation with as many cells as pixels draws values and changes nothing."""
    plain = Augmenter(**OFF | {"rotation": 20, "photo": 1, "elastic": 0.03}).augment(rows, 3)
    extra = {"rotation": 20, "photo": 1, "elastic": 0.03, "pixelation": 1, "cells": (28, 28), "cut_off": 0.0}
    np.testing.assert_allclose(Augmenter(**OFF | extra).augment(rows, 3), plain, atol=1e-5)


def test_random_states(rows):
    augmenter = Augmenter()
    once = augmenter.augment(rows, 1)
    np.testing.assert_array_equal(augmenter.augment(rows, np.int64(1)), once)
    assert (augmenter.augment(rows, 2) != once).any()
    for kind in (np.random.default_rng, np.random.RandomState):
        rng, same = kind(0), kind(0)
        first, second = augmenter.augment(rows, rng), augmenter.augment(rows, rng)
        assert (first != second).any()
        np.testing.assert_array_equal(augmenter.augment(rows, same), first)
        np.testing.assert_array_equal(augmenter.augment(rows, same), second)
    assert (augmenter.augment(rows) != augmenter.augment(rows)).any()


def test_threads(rows):
    augmenter = Augmenter(**ALWAYS)
    expected = [augmenter.augment(rows, seed) for seed in range(4)]
    with ThreadPoolExecutor(4) as pool:
        for found, alone in zip(pool.map(lambda seed: augmenter.augment(rows, seed), range(4)), expected, strict=True):
            np.testing.assert_array_equal(found, alone)


def test_the_share_of_damaged_letters_is_the_probability():
    ink = np.zeros((4000, 64), dtype=np.float32)
    ink.reshape(-1, 8, 8)[:, 1:7, 1:7] = 1
    for setting in ("cut_off", "pixelation", "photo"):
        extra = {setting: 0.2, "cells": (3, 5)}
        changed = (Augmenter(**OFF | extra).augment(ink, 0) != ink).any(axis=1)
        assert changed.mean() == pytest.approx(0.2, abs=0.03)


def test_memory_does_not_grow_with_the_number_of_rows(rows, monkeypatch):
    monkeypatch.setattr(_augmenter, "_BLOCK_PIXELS", 8 * 784)
    many = np.tile(rows, (16, 1))
    Augmenter().augment(rows, 0)
    tracemalloc.start()
    Augmenter().augment(many, 0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert many.nbytes > 3e6
    assert peak < many.nbytes + 1e6


def test_augmented_letters_are_still_classified_correctly(letters):
    """By a classifier fitted without augmentation: accuracy 0.93, and 0.43 with three times the distortion."""
    X, y = letters.to_rows(), letters.target
    reader = make_pipeline(GradientFeatures(grid=5), SVC(C=10)).fit(X, y)
    assert reader.score(Augmenter().augment(X, 0), y) > 0.88


def test_shapes_and_dtypes():
    augmenter = Augmenter()
    assert augmenter.augment(np.zeros((0, 784)), 0).shape == (0, 784)
    assert augmenter.augment([[0.0, 1.0, 0.5, 0.0]], 0).shape == (1, 4)
    assert augmenter.augment([[1]], 0).dtype == np.float32
    ink = np.zeros((2, 100 * 100))
    ink[:, 5050] = 1
    assert augmenter.augment(np.asfortranarray(ink), 0).shape == (2, 10_000)


def test_clone_get_params_and_pickle():
    augmenter = Augmenter(rotation=3)
    assert clone(augmenter).get_params() == augmenter.get_params()
    assert pickle.loads(pickle.dumps(augmenter)).rotation == 3
    assert repr(augmenter.set_params(rotation=4)) == "Augmenter(rotation=4)"


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"rotation": -1}, "'rotation'"),
        ({"rotation": "8"}, "'rotation'"),
        ({"slant": 90}, "'slant'"),
        ({"stretch": -0.1}, "'stretch'"),
        ({"elastic": 0.5}, "'elastic'"),
        ({"smoothness": 0}, "'smoothness'"),
        ({"erasure": 1.5}, "'erasure'"),
        ({"cut_depth": 0.6}, "'cut_depth'"),
        ({"stroke_width": 0.1}, "'stroke_width'"),
        ({"stroke_width": (0.1, -0.1)}, r"stroke_width=\(0.1, -0.1\) must be two numbers from -0.5 to 0.5"),
        ({"stroke_width": (0.1,)}, "stroke_width"),
        ({"stroke_width": (float("nan"), 0.1)}, "stroke_width"),
        ({"patch": (0.1, 1.1)}, r"patch=\(0.1, 1.1\) must be two numbers from 0 to 1"),
        ({"cells": (10.5, 20)}, r"cells=\(10.5, 20\) must be two integers from 1"),
        ({"cells": (0, 20)}, "cells"),
        ({"cells": ("a", "b")}, "cells"),
    ],
)
def test_invalid_parameters_raise_an_error(settings, problem):
    with pytest.raises(ValueError, match=problem):
        Augmenter(**settings).augment(np.zeros((1, 784)))


@pytest.mark.parametrize(
    ("ink", "problem"),
    [
        (np.zeros((2, 783)), "rows of 783 pixels are not square pictures"),
        (np.full((2, 784), 255, dtype=np.uint8), "values from 0 to 255, but ink is from 0 .paper. to 1"),
        (np.full((2, 784), -0.5), "values from -0.5 to 0"),
        (np.full((2, 784), np.nan), "rows contains NaN"),
        (np.zeros(784), "1D array"),
        (np.zeros((2, 28, 28)), "dim 3"),
        ([["ink"]], "could not convert"),
    ],
)
def test_invalid_rows_raise_an_error(ink, problem):
    with pytest.raises(ValueError, match=problem):
        Augmenter().augment(ink, 0)


@pytest.mark.parametrize("seed", [-1, "0", 1.5])
def test_invalid_random_states_raise_an_error(seed):
    with pytest.raises(ValueError, match=r"random_state=.* must be an integer of 0 or more"):
        Augmenter().augment(np.zeros((1, 4)), seed)
