from contextlib import nullcontext

from ensemble_hwr.cli._experiment import read_rows
from ensemble_hwr.config import load_config


class Told:
    """Steps that note what was shown."""

    def __init__(self):
        self.names, self.done = [], []

    def step(self, name, total=None):
        self.names.append((name, total))
        return nullcontext(lambda done, last="": self.done.append(done))


def test_letters_come_with_their_rows_and_the_way_there_is_shown(few):
    steps = Told()
    letters, rows = read_rows(load_config(few / "few.toml"), steps, data=None, jobs=1)
    assert rows.shape == (len(letters), 784) == (120, 784)
    assert rows.max() <= 1
    assert steps.names == [("reading letters", None), ("normalising", 120)]
    assert steps.done == sorted(steps.done)
    assert steps.done[-1] == 120


def test_generated_letters_are_written_not_read(few):
    steps = Told()
    config = load_config(
        few / "few.toml", ["data={ format = 'generated', n = 40 }", "split={ kind = 'random', by = 'writer' }"]
    )
    assert len(read_rows(config, steps, data=None, jobs=1)[0]) == 40
    assert steps.names[0] == ("writing letters", None)
