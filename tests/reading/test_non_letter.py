import numpy as np
import pytest

from ensemble_hwr.exceptions import DataError
from ensemble_hwr.persistence import load_model, save_model
from ensemble_hwr.reading import (
    fit_non_letter_model,
    fit_stroke_non_letter_model,
    non_letter_examples,
    stroke_non_letter_examples,
)
from ensemble_hwr.reading._non_letter import share_in_common, whole_letters
from ensemble_hwr.segmentation import cut_strokes, cut_word


def test_shares_are_those_of_pixels(tight):
    (word,) = tight[:1]
    lattice = cut_word(word.picture)
    share = share_in_common(lattice, word.owner)
    assert share.shape == (len(lattice.spans),)
    assert ((share >= 0) & (share <= 1)).all()
    assert (share >= 0.8).sum() >= len(word.letters) - 1
    nobody = share_in_common(lattice, np.full_like(word.owner, -1))
    assert (nobody == 0).all()


def test_it_tells_letters_from_non_letter(non_letter, wide):
    rows, labels = non_letter_examples([word.picture for word in wide], [word.owner for word in wide])
    assert rows.shape == (len(labels), 800)
    assert non_letter.score(rows, labels) > 0.85


def test_it_is_kept_in_a_small_file(non_letter, tmp_path, wide):
    file = save_model(non_letter, tmp_path / "non_letter.model")
    assert file.stat().st_size <= 500_000
    rows, _ = non_letter_examples([wide[0].picture], [wide[0].owner])
    np.testing.assert_array_equal(load_model(file).predict_proba(rows), non_letter.predict_proba(rows))


def test_unreadable_pictures_are_left_out(wide):
    empty = np.full((30, 30), 255, np.uint8)
    both = non_letter_examples([empty, wide[0].picture], [empty.astype(int), wide[0].owner])
    np.testing.assert_array_equal(both[0], non_letter_examples([wide[0].picture], [wide[0].owner])[0])
    with pytest.raises(DataError, match="nothing can be found"):
        fit_non_letter_model([empty], [empty.astype(int)])


STEM, FAR_STEM, BAR = [(0, 0), (0, 100)], [(60, 0), (60, 100)], [(0, 50), (60, 50)]
TWO_H = [*(STEM, FAR_STEM, BAR), *([(x + 50, y) for x, y in stroke] for stroke in (STEM, FAR_STEM, BAR))]


def test_all_strokes_of_a_letter_and_nothing_else_are_a_letter():
    lattice = cut_strokes(TWO_H, slant=0)
    whole = whole_letters(lattice, [0, 0, 0, 1, 1, 1])
    assert [span for span, is_whole in zip(lattice.spans, whole, strict=True) if is_whole] == [(0, 3), (3, 6)]
    late = cut_strokes([STEM, FAR_STEM, *TWO_H[3:], BAR], slant=0)  # the bar is written last, and its place is kept
    assert whole_letters(late, [0, 0, 1, 1, 1, 0]).sum() <= 2


def test_non_letter_of_strokes_is_learned_and_checked():
    rows, labels = stroke_non_letter_examples([TWO_H], [[0, 0, 0, 1, 1, 1]])
    assert rows.shape == (len(cut_strokes(TWO_H).spans), 800)
    assert (labels == "letter").sum() == 2
    model = fit_stroke_non_letter_model([TWO_H] * 9, [[0, 0, 0, 1, 1, 1]] * 9, random_state=0)
    assert model.predict_proba(rows).shape == (len(rows), 2)
    with pytest.raises(DataError, match="6 strokes, but 2 owners"):
        fit_stroke_non_letter_model([TWO_H], [[0, 1]])
    with pytest.raises(DataError, match="no word to learn from"):
        fit_stroke_non_letter_model([], [])
