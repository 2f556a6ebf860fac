"""Fixtures: a small letter classifier, a small non-letter model and composed words."""

import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from ensemble_hwr import GradientFeatures, compose_words, generate_letters
from ensemble_hwr.reading import fit_non_letter_model

TEXTS = ["HELLO", "JUMPING", "QUICK", "TYPE", "AXE", "SUMMER", "TIME", "WORDS"]


@pytest.fixture(scope="session")
def classifier():
    letters = generate_letters(26 * 40, writers=20, random_state=1)
    model = make_pipeline(GradientFeatures(grid=5), LogisticRegression(C=0.3, max_iter=200))
    return model.fit(letters.to_rows(), letters.target)


@pytest.fixture(scope="session")
def non_letter_model():
    letters = generate_letters(26 * 15, writers=15, random_state=2)
    words = compose_words(letters, TEXTS * 2, gap=(-0.03, 0.25), random_state=2)
    return fit_non_letter_model([word.picture for word in words], [word.owner for word in words], random_state=0)


@pytest.fixture(scope="session")
def letters():
    return generate_letters(26 * 20, writers=10, random_state=0)


@pytest.fixture(scope="session")
def wide(letters):
    """Words with gaps between letters."""
    return compose_words(letters, TEXTS, gap=0.3, random_state=1)


@pytest.fixture(scope="session")
def tight(letters):
    """Words in which some letters touch."""
    return compose_words(letters, TEXTS, gap=0.02, random_state=1)


@pytest.fixture(scope="session")
def mixed_classifier():
    """A classifier of a few letters in both cases, of which most have one shape."""
    letters = generate_letters(9 * 30, letters="LOPSlops1", writers=15, random_state=3)
    return make_pipeline(GradientFeatures(grid=4), LogisticRegression(max_iter=100)).fit(
        letters.to_rows(), letters.target
    )


@pytest.fixture(scope="session")
def mixed_words():
    letters = generate_letters(9 * 20, letters="LOPSlops1", writers=10, random_state=0, format="pictures")
    return compose_words(letters, ["pool", "Polo", "SLOPS", "11"], gap=0.3, random_state=2)
