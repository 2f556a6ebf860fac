"""Words of generated letters, shared by all tests of segmentation."""

import os
from pathlib import Path

import pytest

from ensemble_hwr import compose_words, generate_letters

TEXTS = ["HELLO", "WORLD", "JUMPING", "QUICK", "FOXES", "LAZY", "TYPE", "BRIDGE", "AXE", "SUMMER"]


@pytest.fixture(scope="session")
def letters():
    return generate_letters(26 * 20, writers=10, random_state=0)


@pytest.fixture(scope="session")
def wide(letters):
    """Words with gaps between letters."""
    return compose_words(letters, TEXTS, gap=0.3, random_state=1)


@pytest.fixture(scope="session")
def tight(letters):
    """Words with touching letters."""
    return compose_words(letters, TEXTS, gap=0.0, random_state=1)


@pytest.fixture(scope="session")
def real_words():
    """Folder of real lines; skips the test if it is missing."""
    root = Path(os.environ.get("ENSEMBLE_HWR_DATA", Path(__file__).parents[3] / "shared" / "data"))
    folder = root / "words"
    if not (folder / "index.csv").is_file():
        pytest.skip(f"real lines not found at {folder}; set ENSEMBLE_HWR_DATA to the folder that holds words/")
    return folder
