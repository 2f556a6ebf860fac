import csv
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

import ensemble_hwr
from ensemble_hwr.cli import main
from ensemble_hwr.datasets.handwriting import generate_letters

CONFIG = """
name = "few"
seeds = [0]

[data]
format = "index"
path = "letters"

[hierarchy]
groups = ["AB", "DO"]
confusables = ["BD"]
cv = 2

[router]
params = { hidden_layer_sizes = [16], max_iter = 60, learning_rate_init = 0.01, early_stopping = false }

[specialist]
params = { hidden_layer_sizes = [4], max_iter = 3, early_stopping = false }

[expert]
params = { hidden_layer_sizes = [4], max_iter = 3, early_stopping = false }

[compare]
contenders = ["flat", "hierarchical"]
"""


@pytest.fixture(scope="module", autouse=True)
def no_letters_from_elsewhere():
    """ENSEMBLE_HWR_DATA, which other tests read, would win over the path of few.toml."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("ENSEMBLE_HWR_DATA", raising=False)
        yield


@pytest.fixture(scope="session")
def few(tmp_path_factory):
    """A folder with few.toml and, as few.toml has it, letters/index.csv."""
    folder = tmp_path_factory.mktemp("few")
    letters = generate_letters(120, letters="ABDO", writers=6, random_state=0, format="pictures")
    with open(_made(folder / "letters") / "index.csv", "w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["path", "label", "source", "writer", "split", "suspect", "upside_down"])
        for i, (picture, label) in enumerate(zip(letters.data, letters.target, strict=True)):
            path = Path(label, f"{i}.png")
            Image.fromarray(picture).save(_made(folder / "letters" / label) / path.name)
            part = "test" if letters.writer[i] in ("w000", "w001") else "train"
            writer.writerow([path, label, "generated", letters.writer[i], part, int(i % 10 == 0), 0])
    (folder / "few.toml").write_text(CONFIG)
    return folder


@pytest.fixture(scope="session")
def model(few, tmp_path_factory):
    """A model file trained on few.toml."""
    file = tmp_path_factory.mktemp("model") / "few.model"
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("ENSEMBLE_HWR_DATA", raising=False)
        assert main(["train", str(few / "few.toml"), "-o", str(file), "-j", "1"]) == 0
    return file


@pytest.fixture
def ensemble_hwr_command():
    """How to start the command line in a process of its own, and its environment."""
    source = str(Path(ensemble_hwr.__file__).parents[1])
    environment = {**os.environ, "PYTHONPATH": source, "OMP_NUM_THREADS": "1"}
    start = "import sys; from ensemble_hwr.cli import main; sys.exit(main())"
    return [sys.executable, "-c", start], environment


@pytest.fixture
def run_process(ensemble_hwr_command):
    """Run the command line in a process of its own."""
    command, environment = ensemble_hwr_command

    def run(*arguments, **environment_changes):
        return subprocess.run(
            [*command, *map(str, arguments)],
            env={**environment, **environment_changes},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    return run


def _made(folder):
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture
def group_ends():
    """Return a function of a process group: whether no process of it is left after some seconds."""

    def ends(group, seconds=10):
        for _ in range(10 * seconds):
            try:
                os.killpg(group, 0)
            except ProcessLookupError:
                return True
            time.sleep(0.1)
        return False

    return ends
