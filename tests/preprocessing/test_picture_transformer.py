import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from ensemble_hwr.preprocessing._picture_transformer import PictureTransformer, picture_shape


class Mirror(PictureTransformer):
    _parameter_constraints = {"image_shape": [tuple, list, None]}

    def __init__(self, image_shape=None):
        self.image_shape = image_shape

    def macs_per_row(self):
        return 0.0

    def _change(self, pictures):
        self.largest_block = max(getattr(self, "largest_block", 0), pictures.nbytes)
        return pictures[:, :, ::-1]


def test_rows_are_transformed_in_blocks_and_keep_their_order():
    X = np.random.default_rng(0).random((1000, 784))
    mirror = Mirror().fit(X)
    found = mirror.transform(X)
    np.testing.assert_array_equal(found, X.reshape(-1, 28, 28)[:, :, ::-1].reshape(-1, 784).astype(np.float32))
    assert mirror.largest_block <= 1 << 18


def test_the_input_is_not_modified():
    X = np.random.default_rng(0).random((3, 9), dtype=np.float32)
    before = X.copy()
    Mirror().fit_transform(X)
    np.testing.assert_array_equal(X, before)


def test_a_picture_larger_than_a_block():
    X = np.zeros((2, 600 * 600), np.float32)
    assert Mirror().fit_transform(X).shape == X.shape


def test_unfitted_or_mismatched_input_raises_an_error():
    with pytest.raises(NotFittedError):
        Mirror().transform(np.zeros((1, 4)))
    with pytest.raises(ValueError, match="9 features, but Mirror is expecting 4"):
        Mirror().fit(np.zeros((1, 4))).transform(np.zeros((1, 9)))
    assert Mirror(image_shape=(2, 3)).fit(np.zeros((1, 6))).image_shape_ == (2, 3)


@pytest.mark.parametrize(
    ("pixels", "given", "shape"), [(784, None, (28, 28)), (6, (2, 3), (2, 3)), (6, [6, 1], (6, 1))]
)
def test_picture_shape(pixels, given, shape):
    assert picture_shape(pixels, given) == shape


@pytest.mark.parametrize(("pixels", "given"), [(6, (3, 3)), (6, (6,)), (6, (-2, -3)), (6, (1, 2, 3))])
def test_image_shape_that_does_not_fit_raises_an_error(pixels, given):
    with pytest.raises(ValueError, match="does not fit rows of 6"):
        picture_shape(pixels, given)


def test_rows_that_are_not_square_raise_an_error():
    with pytest.raises(ValueError, match=r"783 pixels are not square.*image_shape"):
        picture_shape(783, None)
