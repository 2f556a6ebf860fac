"""Many pictures, some of which cannot be read, by a reader that takes a moment for none."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.utils import get_tags

from ensemble_hwr.boxes import Box
from ensemble_hwr.exceptions import PictureError
from ensemble_hwr.reading import Word
from ensemble_hwr.reading._picture_reader import PictureReader


class Widths(PictureReader[Word]):
    """Reads how wide a picture is, if that is not odd."""

    def __init__(self, *, errors="raise", n_jobs=None):
        self.errors = errors
        self.n_jobs = n_jobs

    def fit(self, X=None, y=None):
        self.fitted_ = True
        return self

    def read(self, picture):
        width = picture.shape[1]
        if width % 2:
            raise PictureError("it is odd")
        return Word(Box(0, 0, width, 1), (), str(width), 1.0)

    def _nothing(self):
        return Word(Box(0, 0, 0, 0), (), "", 0.0)


def pictures(*widths):
    return [np.zeros((3, width), np.uint8) for width in widths]


def test_texts_come_in_the_order_of_the_pictures():
    assert Widths().fit().predict(pictures(4, 2, 6)).tolist() == ["4", "2", "6"]
    assert Widths().fit().predict(np.zeros((2, 5, 8), np.uint8)).tolist() == ["8", "8"]


def test_the_first_that_cannot_be_read_is_named_or_each_is_nothing():
    with pytest.raises(PictureError, match="picture 1: it is odd"):
        Widths().fit().predict(pictures(4, 3, 5))
    assert Widths(errors="empty").fit().predict(pictures(4, 3, 6)).tolist() == ["4", "", "6"]


def test_characters_are_counted():
    assert Widths().fit().character_error_rate(pictures(4, 20), ["4", "25"]) == pytest.approx(1 / 3)


def test_it_is_an_estimator_of_pictures():
    assert clone(Widths(errors="empty", n_jobs=2)).get_params() == {"errors": "empty", "n_jobs": 2}
    tags = get_tags(Widths())
    assert (tags.no_validation, tags.input_tags.two_d_array, tags.input_tags.three_d_array) == (True, False, True)
