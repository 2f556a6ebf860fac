from contextlib import contextmanager
from functools import partial

import numpy as np
import pytest

from ensemble_hwr.config import load_config
from ensemble_hwr.datasets import generate_letters
from ensemble_hwr.tuning import _tune
from ensemble_hwr.tuning._storage import open_storage
from ensemble_hwr.tuning._trials import run_trials

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


class PoolInThisProcess:
    """Runs trials in this process, which starts no other one; progress is reported when a study is done."""

    def __init__(self, n_workers, data, address, folder):
        assert n_workers == 1
        self._storage = open_storage(address)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def run(self, spec):
        run_trials(spec, self._storage, should_stop=lambda: False)
        yield


@pytest.fixture(scope="session")
def trials_in_this_process():
    """Return a context in which `tune` runs its trials in this process."""

    @contextmanager
    def in_this_process():
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(_tune, "WorkerPool", PoolInThisProcess)
            yield

    return in_this_process


@pytest.fixture
def no_workers(trials_in_this_process):
    """Run the trials of the test in this process: for tests of what is tuned, not of worker processes."""
    with trials_in_this_process():
        yield
