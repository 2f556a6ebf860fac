import numpy as np
import pytest

from ensemble_hwr.images._paper import is_flat, paper_level

SHAPE = (60, 80)
Y, X = np.mgrid[-1 : 1 : SHAPE[0] * 1j, -1 : 1 : SHAPE[1] * 1j]
PEN = np.zeros(SHAPE, bool)
PEN[10:50, 20:26] = PEN[10:50, 55:61] = PEN[28:33, 20:61] = True


def picture(paper, contrast=0.6, noise=0.0):
    rng = np.random.default_rng(0)
    grey = paper * np.where(PEN, 1 - contrast, 1) + rng.normal(0, noise or 1e-9, SHAPE)
    return np.clip(np.rint(grey), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("level", [90, 200, 255])
def test_even_paper_is_flat_and_its_level_is_found(level):
    assert is_flat(picture(np.full(SHAPE, float(level)))) == (True, level)


@pytest.mark.parametrize("slope", [15, 50])
def test_shaded_or_noisy_paper_is_not_flat(slope):
    assert is_flat(picture(180 + slope * X))[0] is False
    assert is_flat(picture(np.full(SHAPE, 180.0), noise=8))[0] is False


@pytest.mark.parametrize(
    "paper",
    [np.full(SHAPE, 200.0), 180 + 40 * X, 170 - 30 * X + 35 * Y, 200 - 15 * (X**2 + Y**2)],
    ids=["even", "across", "aslant", "vignette"],
)
@pytest.mark.parametrize("noise", [0, 3])
def test_paper_is_found_beside_and_beneath_the_ink(paper, noise):
    found = paper_level(picture(paper, noise=noise))
    assert found.dtype == np.float32
    error = np.abs(found - paper)
    assert np.median(error) < 5
    assert error[PEN].mean() < 8


def test_paper_is_never_darker_than_one():
    black = np.zeros((30, 30), np.uint8)
    black[::7] = 2
    assert paper_level(black).min() >= 1


@pytest.mark.parametrize("shape", [(1, 8), (8, 1), (2, 2)])
def test_thin_pictures_have_paper_too(shape):
    grey = np.full(shape, 200, np.uint8)
    grey.flat[0] = 20
    paper = paper_level(grey)
    assert paper.shape == shape
    assert np.isfinite(paper).all()
