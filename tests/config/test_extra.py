"""Generated letters beside a config's own: in the training part, whatever the division, and nowhere else."""

import numpy as np
import pytest

from ensemble_hwr.config import (
    build_normalizer,
    build_split,
    load_config,
    load_demo,
    load_letters,
)
from ensemble_hwr.config.data_schema import ExtraLetters
from ensemble_hwr.config.letters import EXTRA_SOURCE, describe_data, is_extra, training_weight, with_extra
from ensemble_hwr.datasets import LetterSet, save_npz
from ensemble_hwr.datasets.handwriting import generate_letters
from ensemble_hwr.exceptions import ConfigError, DataError

EXTRA = "extra={ generated = 30, writers = 5, random_state = 7 }"
KNOWN = {
    "source": np.repeat(["s", "t"], 30),
    "writer": np.array([f"w{i % 6}" for i in range(60)]),
    "split": np.array(["train", "train", "test"] * 20),
}


@pytest.fixture
def configure(tmp_path, monkeypatch):
    """Write 50 A and 10 B, and load a config for them."""
    monkeypatch.delenv("ENSEMBLE_HWR_DATA", raising=False)

    def configure(*overrides, **known):
        rows = np.random.default_rng(0).integers(0, 255, (60, 784)).astype(np.uint8)
        save_npz(tmp_path / "letters.npz", LetterSet(rows, np.repeat(["A", "B"], [50, 10]), **known))
        (tmp_path / "mine.toml").write_text('name = "mine"\ndata = { format = "npz", path = "letters.npz" }\n')
        return load_config(tmp_path / "mine.toml", overrides)

    return configure


@pytest.mark.parametrize(
    "split",
    [
        "{ kind = 'predefined' }",
        "{ kind = 'sources', train = ['s'], test = ['t'] }",
        "{ kind = 'random' }",
        "{ kind = 'random', by = 'source', random_state = 3 }",
        "{ kind = 'random', by = 'writer', test_size = 0.4 }",
        "{ kind = 'random', redraw = true }",
    ],
)
def test_the_division_is_that_without_them_and_they_are_all_in_its_training_part(configure, split):
    plain, mixed = configure(f"split={split}", **KNOWN), configure(f"split={split}", EXTRA, **KNOWN)
    letters, both = load_letters(plain), load_letters(mixed)
    assert both.target[60:].tolist() == ["A", "B"] * 15
    assert (both.source == EXTRA_SOURCE).nonzero()[0].tolist() == list(range(60, 90))
    np.testing.assert_array_equal(both.data[:60], letters.data)
    splits = [build_split(plain, letters), build_split(mixed, both)]
    (train, test), (more, same) = (split(7) if callable(split) else split for split in splits)
    np.testing.assert_array_equal(same, test)
    assert more.tolist() == [*train.tolist(), *range(60, 90)]


@pytest.mark.parametrize(
    ("balance", "counts"),
    [
        ("{ method = 'cap', per_class = 20 }", {"A": 20, "B": 20}),
        ("{ method = 'oversample' }", {"A": 55, "B": 55}),
        ("{ method = 'none' }", {"A": 55, "B": 23}),
    ],
)
def test_they_are_balanced_with_the_others(configure, balance, counts):
    config = configure("split.kind=random", f"balance={balance}", EXTRA)
    letters = load_letters(config)
    train, test = build_split(config, letters)
    assert letters.take(train).counts() == counts
    assert letters.take(test).counts() == {"A": 10, "B": 2}
    assert test.max() < 60


def test_weights_count_them(configure):
    config = configure("split.kind=random", "balance.method=weights", EXTRA)
    letters = load_letters(config)
    train, _ = build_split(config, letters)
    weight = training_weight(config, letters)[train]
    sums = [weight[letters.target[train] == label].sum() for label in "AB"]
    assert sums[0] == pytest.approx(sums[1])


def test_the_report_is_told(configure):
    config = configure("split.kind=random", EXTRA, **KNOWN)
    described = describe_data(config, load_letters(config))
    assert described["extra"] == {"in": "train only", "generated": 30, "writers": 5, "random_state": 7}
    assert (described["letters"], described["train"], described["test"]) == (90, 78, 12)
    assert described["sources"] == {"s": 30, "t": 30}
    assert described["writers"] == 6
    plain = configure("split.kind=random", **KNOWN)
    assert "extra" not in describe_data(plain, load_letters(plain))


@pytest.mark.parametrize("polarity", ["auto", "dark", "light"])
def test_pictures_get_pictures_that_the_normalizer_can_read(polarity):
    own = generate_letters(20, letters="XY", writers=2, random_state=1, format="pictures")
    shown = [255 - picture for picture in own.data] if polarity == "light" else list(own.data)
    config = load_demo([f"normalizer.polarity={polarity}"])
    both = with_extra(LetterSet(shown, own.target), ExtraLetters(generated=10), polarity=polarity)
    rows = both.to_rows(build_normalizer(config))
    assert set(both.target[20:]) == {"X", "Y"}
    shares = rows.mean(axis=1)
    assert shares.min() > 0.02
    assert shares.max() < 0.4  # a letter read the wrong way round is nearly all ink


def test_a_collection_of_generated_letters_is_told_from_them():
    config = load_demo(["data.n=260", EXTRA])
    letters = load_letters(config)
    assert is_extra(letters).sum() == 30
    _, test = build_split(config, letters)
    assert set(letters.source[test]) == {"generated"}


def test_labels_that_cannot_be_generated():
    rows = np.zeros((4, 784), np.uint8)
    mixed = with_extra(LetterSet(rows, np.array(["A", "7", "B", "a"])), ExtraLetters(generated=6))
    assert mixed.take(is_extra(mixed)).counts() == {"A": 3, "B": 3}
    with pytest.raises(DataError, match="is a letter from A to Z"):
        with_extra(LetterSet(rows, np.array(["7", "8", "7", "8"])), ExtraLetters(generated=6))


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["extra={}"], "extra.generated: is missing"),
        (["extra.generated=0"], "extra.generated: got 0"),
        (["extra={ generated = 5, n = 3 }"], "extra.n: unknown key"),
        (["extra.generated=9", "data.random_state=0"], "extra.random_state: equals data.random_state"),
        ([EXTRA, "compare.five_by_two=true"], "compare.five_by_two: splits all letters again"),
    ],
)
def test_mistakes(overrides, message):
    with pytest.raises(ConfigError) as caught:
        load_demo(overrides)
    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"demo.toml: {message}")
