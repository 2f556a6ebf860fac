import base64
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from ensemble_hwr.evaluation._report._pictures import are_pictures, png_uri, worst_mistakes
from ensemble_hwr.evaluation._result import Comparison, Run


def pixels_of(uri):
    head, _, data = uri.partition(",")
    assert head == "data:image/png;base64"
    return np.asarray(Image.open(BytesIO(base64.b64decode(data))))


def test_worst_mistakes_are_wrong_surest_first_and_each_letter_once(comparison):
    mistakes = worst_mistakes(comparison, "baseline", 1000)
    assert all(row["true"] != row["answered"] for row in mistakes)
    assert [row["probability"] for row in mistakes] == sorted((row["probability"] for row in mistakes), reverse=True)
    assert len({row["letter"] for row in mistakes}) == len(mistakes)
    assert all(row["suspect"] == comparison.suspect[row["letter"]] for row in mistakes)
    assert len(worst_mistakes(comparison, "baseline", 3)) == 3


def test_a_letter_is_shown_with_the_answer_of_the_seed_that_was_surest():
    def run(seed, test, *rows):
        return Run("flat", seed, np.array(test), np.array(rows), 1.0, 1.0, 1)

    runs = (
        run(0, [2, 0], [0.1, 0.7, 0.2], [1.0, 0.0, 0.0]),
        run(1, [2, 1], [0.9, 0.1, 0.0], [0.6, 0.4, 0.0]),
    )
    rows = np.linspace(0, 1, 3 * 16, dtype=np.float32).reshape(3, 16)
    worst = worst_mistakes(Comparison(runs, np.array(list("ABC")), rows), "flat", 9)
    assert [(row["letter"], row["true"], row["answered"]) for row in worst] == [(2, "C", "A"), (1, "B", "A")]
    assert (worst[0]["probability"], worst[0]["of_true"], worst[0]["suspect"]) == (0.9, 0.0, False)
    assert worst[0]["picture"] == png_uri(rows[2])


@pytest.mark.parametrize(
    ("width", "expected"), [(784, True), (783, False), (9, False), (16, True), (1024, True), (0, False)]
)
def test_only_square_rows_are_pictures(width, expected):
    assert are_pictures(np.zeros((3, width))) is expected
    assert are_pictures(np.zeros((3, width, 1))) is False


def test_a_picture_is_its_row_dark_on_light():
    row = np.random.default_rng(0).random(784, dtype=np.float32)
    np.testing.assert_array_equal(pixels_of(png_uri(row)), np.rint(255 * (1 - row.astype(float))).reshape(28, 28))


def test_ink_out_of_range_is_cut_and_nan_is_paper():
    row = np.array([-1, 0, 1, 2, np.nan, np.inf, -np.inf, 0.5] * 2, dtype=np.float32)
    assert pixels_of(png_uri(row)).ravel().tolist() == [255, 255, 0, 0, 255, 0, 255, 128] * 2
