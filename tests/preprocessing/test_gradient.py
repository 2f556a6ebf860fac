import math
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import ndtr
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from ensemble_hwr.preprocessing import GradientFeatures, LetterNormalizer
from ensemble_hwr.preprocessing._gradient import _normal_cdf
from ensemble_hwr.preprocessing._size_normalizer import moment_edges


def reference_features(row, shape, directions, grid, *, sigma, power):
    """One pixel, one direction and one sample at a time, with angles instead of cross products."""
    height, width = shape
    picture = row.reshape(shape).astype(float)

    def pixel(y, x):
        return picture[min(max(y, 0), height - 1), min(max(x, 0), width - 1)]

    step = 2 * math.pi / directions
    maps = np.zeros((directions, height, width))
    for y in range(height):
        for x in range(width):
            right = sum(k * (pixel(y + d, x + 1) - pixel(y + d, x - 1)) for d, k in ((-1, 1), (0, 2), (1, 1)))
            down = sum(k * (pixel(y + 1, x + d) - pixel(y - 1, x + d)) for d, k in ((-1, 1), (0, 2), (1, 1)))
            angle = math.atan2(down, right) % (2 * math.pi)
            strength = math.hypot(down, right)
            first = int(angle // step) % directions
            beyond = angle - first * step
            maps[first, y, x] += strength * math.sin(step - beyond) / math.sin(step)
            maps[(first + 1) % directions, y, x] += strength * math.sin(beyond) / math.sin(step)
    features = np.zeros((directions, grid, grid))
    for i in range(grid):
        for j in range(grid):
            weights = np.zeros(shape)
            for y in range(height):
                for x in range(width):
                    v = (y - ((i + 0.5) * height / grid - 0.5)) / (sigma or math.sqrt(2) / math.pi * height / grid)
                    u = (x - ((j + 0.5) * width / grid - 0.5)) / (sigma or math.sqrt(2) / math.pi * width / grid)
                    weights[y, x] = math.exp(-(u * u + v * v) / 2)
            features[:, i, j] = (maps * weights / weights.sum()).sum(axis=(1, 2))
    return np.maximum(features, 0).ravel() ** power


@pytest.mark.parametrize("directions", [4, 6, 8, 16])
@pytest.mark.parametrize(("grid", "sigma", "power"), [(7, None, 0.5), (3, 1.3, 1.0), (1, 4.0, 0.25)])
@pytest.mark.parametrize("shape", [(12, 12), (9, 14)])
def test_equals_the_reference(directions, grid, sigma, power, shape):
    X = np.random.default_rng(0).random((3, shape[0] * shape[1]))
    features = GradientFeatures(directions, grid, sigma=sigma, power=power, image_shape=shape).fit_transform(X)
    for row, found in zip(X, features, strict=True):
        expected = reference_features(row, shape, directions, grid, sigma=sigma, power=power)
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=2e-3)


@pytest.mark.parametrize(("aspect", "grid", "sigma", "box"), [("root", 3, None, None), ("fill", 4, 1.5, 9.0)])
def test_cooperation_equals_the_reference(aspect, grid, sigma, box):
    """The gradient of each pixel is split into a hundred parts, which are mapped by the normalization."""
    side, parts = 12, 10
    pictures = np.random.default_rng(0).random((3, side, side), dtype=np.float32) ** 4
    spread = sigma or math.sqrt(2) / math.pi * side / grid
    centres = (np.arange(grid) + 0.5) * side / grid
    found = GradientFeatures(4, grid, sigma=sigma, power=1, aspect=aspect, box=box).fit_transform(
        pictures.reshape(3, -1)
    )
    for index, picture in enumerate(pictures):
        # with a lattice as fine as the pixels and hardly any spread, the features are the maps themselves
        maps = GradientFeatures(4, side, sigma=1e-3, power=1).fit_transform(picture.reshape(1, -1)).reshape(4, -1)
        weights = []
        for edges in moment_edges(pictures[index : index + 1], aspect, box or side * 6 / 7):
            moved = np.interp(np.arange(side * parts) / parts + 0.5 / parts, np.arange(side + 1), edges[0])
            density = np.exp(-(((moved - centres[:, None]) / spread) ** 2) / 2) / (spread * math.sqrt(2 * math.pi))
            carried = density * (edges[0, 1] - edges[0, 0]) / parts
            weights.append(carried.reshape(grid, side, parts).sum(axis=2))
        expected = np.einsum("dyx,iy,jx->dij", maps.reshape(4, side, side), *weights)
        np.testing.assert_allclose(found[index].reshape(expected.shape), expected, rtol=1e-2, atol=1e-4)


def test_cooperation_reduces_the_effect_of_position_and_size():
    """Features of the same stroke, small in a corner and large in the middle, with and without cooperation."""
    small, large = np.zeros((2, 28, 28), dtype=np.float32)
    small[2:12, 3:5] = small[2:4, 3:9] = 1
    large[4:24, 8:12] = large[4:8, 8:20] = 1
    rows = np.stack([small, large]).reshape(2, -1)

    def apart(**settings):
        first, second = GradientFeatures(**settings).fit_transform(rows)
        return np.linalg.norm(first - second) / np.linalg.norm(second)

    assert apart(aspect="keep") < apart() / 2


@settings(max_examples=30, deadline=None)
@given(arrays(np.float32, (2, 64), elements=st.floats(0, 1, width=16)))
def test_any_ink(X):
    features = GradientFeatures(grid=3).fit_transform(X)
    assert features.shape == (2, 72)
    assert np.isfinite(features).all()
    assert (features >= 0).all()


@settings(max_examples=30, deadline=None)
@given(arrays(np.float32, (1, 100), elements=st.floats(0, 1, width=16)), st.sampled_from([8, 12, 16]))
def test_mirrored_rows_have_permuted_features(X, directions):
    """A mirrored picture has the mirrored maps, and direction d becomes half a turn minus d."""
    features = GradientFeatures(directions, grid=5, power=1).fit_transform(X)
    mirrored = GradientFeatures(directions, grid=5, power=1).fit_transform(
        X.reshape(1, 10, 10)[:, :, ::-1].reshape(1, -1)
    )
    order = [(directions // 2 - d) % directions for d in range(directions)]
    expected = features.reshape(directions, 5, 5)[order][:, :, ::-1]
    np.testing.assert_allclose(mirrored.reshape(directions, 5, 5), expected, atol=1e-5)


@pytest.mark.filterwarnings("ignore:most rows are mostly ink")
@pytest.mark.parametrize("level", [0.0, 0.3, 1.0])
def test_constant_rows_have_no_gradient(level):
    assert (GradientFeatures().fit_transform(np.full((2, 784), level)) == 0).all()


@pytest.mark.parametrize("quarter", range(4))
def test_directions_are_clockwise_from_the_right(quarter):
    ramp = np.rot90(np.tile(np.linspace(0, 1, 20), (20, 1)), -quarter)
    features = GradientFeatures(grid=1).fit_transform(ramp.reshape(1, -1))
    assert features.argmax() == 2 * quarter


@pytest.mark.parametrize(("aspect", "rounding"), [(None, 1e-6), ("root", 0)])
def test_rows_are_independent(aspect, rounding):
    """For any block and batch; products over many rows may round differently."""
    X = np.random.default_rng(0).random((500, 784), dtype=np.float32)
    features = GradientFeatures(aspect=aspect).fit(X)
    together = features.transform(X)
    for rows in (slice(0, 1), slice(36, 43), slice(100, 437)):
        np.testing.assert_allclose(features.transform(X[rows]), together[rows], rtol=0, atol=rounding)


def test_normal_distribution_function_is_as_exact_as_float32():
    values = np.concatenate([np.linspace(-9, 9, 20_001), [-np.float32(1e4), 0, 1e4]]).astype(np.float32)
    expected = ndtr(values.astype(float))
    found = _normal_cdf(values.copy())
    np.testing.assert_allclose(found, expected, rtol=0, atol=2.5e-7)
    tail = (values < -1) & (values > -6)
    np.testing.assert_allclose(found[tail], expected[tail], rtol=2e-5)
    assert found[-3:].tolist() == [0, 0.5, 1]


def test_calls_with_pictures_of_other_sizes_share_no_results():
    rng = np.random.default_rng(0)
    small, large = rng.random((70, 81), dtype=np.float32), rng.random((3, 784), dtype=np.float32)
    features = GradientFeatures(grid=3, aspect="root").fit(small)
    first = features.transform(small)
    before = first.copy()
    GradientFeatures(directions=12).fit_transform(large)
    np.testing.assert_array_equal(first, before)
    np.testing.assert_array_equal(features.transform(small), before)


def test_narrow_weights_between_pixels_do_not_vanish():
    X = np.random.default_rng(0).random((2, 64), dtype=np.float32)
    features = GradientFeatures(grid=4, sigma=1e-3).fit_transform(X)
    assert np.isfinite(features).all()
    assert (features > 0).any()


@pytest.mark.parametrize(
    ("parameters", "columns", "problem"),
    [
        ({}, 783, "783 pixels are not square"),
        ({"image_shape": (28, 27)}, 784, r"image_shape=\(28, 27\) does not fit rows of 784"),
        ({"image_shape": (28,)}, 784, "does not fit"),
        ({"image_shape": (-28, -28)}, 784, "does not fit"),
        ({"directions": 7}, 784, "directions=7 must be even"),
        ({"directions": 2}, 784, "'directions'"),
        ({"grid": 0}, 784, "'grid'"),
        ({"sigma": 0.0}, 784, "'sigma'"),
        ({"power": 2.0}, 784, "'power'"),
        ({"aspect": "wide"}, 784, "'aspect'"),
        ({"aspect": "root", "box": 0}, 784, "'box'"),
        ({"image_shape": 28}, 784, "'image_shape'"),
    ],
)
def test_invalid_parameters_raise_an_error(parameters, columns, problem):
    with pytest.raises(ValueError, match=problem):
        GradientFeatures(**parameters).fit(np.zeros((2, columns)))


@pytest.mark.parametrize(("directions", "grid"), [(8, 7), (4, 5), (16, 9)])
def test_macs(directions, grid):
    """Two 3x3 Sobel masks as sums and differences, then every product of every matrix product."""
    features = GradientFeatures(directions, grid).fit(np.zeros((1, 784)))
    matrices = directions * grid * 28 * 28 + directions * grid * grid * 28
    plain = (8 + 2 * directions) * 784 + matrices + directions * grid * grid
    assert features.macs_per_row() == plain
    features = GradientFeatures(directions, grid, aspect="root").fit(np.zeros((1, 784)))
    assert features.macs_per_row() == plain + 2 * 784 + 16 * 2 * grid * 29


def test_feature_names():
    names = GradientFeatures(directions=4, grid=2).fit(np.zeros((1, 16))).get_feature_names_out()
    assert names.shape == (16,)
    assert list(names[[0, 1, 2, 15]]) == ["gradient_0_0_0", "gradient_0_0_1", "gradient_0_1_0", "gradient_3_1_1"]


def test_pipeline():
    rng = np.random.default_rng(0)
    X = np.vstack([np.kron(rng.random((20, 1)), np.eye(10).reshape(1, -1)), rng.random((20, 100))])
    y = np.repeat([0, 1], 20)
    pipeline = make_pipeline(GradientFeatures(grid=3), LogisticRegression())
    fitted = clone(pipeline).fit(X, y)
    assert fitted.score(X, y) == 1
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(fitted)).predict_proba(X), fitted.predict_proba(X))


class _AnyWidth(GradientFeatures):
    """Accepts rows of any width, as one row of pixels, for the checks of scikit-learn."""

    def _shape_of(self, n_features):
        return (1, n_features)


@parametrize_with_checks([_AnyWidth(grid=2), _AnyWidth(grid=2, aspect="root")])
def test_sklearn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("method", ["fit", "transform"])
@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (np.full((3, 784), 255.0), "values up to 255.*divide rows of 0..255 by 255"),
        (np.full((3, 784), 0.9), "mostly ink.*use 1 - X"),
    ],
)
def test_rows_that_are_probably_not_ink_give_a_warning(method, rows, message):
    features = GradientFeatures().fit(np.zeros((1, 784)))
    with pytest.warns(UserWarning, match=message):
        getattr(features, method)(rows)


def test_a_single_picture_gets_the_hint_to_use_a_list():
    with pytest.raises(ValueError, match="put a single picture into a list"):
        LetterNormalizer().transform(np.zeros((40, 30)))


def test_a_square_array_that_can_be_one_picture_gives_a_warning():
    picture = np.zeros((64, 64), np.uint8)
    picture[:, 26:30] = 255  # a stroke, and in each row a bar
    with pytest.warns(UserWarning, match="is read as 64 pictures of 8x8 pixels; put a single picture into a list"):
        LetterNormalizer().transform(picture)
