import numpy as np
import pytest

from ensemble_hwr.reading._candidates import (
    GEOMETRY,
    CandidateFeatures,
    candidate_rows,
    letter_scores,
    non_letter_log_odds,
    scores_by_pieces,
)
from ensemble_hwr.segmentation import cut_strokes


def test_candidate_rows_hold_pixels_and_then_geometry():
    lattice = cut_strokes([[(0, 0), (0, 100)], [(60, 0), (60, 100)]], slant=0)
    pixels = np.random.default_rng(0).random((len(lattice.spans), 784), dtype=np.float32)
    rows = candidate_rows(lattice, pixels)
    assert rows.shape == (len(lattice.spans), 784 + len(GEOMETRY))
    np.testing.assert_array_equal(rows[:, :784], pixels)
    geometry = dict(zip(GEOMETRY, rows[lattice.spans.index((0, 1)), 784:].tolist(), strict=True))
    assert geometry["pieces"] == 1
    assert (geometry["gap before"], geometry["cost before"]) == (1.0, 0.0)
    assert geometry["gap after"] == pytest.approx(lattice.gaps[0])
    assert geometry["height"] == pytest.approx(1.1)


def test_candidate_features_keep_the_geometry_as_it_is():
    rows = np.random.default_rng(0).random((4, 800), dtype=np.float32)
    np.testing.assert_array_equal(CandidateFeatures(grid=4).fit_transform(rows)[:, -16:], rows[:, -16:])
    with pytest.raises(ValueError, match="'grid'"):
        CandidateFeatures(grid=1).fit(rows)


def test_scores_are_finite_and_weighted_by_pieces_or_log_odds():
    p = np.array([[1.0, 0.0], [0.5, 0.5]])
    assert np.isfinite(letter_scores(p)).all()
    np.testing.assert_allclose(letter_scores(p)[1], np.log(0.5))
    np.testing.assert_allclose(scores_by_pieces(p, [(0, 1), (0, 3)])[1], 3 * np.log(0.5))
    against = non_letter_log_odds(p, np.array([0.5, 1.0]))
    np.testing.assert_allclose(against[0], letter_scores(p)[0])
    assert np.isfinite(against).all()
    assert (against[1] > letter_scores(p)[1]).all()
