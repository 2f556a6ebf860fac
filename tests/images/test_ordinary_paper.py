"""Pictures of writing on ordinary paper, of a few dozen pixels; each gave wrong ink or letters from nothing."""

import io

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from ensemble_hwr.datasets import compose_words, generate_letters
from ensemble_hwr.exceptions import PictureError
from ensemble_hwr.images import to_ink
from ensemble_hwr.images._local import add_narrow_shadows, closing_size, local_paper, without_shadows
from ensemble_hwr.images._noise import grain, is_symmetric, without_grain
from ensemble_hwr.images._surroundings import find_surroundings, replace_surroundings, without_rim

SHAPE = (64, 120)
Y, X = np.mgrid[: SHAPE[0], : SHAPE[1]]


def pen():
    """Two letters H."""
    ink = np.zeros(SHAPE)
    for left in (30, 65):
        ink[20:44, left : left + 3] = ink[20:44, left + 18 : left + 21] = ink[31:34, left : left + 21] = 1.0
    return ink


def photograph(light=1.0, contrast=0.8, noise=1.0, paper=210.0):
    rng = np.random.default_rng(0)
    grey = paper * light * (1 - contrast * pen()) + rng.normal(0, noise, SHAPE)
    return np.clip(np.rint(grey), 0, 255).astype(np.uint8)


def agreement(ink):
    """Intersection over union of the inked areas."""
    return ((ink > 0.5) & (pen() > 0.5)).sum() / ((ink > 0.5) | (pen() > 0.5)).sum()


def shadow(darkness, place=0.0):
    return 1 - darkness / (1 + np.exp(-np.clip(X + 0.6 * Y - 80 - place, -50, 50)))


@pytest.mark.parametrize("darkness", [0.15, 0.3, 0.5])
@pytest.mark.parametrize("place", [-20, 0, 20])
@pytest.mark.parametrize("light_on_dark", [False, True])
def test_edge_of_a_shadow(darkness, place, light_on_dark):
    grey = photograph(shadow(darkness, place))
    assert agreement(to_ink(255 - grey if light_on_dark else grey)) > 0.8


@pytest.mark.parametrize("degrees", [0, 30, 60, 90, 135])
@pytest.mark.parametrize("width", [12, 24])
def test_strip_of_shadow_no_wider_than_letters(degrees, width):
    angle = np.deg2rad(degrees)
    distance = np.abs(np.cos(angle) * (X - 55) + np.sin(angle) * (Y - 30))
    strip = 1 - 0.4 / (1 + np.exp(-np.clip(width / 2 - distance, -50, 50)))
    assert agreement(to_ink(photograph(strip))) > 0.8


def test_paper_with_narrow_shadows_is_an_estimate_of_the_paper():
    strip = np.where(np.abs(X - 55) < 8, 0.6, 1.0)
    paper = add_narrow_shadows(photograph(strip, noise=0), np.float32(210))
    assert np.abs(paper / 210 - strip)[:, 52:58].max() < 0.02
    assert (paper[:, :40] == 210).all()


@pytest.mark.parametrize("tone", [1.0, 0.8])
def test_thick_strokes_are_no_shadow(tone):
    grey = photograph(noise=0)
    grey[5:15, 10:100] = np.rint(210 * (1 - 0.8 * tone))  # a bar of a thick marker above thin letters
    assert add_narrow_shadows(grey, np.float32(210)) == 210


def test_thick_grainy_strokes_are_no_shadow():
    rng = np.random.default_rng(0)
    ink = np.zeros(SHAPE)
    ink[5:60, 20:32] = ink[5:60, 70:82] = ink[28:40, 20:82] = 1.0  # an H of a felt pen
    grey = 210 * (1 - 0.5 * ink) + rng.normal(0, 1 + 25 * ink)
    assert add_narrow_shadows(np.clip(np.rint(grey), 0, 255).astype(np.uint8), np.float32(210)) == 210


def test_clean_pictures_have_no_narrow_shadow():
    assert add_narrow_shadows(photograph(), np.float32(210)) == 210
    assert add_narrow_shadows(np.full((20, 20), 210, np.uint8), np.float32(210)) == 210


@pytest.mark.parametrize("darkness", [0.3, 0.7])
def test_vignette(darkness):
    distance = np.hypot((Y - 32) / 64, (X - 60) / 120)
    assert agreement(to_ink(photograph(1 - darkness * (distance / distance.max()) ** 2))) > 0.8


@pytest.mark.parametrize("sides", [(0,), (1,), (2,), (3,), (0, 2), (1, 3), (0, 1, 2), (0, 1, 2, 3)])
@pytest.mark.parametrize("width", [4, 20])
def test_dark_desk_beyond_the_paper(sides, width):
    top, bottom, left, right = (width * (side in sides) for side in range(4))
    grey = np.pad(photograph(), ((top, bottom), (left, right)), constant_values=60)
    ink = to_ink(grey)
    assert agreement(ink[top : top + SHAPE[0], left : left + SHAPE[1]]) > 0.8
    assert ink.sum() < 1.3 * pen().sum()


def test_desk_is_replaced_by_paper():
    grey = np.pad(photograph(noise=0), ((0, 0), (20, 0)), constant_values=60)
    around = find_surroundings(grey)
    assert around[:, :20].all()
    assert not around[:, 25:].any()
    replaced = replace_surroundings(grey, around)
    assert (replaced[:, :20] == 210).all()
    np.testing.assert_array_equal(replaced[:, 25:], grey[:, 25:])


@pytest.mark.parametrize(
    "grey", [photograph(), 255 - photograph(), photograph(shadow(0.5))], ids=["dark", "light", "shadow"]
)
def test_pictures_without_a_desk_have_no_surroundings(grey):
    assert find_surroundings(grey) is None


def test_clean_pictures_are_left_to_the_smooth_estimate():
    grey = photograph()
    assert closing_size(grey, np.float32(210)) is None
    assert without_shadows(grey) is grey
    assert without_grain(grey) is None


def test_local_paper_follows_an_edge():
    light = np.where(X < 60, 1.0, 0.6)
    paper = local_paper(photograph(light, noise=0), 12)
    assert np.abs(paper - 210 * light)[:, np.abs(X[0] - 60) > 2].max() < 2


@pytest.mark.parametrize("quality", [50, 70])
@pytest.mark.parametrize("contrast", [0.1, 0.12])
def test_faint_pencil_with_grain_that_compression_has_spread(contrast, quality):
    file = io.BytesIO()
    Image.fromarray(photograph(contrast=contrast, noise=8)).save(file, "jpeg", quality=quality)
    assert agreement(to_ink(file.getvalue())) > 0.8


@pytest.mark.parametrize("contrast", [0.4, 0.25, 0.2])
def test_faint_pencil_with_grain(contrast):
    ink = to_ink(photograph(contrast=contrast, noise=8))
    assert agreement(ink) > 0.55
    assert (ink[ndimage.distance_transform_edt(pen() == 0) > 4] > 0.5).mean() < 0.02


@pytest.mark.parametrize("noise", [1, 4, 10, 20])
def test_grain_is_measured_beside_strokes(noise):
    assert grain(photograph(noise=noise)) == pytest.approx(noise, rel=0.35)


@pytest.mark.parametrize("noise", [2, 5, 12])
@pytest.mark.parametrize("blur", [0, 0.5, 1, 2])
@pytest.mark.parametrize("slope", [0, 0.2])
def test_blank_paper_holds_no_writing(noise, blur, slope):
    for seed in range(5):
        texture = ndimage.gaussian_filter(np.random.default_rng(seed).normal(0, 1, SHAPE), blur)
        grey = 170 * (1 + slope * (X / 60 - 1)) + noise * texture / texture.std()
        with pytest.raises(PictureError, match=rf"array of shape \({SHAPE[0]}, {SHAPE[1]}\): no writing found"):
            to_ink(np.rint(grey).astype(np.uint8))


@pytest.mark.parametrize("tone", [20, 255])
@pytest.mark.parametrize("width", [1, 2])
def test_thin_rim_of_a_scanner(width, tone):
    grey = np.pad(photograph(paper=150.0), width, constant_values=tone)
    ink = to_ink(grey)[width:-width, width:-width]
    assert agreement(ink) > 0.8
    assert ink.sum() < 1.3 * pen().sum()


def test_pictures_without_a_closed_rim_are_unchanged():
    open_rim = np.pad(photograph(), ((0, 1), (1, 1)), constant_values=20)
    for grey in (photograph(), 255 - photograph(), photograph(shadow(0.5)), open_rim):
        assert without_rim(grey) is grey


@pytest.mark.parametrize("seed", range(5))
def test_uneven_blurred_grain_is_symmetric_and_strokes_are_not(seed):
    texture = ndimage.gaussian_filter(np.random.default_rng(seed).normal(0, 1, SHAPE), 2)
    grey = 150 + 6 * texture / texture.std()
    assert is_symmetric(np.rint(grey).astype(np.uint8), 6)
    assert not is_symmetric(np.rint(grey - 30 * pen()).astype(np.uint8), 18)


@pytest.mark.parametrize("seed", [0, 3, 8, 16, 48])
def test_uneven_light_does_not_pass_for_grain(seed):
    letters = generate_letters(260, writers=5, random_state=0)
    (word,) = compose_words(letters, ["CHEESE"], gap=0.1, noise=0.7, height=36, random_state=seed)
    height, width = word.picture.shape
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    rng = np.random.default_rng(seed)
    light = 0.55 + 0.35 * np.exp(-(((x - rng.uniform()) ** 2 + (y - rng.uniform()) ** 2) / 0.4))
    light -= 0.15 / (1 + np.exp(-(x + rng.uniform(-0.4, 0.4) * y - rng.uniform(0.3, 0.8)) * 30))
    ink = to_ink((word.picture * light).astype(np.uint8)) > 0.5
    strokes = to_ink(word.picture) > 0.5
    assert np.count_nonzero(ink & strokes) > 0.7 * np.count_nonzero(ink | strokes)


@pytest.mark.parametrize(
    ("shape", "strength", "blur", "seed"),
    [((42, 390), 12, 0.0, 0), ((204, 44), 13, 2.0, 1), ((45, 42), 4, 2.0, 3), ((99, 60), 6, 2.0, 4)],
)
@pytest.mark.parametrize("longest", [None, 336])
def test_narrow_blank_paper_holds_no_writing(shape, strength, blur, seed, longest):
    grain = ndimage.gaussian_filter(np.random.default_rng(seed).normal(0, 1, shape), blur)
    light = 1 + 0.2 * np.linspace(-1, 1, shape[1])
    grey = np.clip(np.rint(140 * light + strength * grain / grain.std()), 0, 255).astype(np.uint8)
    with pytest.raises(PictureError, match="no writing found"):
        to_ink(grey, longest=longest)


def test_narrow_writing_is_not_blank():
    grey = np.full((390, 42), 210.0) + np.random.default_rng(0).normal(0, 8, (390, 42))
    grey[40:350, 18:24] -= 120
    ink = to_ink(np.clip(np.rint(grey), 0, 255).astype(np.uint8), longest=336)
    assert ink.max() == 1
