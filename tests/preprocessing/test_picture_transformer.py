import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from ensemble_hwr.preprocessing._picture_transformer import PictureTransformer


class Mirror(PictureTransformer):
    _parameter_constraints = {"image_shape": [tuple, list, None]}

    def __init__(self, image_shape=None):
        self.image_shape = image_shape

    def macs_per_row(self):
        return 0.0

    def _change(self, pictures):
        self.largest_block = max(getattr(self, "largest_block", 0), pictures.nbytes)
        return pictures[:, :, ::-1]


def test_rows_are_changed_in_blocks_and_come_back_in_order():
    X = np.random.default_rng(0).random((1000, 784))
    mirror = Mirror().fit(X)
    found = mirror.transform(X)
    np.testing.assert_array_equal(found, X.reshape(-1, 28, 28)[:, :, ::-1].reshape(-1, 784).astype(np.float32))
    assert mirror.largest_block <= 1 << 18


def test_the_rows_given_are_not_changed():
    X = np.random.default_rng(0).random((3, 9), dtype=np.float32)
    before = X.copy()
    Mirror().fit_transform(X)
    np.testing.assert_array_equal(X, before)


def test_a_picture_larger_than_a_block():
    X = np.zeros((2, 600 * 600), np.float32)
    assert Mirror().fit_transform(X).shape == X.shape


def test_shapes_and_order_of_calls_are_checked():
    with pytest.raises(NotFittedError):
        Mirror().transform(np.zeros((1, 4)))
    with pytest.raises(ValueError, match="9 features, but Mirror is expecting 4"):
        Mirror().fit(np.zeros((1, 4))).transform(np.zeros((1, 9)))
    assert Mirror(image_shape=(2, 3)).fit(np.zeros((1, 6))).image_shape_ == (2, 3)
