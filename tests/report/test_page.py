import base64
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from ensemble_hwr.report.page import are_pictures, png_uri


def pixels_of(uri):
    head, _, data = uri.partition(",")
    assert head == "data:image/png;base64"
    return np.asarray(Image.open(BytesIO(base64.b64decode(data))))


@pytest.mark.parametrize(
    ("width", "expected"), [(784, True), (783, False), (9, False), (16, True), (1024, True), (0, False)]
)
def test_are_pictures_needs_square_rows(width, expected):
    assert are_pictures(np.zeros((3, width))) is expected
    assert are_pictures(np.zeros((3, width, 1))) is False


def test_png_uri_is_dark_on_light():
    row = np.random.default_rng(0).random(784, dtype=np.float32)
    np.testing.assert_array_equal(pixels_of(png_uri(row)), np.rint(255 * (1 - row.astype(float))).reshape(28, 28))


def test_ink_out_of_range_is_clipped_and_nan_is_paper():
    row = np.array([-1, 0, 1, 2, np.nan, np.inf, -np.inf, 0.5] * 2, dtype=np.float32)
    assert pixels_of(png_uri(row)).ravel().tolist() == [255, 255, 0, 0, 255, 0, 255, 128] * 2
