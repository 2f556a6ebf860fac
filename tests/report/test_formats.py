import pytest

from ensemble_hwr.report import formats


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
    assert formats.quantity(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.0034, "+0.34"), (-0.0034, "\u22120.34"), (-1e-6, "0.00"), (0.0, "0.00")]
)
def test_points_have_a_sign_unless_they_round_to_0(value, text):
    assert formats.points(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.0001, "p < 0.001"), (0.0121, "p = 0.012"), (0.43, "p = 0.43"), (1, "p = 1.00")]
)
def test_p_value(value, text):
    assert formats.p_value(value) == text


def test_spread_of_one_value_has_no_deviation():
    assert formats.spread([0.9734], 100) == "97.34"
    assert formats.spread([0.97, 0.98], 100) == "97.50 ± 0.71"
    assert formats.spread([None]) == "\u2013"


def test_sizes():
    assert formats.size(1_460_000) == "1.46 MB"
    assert formats.size(331_000) == "331 kB"
    assert formats.size(None) == "\u2013"


def test_listing():
    assert formats.listing(["a"]) == "a"
    assert formats.listing(["a", "b", "c"]) == "a, b and c"
