import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ensemble_hwr.datasets.handwriting import WriterStyle, allograph_names, letter_strokes
from ensemble_hwr.datasets.handwriting._curves import ALLOGRAPHS, parse_path
from ensemble_hwr.exceptions import DataError

LETTERS = st.sampled_from(sorted(ALLOGRAPHS))


@pytest.mark.parametrize("letter", ALLOGRAPHS)
def test_default_style_follows_the_skeleton(letter):
    for allograph in ALLOGRAPHS[letter]:
        expected = parse_path(allograph.path)
        strokes = letter_strokes(letter, allograph=allograph.name)
        assert len(strokes) == len(expected)
        for stroke, (knots, _) in zip(strokes, expected, strict=True):
            np.testing.assert_allclose(stroke[[0, -1], :2], knots[[0, -1]], atol=1e-9)


@given(letter=LETTERS, seed=st.integers(0, 2**20), difficulty=st.floats(0, 2))
def test_letters_stay_near_their_place(letter, seed, difficulty):
    rng = np.random.default_rng(seed)
    style = WriterStyle.random(rng, difficulty=difficulty)
    for stroke in letter_strokes(letter, style, random_state=rng):
        assert stroke.shape[1] == 3
        assert np.isfinite(stroke).all()
        assert np.abs(stroke[:, :2] - 0.5).max() < 3
        assert stroke[:, 2].min() > 0
        assert stroke[:, 2].max() <= 1


@given(letter=LETTERS, seed=st.integers(0, 2**20))
def test_same_seed_same_strokes(letter, seed):
    style = WriterStyle.random(seed)
    for first, second in zip(
        letter_strokes(letter, style, random_state=seed),
        letter_strokes(letter, style, random_state=seed),
        strict=True,
    ):
        np.testing.assert_array_equal(first, second)


def test_x_height_and_descenders_are_those_of_the_writer():
    style = WriterStyle(x_height=0.4, descender=0.6)

    def reach(letter, style):
        points = np.concatenate(letter_strokes(letter, style))
        return 1 - points[:, 1].min(), points[:, 1].max() - 1

    assert reach("x", style)[0] == pytest.approx(0.4, abs=0.02)
    assert reach("p", style) == pytest.approx((0.4, 0.57), abs=0.03)
    assert reach("b", style) == pytest.approx((1.0, 0.0), abs=0.02)
    for letter in "B5":
        assert reach(letter, style) == reach(letter, WriterStyle())


def test_the_dot_of_i_is_loose_and_its_stem_is_not():
    strokes = [letter_strokes("i", WriterStyle(unsteadiness=1), random_state=seed) for seed in range(60)]
    stems, dots = (np.array([part[k][:, :2].mean(axis=0) for part in strokes]) for k in (0, 1))
    assert np.std(dots - stems, axis=0).min() > 0.03
    assert dots[:, 1].max() < stems[:, 1].min()


def test_a_writer_who_joins_letters_writes_connecting_strokes():
    def widths(joined):
        style = WriterStyle(joined=joined, constancy=0.0)
        return [np.ptp(np.concatenate(letter_strokes("n", style, random_state=seed))[:, 0]) for seed in range(40)]

    assert max(widths(0.0)) < 0.6 < np.mean(widths(1.0))


def test_constant_writer_keeps_the_usual_allograph_and_others_do_not():
    strict = WriterStyle(allographs={"H": "one-stroke"})
    assert {len(letter_strokes("H", strict, random_state=seed)) for seed in range(30)} == {1}
    loose = WriterStyle(allographs={"H": "one-stroke"}, constancy=0.5)
    assert {len(letter_strokes("H", loose, random_state=seed)) for seed in range(60)} == {1, 2, 3}


def test_slant_moves_the_top_to_the_right():
    upright, leaning = letter_strokes("I")[0], letter_strokes("I", WriterStyle(slant=0.3))[0]
    np.testing.assert_allclose(leaning[:, 0] - upright[:, 0], 0.3 * (1 - upright[:, 1]), atol=1e-9)


def test_size_grows_from_the_baseline_and_width_from_the_left():
    small = letter_strokes("T", WriterStyle(size=0.5, width=2.0))
    whole = letter_strokes("T")
    np.testing.assert_allclose(small[0][:, 0], whole[0][:, 0])
    np.testing.assert_allclose(1 - small[1][:, 1], 0.5 * (1 - whole[1][:, 1]))


def test_rotation_raises_the_right_end():
    foot = letter_strokes("L", WriterStyle(rotation=0.1))[0]
    assert foot[-1, 1] < letter_strokes("L")[0][-1, 1] - 0.03


def test_overshoot_lengthens_and_gap_shortens():
    def length(overshoot):
        return np.ptp(letter_strokes("I", WriterStyle(overshoot=overshoot))[0][:, 1])

    assert length(0.1) == pytest.approx(1.2)
    assert length(-0.1) == pytest.approx(0.8)


def test_taper_and_pressure():
    pressed = letter_strokes("I", WriterStyle(pressure=0.9, taper=0.8))[0][:, 2]
    assert pressed[0] < 0.6
    assert pressed[-1] < 0.3
    assert pressed[len(pressed) // 2] == pytest.approx(0.9, abs=0.01)


def test_deviation_is_constant_per_writer_and_unsteadiness_varies():
    def shape(habit, seed, **amounts):
        return np.concatenate(letter_strokes("B", WriterStyle(habit=habit, **amounts), random_state=seed))[:, :2]

    np.testing.assert_array_equal(shape(1, 0, deviation=1), shape(1, 5, deviation=1))
    assert np.abs(shape(1, 0, deviation=1) - shape(2, 0, deviation=1)).max() > 0.02
    assert np.abs(shape(1, 0, unsteadiness=1) - shape(1, 5, unsteadiness=1)).max() > 0.02


@pytest.mark.parametrize(("letter", "name"), [("Ä", None), ("AB", None), ("A", "gothic")])
def test_unknown_letters_and_allographs_are_rejected(letter, name):
    with pytest.raises(DataError, match=r"only the letters A to Z and a to z|has no allograph 'gothic'"):
        letter_strokes(letter, allograph=name)


def test_allograph_can_be_selected():
    assert [len(letter_strokes("A", allograph=name)) for name in allograph_names("A")][:2] == [3, 2]
