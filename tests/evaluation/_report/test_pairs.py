import math

import numpy as np
import pytest

from ensemble_hwr.evaluation._report._pairs import pair_rows
from ensemble_hwr.evaluation._summary import summarise


def test_intervals_are_on_a_square_root_scale(comparison):
    rows = pair_rows(summarise(comparison))
    assert max(abs(end) for row in rows for end in (row["low_at"], row["high_at"])) == 100.0
    for row in rows:
        assert row["low_at"] <= row["at"] <= row["high_at"]
        assert np.sign(row["at"]) == np.sign(row["difference"])


def test_a_quarter_of_the_widest_difference_is_half_as_far():
    pairs = [{"interval": (-0.04, 0.16), "difference": 0.01}, {"interval": (0.0, 0.04), "difference": 0.02}]
    first, second = pair_rows({"pairs": pairs})
    assert (first["low_at"], first["at"], first["high_at"]) == (-50.0, 25.0, 100.0)
    assert (second["low_at"], second["high_at"]) == (0.0, 50.0)
    assert second["at"] == pytest.approx(100 * math.sqrt(1 / 8), abs=0.05)
    assert first["p_holm_5x2cv"] is None


def test_contenders_that_never_differ_lie_at_nothing():
    (row,) = pair_rows({"pairs": [{"interval": (0.0, 0.0), "difference": 0.0, "p_holm_5x2cv": 0.5}]})
    assert (row["low_at"], row["at"], row["high_at"], row["p_holm_5x2cv"]) == (0, 0, 0, 0.5)
