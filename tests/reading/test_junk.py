import numpy as np
import pytest

from ensemble_hwr.exceptions import DataError
from ensemble_hwr.persistence import load_model, save_model
from ensemble_hwr.reading import fit_junk, junk_examples
from ensemble_hwr.reading._junk import share_in_common
from ensemble_hwr.segmentation import cut_word


def test_shares_are_those_of_pixels(tight):
    (word,) = tight[:1]
    lattice = cut_word(word.picture)
    share = share_in_common(lattice, word.owner)
    assert share.shape == (len(lattice.spans),)
    assert ((share >= 0) & (share <= 1)).all()
    assert (share >= 0.8).sum() >= len(word.letters) - 1
    nobody = share_in_common(lattice, np.full_like(word.owner, -1))
    assert (nobody == 0).all()


def test_it_tells_letters_from_junk(junk, wide):
    rows, labels = junk_examples([word.picture for word in wide], [word.owner for word in wide])
    assert rows.shape == (len(labels), 800)
    assert junk.score(rows, labels) > 0.85


def test_it_is_kept_in_a_small_file(junk, tmp_path, wide):
    file = save_model(junk, tmp_path / "junk.model")
    assert file.stat().st_size <= 500_000
    rows, _ = junk_examples([wide[0].picture], [wide[0].owner])
    np.testing.assert_array_equal(load_model(file).predict_proba(rows), junk.predict_proba(rows))


def test_unreadable_pictures_are_left_out(wide):
    empty = np.full((30, 30), 255, np.uint8)
    both = junk_examples([empty, wide[0].picture], [empty.astype(int), wide[0].owner])
    np.testing.assert_array_equal(both[0], junk_examples([wide[0].picture], [wide[0].owner])[0])
    with pytest.raises(DataError, match="nothing can be found"):
        fit_junk([empty], [empty.astype(int)])
