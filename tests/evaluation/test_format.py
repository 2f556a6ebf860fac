import pytest

from ensemble_hwr.evaluation import _format


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "\u2013"),
        (0, "0.00"),
        (9.996, "10.0"),
        (240.4, "240"),
        (999.4, "999"),
        (999.6, "1.00k"),
        (178926, "179k"),
        (999_600, "1.00M"),
        (2.5e9, "2.50G"),
    ],
)
def test_quantity(value, text):
    assert _format.quantity(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.0034, "+0.34"), (-0.0034, "\u22120.34"), (-1e-6, "0.00"), (0.0, "0.00")]
)
def test_points_have_a_sign_unless_they_are_none(value, text):
    assert _format.points(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.0001, "p < 0.001"), (0.0121, "p = 0.012"), (0.43, "p = 0.43"), (1, "p = 1.00")]
)
def test_p_value(value, text):
    assert _format.p_value(value) == text


def test_spread_of_one_seed_is_just_the_figure():
    assert _format.spread([0.9734], 100) == "97.34"
    assert _format.spread([0.97, 0.98], 100) == "97.50 ± 0.71"
    assert _format.spread([None]) == "\u2013"


def test_sizes():
    assert _format.size(1_460_000) == "1.46 MB"
    assert _format.size(331_000) == "331 kB"
    assert _format.size(None) == "\u2013"


def test_listing():
    assert _format.listing(["a"]) == "a"
    assert _format.listing(["a", "b", "c"]) == "a, b and c"
