import numpy as np
import pytest

from ensemble_hwr.reading._candidates import (
    GEOMETRY,
    CandidateFeatures,
    Evidence,
    candidate_rows,
    drop_accents,
    letter_scores,
    non_letter_log_odds,
    scores_by_pieces,
)
from ensemble_hwr.segmentation import cut_strokes, cut_word


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


@pytest.mark.parametrize(("height", "width", "penalty"), [(7, 7, 3.0), (24, 40, 0.0)])
def test_a_dot_above_a_letter_without_a_dot_has_a_price_and_an_accent_has_none(height, width, penalty):
    picture = np.zeros((110, 120))
    picture[50:100, 10:16] = picture[50:100, 60:66] = picture[94:100, 60:95] = 1.0
    picture[45 - height : 45, 58 : 58 + width] = 1.0
    lattice = cut_word(picture, slant=0.0).with_dots()
    n = len(lattice.candidates)
    rows, even = np.zeros((n, 784), np.float32), np.full((n, 3), 1 / 3)
    scores = Evidence(lattice, rows, even, ["I", "L", "i"], np.full(n, 0.5)).scored().graph.scores
    marked = [found.bare is not None for found in lattice.candidates]
    assert any(marked)
    np.testing.assert_allclose(scores[:, 2] - scores[:, 1], penalty * np.array(marked))
    capitals = Evidence(lattice, rows, even[:, :2], ["I", "L"], np.full(n, 0.5)).scored().graph.scores
    np.testing.assert_allclose(capitals[:, 0], capitals[:, 1])


def test_the_marks_of_a_letter_with_a_dot_are_a_dot_and_those_of_others_an_accent():
    marked, bare = np.array([[0.2, 0.1, 0.7], [0.3, 0.6, 0.1]]), np.array([[0.5, 0.5, 0.0], [0.1, 0.9, 0.0]])
    found = drop_accents(marked, bare, ["A", "E", "i"])
    np.testing.assert_allclose(found.sum(axis=1), 1.0)
    assert found.argmax(axis=1).tolist() == [2, 1]
    np.testing.assert_allclose(found[:, 2], marked[:, 2])
