"""Coloured ink, ruling and highlighters, separated by their colours."""

import io

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from ensemble_hwr.exceptions import PictureError
from ensemble_hwr.images import open_picture, to_ink
from ensemble_hwr.images._colour import (
    InkColour,
    _bits,
    _dilated,
    _eroded,
    _is_thick,
    _quantile,
    _straight_share,
    _width,
    find_inks,
    separated_grey,
)

WHITE, YELLOW_PAPER = (235, 235, 230), (240, 230, 160)
BLACK, BLUE_PEN, RED_PEN = (30, 30, 35), (30, 50, 140), (200, 40, 50)
BLUE_LINE, RED_LINE, GREEN_LINE = (60, 110, 210), (220, 90, 100), (80, 190, 100)
YELLOW, PINK, GREEN = (250, 240, 70), (250, 120, 170), (110, 250, 90)
STROKES = [
    (slice(22, 42), slice(20, 24)),
    (slice(22, 26), slice(24, 36)),
    (slice(22, 42), slice(50, 54)),
    (slice(38, 42), slice(54, 64)),
    (slice(22, 42), slice(76, 80)),
    (slice(30, 34), slice(80, 90)),
    (slice(22, 42), slice(90, 94)),
]


def paper(colour=WHITE):
    return np.full((64, 120, 3), colour, np.uint8)


def write(picture, colour=BLACK, strokes=STROKES):
    for stroke in strokes:
        picture[stroke] = colour
    return picture


def rule(picture, colour=BLUE_LINE, rows=(13, 32, 51)):
    for row in rows:
        picture[row : row + 2] = colour
    return picture


def highlight(picture, colour=YELLOW):
    picture[14:50, 10:104] = colour
    return picture


def margin(picture, colour=RED_LINE):
    picture[:, 8:10] = colour
    return picture


def photographed(picture, quality=90):
    noisy = picture + np.random.default_rng(0).normal(0, 4, picture.shape)
    stream = io.BytesIO()
    Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)).save(stream, "JPEG", quality=quality)
    return np.asarray(Image.open(stream))


def luma(picture):
    return np.asarray(Image.fromarray(picture).convert("L"))


def written(shape=(64, 120), strokes=STROKES):
    mask = np.zeros(shape, bool)
    for stroke in strokes:
        mask[stroke] = True
    return mask


def assert_only_writing_is_ink(picture, strokes=STROKES):
    ink, mask = to_ink(picture), written(strokes=strokes)
    assert ink[mask].mean() > 0.6
    assert np.quantile(ink[~mask], 0.95) < 0.35


@pytest.mark.parametrize("camera", [lambda picture: picture, photographed], ids=["clean", "photograph"])
@pytest.mark.parametrize(
    "picture",
    [
        write(highlight(paper(), YELLOW)),
        write(highlight(paper(), PINK)),
        write(highlight(paper(), GREEN)),
        write(highlight(highlight(paper(), YELLOW)[:, ::-1].copy(), YELLOW), BLUE_PEN),
        write(rule(paper())),
        write(rule(paper(), RED_LINE)),
        write(rule(paper(), GREEN_LINE, range(4, 60, 12))),
        write(margin(rule(paper()))),
        write(margin(rule(paper(YELLOW_PAPER)))),
        write(margin(paper()), BLUE_PEN),
        write(rule(paper(), RED_LINE), BLUE_PEN),
        write(paper(), RED_PEN),
        write(paper(), YELLOW),
        write(paper(), (190, 225, 240)),
        write(paper(), (245, 190, 120)),
    ],
    ids=[
        "yellow highlighter",
        "pink highlighter",
        "green highlighter",
        "blue pen on a highlighter",
        "blue ruling",
        "red ruling",
        "green ruling",
        "blue ruling and a red margin",
        "ruled yellow paper",
        "blue pen and a red margin",
        "blue pen and red ruling",
        "red pen",
        "yellow pen",
        "light blue pen",
        "orange pen",
    ],
)
def test_only_writing_is_ink(picture, camera):
    assert_only_writing_is_ink(camera(picture))


def test_ruling_as_dark_as_writing_becomes_paper_and_strokes_that_cross_it_stay():
    line = (40, 90, 240)
    pencil = (round(float(luma(np.full((1, 1, 3), line, np.uint8))[0, 0])),) * 3
    picture = write(rule(paper(), line), pencil)
    assert luma(picture)[32, 21] == luma(picture)[32, 100]
    grey = open_picture(picture)
    assert grey[32, 21] < 80
    assert grey[32, 100] > 220


def test_pale_writing_becomes_dark():
    picture = write(paper(), YELLOW)
    assert np.ptp(luma(picture)) < 20
    assert np.ptp(open_picture(picture)) > 150


@pytest.mark.parametrize(
    "picture",
    [
        write(paper()),
        write(rule(paper((235, 235, 235)), (150, 150, 150)), (30, 30, 30)),
        write(paper(), BLUE_PEN),
        write(paper(YELLOW_PAPER), BLUE_PEN),
        write(write(paper(), BLUE_PEN, STROKES[:4]), RED_PEN, STROKES[4:]),
        write(write(paper(), BLACK, STROKES[:4]), RED_PEN, STROKES[4:]),
        rule(paper()),
        255 - write(paper()),
        write(np.full((64, 120, 3), (30, 70, 50), np.uint8), (250, 240, 120)),
        write(paper(), YELLOW)[22:42, 18:40],
        np.random.default_rng(0).integers(0, 256, (64, 120, 3)).astype(np.uint8),
    ],
    ids=[
        "black",
        "grey ruling",
        "blue pen",
        "blue pen on yellow paper",
        "two pens",
        "black and red pen",
        "ruling alone",
        "negative",
        "board",
        "small",
        "noise",
    ],
)
def test_pictures_whose_colours_separate_nothing_are_their_luma(picture):
    np.testing.assert_array_equal(open_picture(picture), luma(picture))


def test_grey_pictures_are_unchanged():
    grey = np.random.default_rng(0).integers(0, 256, (64, 120)).astype(np.uint8)
    assert separated_grey(Image.fromarray(np.dstack([grey] * 3))) is None
    np.testing.assert_array_equal(open_picture(np.dstack([grey] * 3)), grey)


def test_all_forms_of_a_picture_give_equal_grey():
    picture = write(rule(paper()))
    image, expected = Image.fromarray(picture), open_picture(picture)
    assert (expected != luma(picture)).any()
    stream = io.BytesIO()
    image.save(stream, "PNG")
    opaque = np.dstack([picture, np.full((64, 120), 255, np.uint8)])
    for form in (
        image,
        stream.getvalue(),
        opaque,
        Image.fromarray(opaque),
        picture / 255,
        image.convert("P", palette=Image.Palette.ADAPTIVE),
    ):
        np.testing.assert_array_equal(open_picture(form), expected)


def test_transparent_pictures_are_composited_by_their_luma():
    picture = np.dstack([write(rule(paper())), np.full((64, 120), 255, np.uint8)])
    picture[0, 0, 3] = 0
    assert (np.abs(open_picture(picture).astype(int) - luma(picture[..., :3])) > 1).sum() <= 1


def test_shadows_stay_as_dark_as_they_are():
    picture = write(rule(paper((230, 230, 230))), (30, 30, 30))
    shadow = picture.copy()
    shadow[:, 60:] //= 2
    plain, shaded = (open_picture(one).astype(int) for one in (picture, shadow))
    np.testing.assert_allclose(shaded[5, 60:], plain[5, 60:] / 2, atol=8)
    np.testing.assert_allclose(shaded[32, 110:], plain[32, 110:] / 2, atol=15)


def test_large_pictures_are_analysed_in_a_reduced_copy():
    picture = np.repeat(np.repeat(write(rule(paper())), 16, axis=0), 16, axis=1)
    grey = open_picture(picture)
    assert grey[33 * 16, 100 * 16] > 215
    assert grey[33 * 16, 22 * 16] < 90


def test_inks_are_found_by_their_colours():
    inks = find_inks(write(highlight(paper((250, 250, 250))), (25, 25, 25)), np.full(3, 250.0))
    assert [ink.absorbed.round(1).tolist() for ink in inks] == [[0.0, 0.0, 0.7], [0.9, 0.9, 0.9]]
    assert [ink.is_neutral for ink in inks] == [False, True]
    assert inks[1].n_pixels == written().sum()
    assert find_inks(paper(), np.array(WHITE, float)) == []


def test_blank_coloured_paper_is_refused():
    rng = np.random.default_rng(0)
    sheet = np.clip(rng.normal(0, 4, (80, 120, 3)) + YELLOW_PAPER, 0, 255).astype(np.uint8)
    with pytest.raises(PictureError, match="no writing found"):
        to_ink(sheet)


def test_a_highlighter_stays_bright_where_many_strokes_lie_on_it():
    page = np.full((160, 400, 3), 212.0)
    strokes = np.zeros((160, 400), bool)
    for top in (20, 70, 120):
        for left in range(20, 380, 14):
            strokes[top : top + 24, left : left + 3] = strokes[top + 10 : top + 13, left : left + 9] = True
    page[strokes] *= 0.56  # pale pencil
    for left in (14, 150, 290):
        page[14:50, left : left + 90] *= 1 - np.array([0.36, 0.12, 0.04])
    rng = np.random.default_rng(0)
    noisy = np.clip(np.rint(page + rng.normal(0, 3, page.shape)), 0, 255).astype(np.uint8)
    grey = separated_grey(Image.fromarray(noisy)).astype(float)
    marked = np.zeros_like(strokes)
    marked[16:48, 16:100] = True
    assert grey[marked & ~strokes].mean() > 0.9 * grey[60:66].mean()
    assert grey[marked & strokes].mean() < 0.6 * grey[60:66].mean()


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("size", [1, 3, 5, 13, 41, 81])
def test_masks_as_integers_are_filtered_as_arrays_are(size, axis):
    mask = ndimage.uniform_filter(np.random.default_rng(0).random((20, 33)), 3) < 0.52
    margin = max(1, size // 2)
    inside, bits, step = _bits(np.ones_like(mask), margin), _bits(mask, margin), 1 if axis else 33 + margin
    dilated = ndimage.maximum_filter1d(mask.view(np.uint8), size, axis=axis).view(bool)
    eroded = ndimage.minimum_filter1d(mask.view(np.uint8), size, axis=axis).view(bool)
    assert _dilated(bits, size, step) & inside == _bits(dilated, margin)
    assert _eroded(bits | ~inside, size, step) & inside == _bits(eroded, margin)


@pytest.mark.parametrize("length", [1, 2, 7, 8])
@pytest.mark.parametrize("share", [0.25, 0.5, 0.75])
def test_quantiles_are_those_of_numpy(share, length):
    rows = np.random.default_rng(0).random((3, length))
    np.testing.assert_allclose(_quantile(rows, share), np.quantile(rows, share, axis=1))


def test_an_ink_is_as_wide_as_its_usual_runs_and_straight_where_they_are_long():
    mask = np.zeros((40, 90), bool)
    mask[10:13] = mask[20:38, 20] = True
    line = InkColour(np.array([0.2, 0.4, 0.4]), mask)
    assert (line.width, line.n_pixels) == (1, 288)
    assert _straight_share(line, []) == 1
    broken = InkColour(line.absorbed, mask & (np.arange(90) % 10 < 7))
    strokes = InkColour(np.ones(3), np.broadcast_to(np.arange(90) % 10 >= 7, (40, 90)) & (np.arange(40) > 4)[:, None])
    assert _straight_share(broken, []) < 0.1
    assert _straight_share(broken, [strokes]) > 0.9
    everything = InkColour(line.absorbed, np.ones((40, 90), bool))
    assert (everything.width, _straight_share(everything, [])) == (40, 1)


@pytest.mark.parametrize(("height", "thick"), [(2, False), (6, False), (18, True), (40, True)])
def test_areas_are_thick_in_relation_to_strokes_and_with_the_strokes_on_them(height, thick):
    area = np.zeros((40, 90), bool)
    area[:height, 5:80] = True
    strokes = np.zeros_like(area)
    strokes[:, 10:80:10] = strokes[:, 11:80:10] = True
    written = area | strokes
    ink = InkColour(np.array([0.0, 0.0, 0.7]), area & ~strokes)
    closed = ndimage.binary_closing(written, np.ones((3, 3)))
    depth = 4 * ndimage.distance_transform_edt(closed)[ink.mask].mean()
    for width in (0.9 * depth / 3.5, 1.1 * depth / 3.5, _width(strokes)):
        assert _is_thick(ink, written, width) == (depth >= 3.5 * width)
    assert _is_thick(ink, written, 2.0) == thick
