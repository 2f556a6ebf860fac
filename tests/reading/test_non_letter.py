import numpy as np
import pytest

from ensemble_hwr.exceptions import DataError
from ensemble_hwr.persistence import load_model, save_model
from ensemble_hwr.reading import fit_non_letter_model, fit_stroke_non_letter_model
from ensemble_hwr.reading.non_letter import (
    non_letter_examples,
    overlap_with_letters,
    stroke_non_letter_examples,
    whole_letters,
)
from ensemble_hwr.segmentation import cut_strokes, cut_word


def test_overlap_is_between_0_and_1_and_high_for_letters(tight):
    (word,) = tight[:1]
    lattice = cut_word(word.picture)
    overlap = overlap_with_letters(lattice, word.owner)
    assert overlap.shape == (len(lattice.spans),)
    assert ((overlap >= 0) & (overlap <= 1)).all()
    assert (overlap >= 0.8).sum() >= len(word.letters) - 1
    without_letters = overlap_with_letters(lattice, np.full_like(word.owner, -1))
    assert (without_letters == 0).all()


def test_the_model_separates_letters_from_non_letters(non_letter_model, wide):
    rows, labels = non_letter_examples([word.picture for word in wide], [word.owner for word in wide])
    assert rows.shape == (len(labels), 800)
    assert non_letter_model.score(rows, labels) > 0.85


def test_a_saved_model_is_small_and_predicts_the_same(non_letter_model, tmp_path, wide):
    file = save_model(non_letter_model, tmp_path / "non_letter.model")
    assert file.stat().st_size <= 500_000
    rows, _ = non_letter_examples([wide[0].picture], [wide[0].owner])
    np.testing.assert_array_equal(load_model(file).predict_proba(rows), non_letter_model.predict_proba(rows))


def test_unreadable_pictures_are_left_out(wide):
    empty = np.full((30, 30), 255, np.uint8)
    both = non_letter_examples([empty, wide[0].picture], [empty.astype(int), wide[0].owner])
    np.testing.assert_array_equal(both[0], non_letter_examples([wide[0].picture], [wide[0].owner])[0])
    with pytest.raises(DataError, match="no ink can be found in any of the 1 pictures"):
        fit_non_letter_model([empty], [empty.astype(int)])


def test_dots_belong_to_the_letter_below_them_if_wanted():
    picture, owner = np.full((60, 70), 255, np.uint8), np.full((60, 70), -1)
    for (y, x), letter in ((np.s_[25:55, 10:15], 0), (np.s_[5:9, 30:34], 0), (np.s_[25:55, 45:50], 1)):
        picture[y, x], owner[y, x] = 0, letter
    _, without = non_letter_examples([picture], [owner])
    _, kept = non_letter_examples([picture], [owner], dots=True)
    assert kept.tolist() == ["letter", "letter"]
    assert without.tolist() == ["letter", "non_letter", "letter"]


STEM, FAR_STEM, BAR = [(0, 0), (0, 100)], [(60, 0), (60, 100)], [(0, 50), (60, 50)]
TWO_H = [*(STEM, FAR_STEM, BAR), *([(x + 50, y) for x, y in stroke] for stroke in (STEM, FAR_STEM, BAR))]


def test_whole_letters_are_all_strokes_of_one_letter_and_no_other():
    lattice = cut_strokes(TWO_H, slant=0)
    whole = whole_letters(lattice, [0, 0, 0, 1, 1, 1])
    assert [span for span, is_whole in zip(lattice.spans, whole, strict=True) if is_whole] == [(0, 3), (3, 6)]
    late = cut_strokes([STEM, FAR_STEM, *TWO_H[3:], BAR], slant=0)  # the bar of the first letter is written last
    assert whole_letters(late, [0, 0, 1, 1, 1, 0]).sum() <= 2


def test_stroke_examples_are_labelled_and_invalid_ones_raise():
    rows, labels = stroke_non_letter_examples([TWO_H], [[0, 0, 0, 1, 1, 1]])
    assert rows.shape == (len(cut_strokes(TWO_H).spans), 800)
    assert (labels == "letter").sum() == 2
    model = fit_stroke_non_letter_model([TWO_H] * 9, [[0, 0, 0, 1, 1, 1]] * 9, random_state=0)
    assert model.predict_proba(rows).shape == (len(rows), 2)
    with pytest.raises(DataError, match="6 strokes, but 2 owners"):
        fit_stroke_non_letter_model([TWO_H], [[0, 1]])
    with pytest.raises(DataError, match="at least one word"):
        fit_stroke_non_letter_model([], [])
