import pytest

from ensemble_hwr.preprocessing._shape import picture_shape


@pytest.mark.parametrize(
    ("pixels", "given", "shape"), [(784, None, (28, 28)), (6, (2, 3), (2, 3)), (6, [6, 1], (6, 1))]
)
def test_shapes_that_fit(pixels, given, shape):
    assert picture_shape(pixels, given) == shape


@pytest.mark.parametrize(("pixels", "given"), [(6, (3, 3)), (6, (6,)), (6, (-2, -3)), (6, (1, 2, 3))])
def test_shapes_that_do_not(pixels, given):
    with pytest.raises(ValueError, match="does not fit rows of 6"):
        picture_shape(pixels, given)


def test_rows_that_are_not_square():
    with pytest.raises(ValueError, match=r"783 pixels are not square.*image_shape"):
        picture_shape(783, None)
