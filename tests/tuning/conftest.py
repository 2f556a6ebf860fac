from functools import partial

import numpy as np
import pytest

from ensemble_hwr.config import load_config
from ensemble_hwr.datasets import generate_letters

CONFIG = """
name = "few"
seeds = [0]

[data]
format = "generated"
n = 240
writers = 8
letters = "ABDO"

[split]
kind = "random"
by = "writer"
test_size = 0.3

[views.coarse]
steps = [{ use = "gradient", directions = 4, grid = 3 }]

[views.fine]
steps = [{ use = "gradient", directions = 8, grid = 4 }]

[hierarchy]
groups = ["AB", "DO"]
confusables = ["BD"]
cv = 2
confidence_threshold = 1.0
min_mass = 0.0

[router]
view = "coarse"
params = { hidden_layer_sizes = [6], batch_size = 20, max_iter = 6, learning_rate_init = 0.01 }

[specialist]
view = "fine"
params = { hidden_layer_sizes = [6], batch_size = 16, max_iter = 4 }

[expert]
view = "fine"
params = { hidden_layer_sizes = [6], batch_size = 16, max_iter = 4 }

[tune]
folds = 2
n_trials = 5
repeats = 0

[tune.router]
alpha = { low = 1e-5, high = 0.1, log = true }
hidden_layer_sizes = { n = [1, 2], width = { low = 4, high = 12 } }
"""


@pytest.fixture(scope="session")
def write_to():
    """Return a function that writes few.toml with additional lines into a folder, and loads it."""

    def make(folder, more="", *overrides):
        file = folder / "few.toml"
        file.write_text(CONFIG + more)
        return load_config(file, overrides)

    return make


@pytest.fixture
def write(tmp_path, write_to):
    """Return a function that writes few.toml with additional lines into the folder of the test, and loads it."""
    return partial(write_to, tmp_path)


@pytest.fixture(scope="session")
def letters():
    return generate_letters(240, letters="ABDO", writers=8, random_state=0)


@pytest.fixture(scope="session")
def rows(letters):
    return np.asarray(letters.to_rows())
