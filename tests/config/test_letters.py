import os
from pathlib import Path

import numpy as np
import pytest

from ensemble_hwr.config import load_config, load_demo, load_letters
from ensemble_hwr.config.data_schema import ExtraLetters
from ensemble_hwr.config.letters import (
    EXTRA_SOURCE,
    build_normalizer,
    build_split,
    describe_data,
    is_extra,
    locate_data,
    training_weight,
    with_extra,
)
from ensemble_hwr.datasets import LetterSet, save_npz
from ensemble_hwr.datasets.handwriting import generate_letters
from ensemble_hwr.exceptions import ConfigError, DataError

PROJECT = Path(__file__).parents[2]
REAL_LETTERS = Path(os.environ.get("ENSEMBLE_HWR_DATA") or PROJECT.parent / "shared" / "data")


@pytest.fixture(autouse=True)
def no_data_folder(monkeypatch):
    monkeypatch.delenv("ENSEMBLE_HWR_DATA", raising=False)


@pytest.fixture
def configure(tmp_path):
    """Write a config and load it with overrides."""

    def configure(*overrides, data='{ format = "npz", path = "own/letters.npz" }'):
        file = tmp_path / "mine.toml"
        file.write_text(f'name = "mine"\ndata = {data}\n')
        return load_config(file, overrides)

    return configure


def write_npz(file, counts, **known):
    target = np.repeat(list(counts), list(counts.values()))
    rows = np.arange(len(target), dtype=np.uint8)[:, None] * np.ones((1, 784), np.uint8)
    file.parent.mkdir(parents=True, exist_ok=True)
    save_npz(file, LetterSet(rows, target, **known))
    return file


def test_the_path_of_the_config_is_the_default(configure, tmp_path):
    own = write_npz(tmp_path / "own" / "letters.npz", {"A": 3, "B": 2})
    assert locate_data(configure()) == own
    assert load_letters(configure()).counts() == {"A": 3, "B": 2}


def test_the_data_option_accepts_the_letters_or_their_folder(configure, tmp_path):
    other = write_npz(tmp_path / "other" / "letters.npz", {"A": 1, "B": 1})
    assert locate_data(configure(), other) == other
    assert locate_data(configure(), other.parent) == other


def test_precedence_is_option_then_environment_then_config(configure, tmp_path, monkeypatch):
    own = write_npz(tmp_path / "own" / "letters.npz", {"A": 1, "B": 1})
    other = write_npz(tmp_path / "other" / "letters.npz", {"A": 1, "B": 1})
    third = write_npz(tmp_path / "third" / "letters.npz", {"A": 1, "B": 1})
    monkeypatch.setenv("ENSEMBLE_HWR_DATA", str(other.parent))
    assert locate_data(configure()) == other
    assert locate_data(configure(), third) == third
    monkeypatch.setenv("ENSEMBLE_HWR_DATA", str(other))
    assert locate_data(configure()) == other
    monkeypatch.setenv("ENSEMBLE_HWR_DATA", str(tmp_path))
    assert locate_data(configure()) == own


def test_missing_letters_are_reported_with_the_places_searched(configure, tmp_path):
    with pytest.raises(DataError, match=r"no letters at .*own.letters\.npz; give their location"):
        locate_data(configure())
    with pytest.raises(DataError, match=r"none.letters\.npz or none"):
        locate_data(configure(), "none")


def test_generated_letters_reject_a_data_folder():
    with pytest.raises(ConfigError, match="generates its letters"):
        load_letters(load_demo(), data="somewhere")


def test_letters_are_filtered_by_label_and_limited_per_class(configure, tmp_path):
    write_npz(tmp_path / "own" / "letters.npz", {"A": 30, "B": 3, "C": 9})
    letters = load_letters(configure("data.letters=AB", "data.max_per_class=5"))
    assert letters.counts() == {"A": 5, "B": 3}
    with pytest.raises(DataError, match="no letter 'X'"):
        load_letters(configure("data.letters=AX"))


def test_the_three_kinds_of_split(configure, tmp_path):
    known = {
        "split": np.array(["train", "test", "train", "test"]),
        "source": np.array(["s", "s", "t", "t"]),
    }
    write_npz(tmp_path / "own" / "letters.npz", {"A": 2, "B": 2}, **known)
    letters = load_letters(configure())
    assert [part.tolist() for part in build_split(configure(), letters)] == [[0, 2], [1, 3]]
    by_source = configure("split={ kind = 'sources', train = ['s'], test = ['t'] }")
    assert [part.tolist() for part in build_split(by_source, letters)] == [[0, 1], [2, 3]]
    train, test = build_split(configure("split={ kind = 'random', test_size = 0.5 }"), letters)
    assert sorted([*train, *test]) == [0, 1, 2, 3]


def test_redraw_gives_another_split_for_every_seed(configure, tmp_path):
    write_npz(tmp_path / "own" / "letters.npz", {"A": 40, "B": 40})
    config = configure("split={ kind = 'random', redraw = true }")
    draw = build_split(config, load_letters(config))
    assert not np.array_equal(draw(0)[1], draw(1)[1])
    np.testing.assert_array_equal(draw(0)[1], draw(0)[1])


@pytest.mark.parametrize(
    ("balance", "a", "b"),
    [
        ("{ method = 'none' }", 32, 8),
        ("{ method = 'cap', per_class = 10 }", 10, 8),
        ("{ method = 'oversample' }", 32, 32),
        ("{ method = 'weights' }", 32, 8),
    ],
)
def test_balance_changes_only_the_training_part(configure, tmp_path, balance, a, b):
    write_npz(tmp_path / "own" / "letters.npz", {"A": 40, "B": 10})
    config = configure("split.kind=random", f"balance={balance}")
    letters = load_letters(config)
    train, test = build_split(config, letters)
    assert letters.take(train).counts() == {"A": a, "B": b}
    assert letters.take(test).counts() == {"A": 8, "B": 2}
    assert not set(train) & set(test)


def test_sample_weights_balance_the_classes_of_the_training_part(configure, tmp_path):
    write_npz(tmp_path / "own" / "letters.npz", {"A": 40, "B": 10})
    config = configure("split.kind=random", "balance.method=weights")
    letters = load_letters(config)
    train, _ = build_split(config, letters)
    weight = training_weight(config, letters)
    assert weight.shape == (50,)
    sums = [weight[train][letters.target[train] == label].sum() for label in "AB"]
    assert sums[0] == pytest.approx(sums[1])
    assert training_weight(configure("split.kind=random"), letters) is None


def test_describe_data_counts_letters_sources_and_writers(configure, tmp_path):
    known = {"source": np.array(["s"] * 30 + ["t"] * 20), "writer": np.array(["x"] * 25 + [""] * 25)}
    write_npz(tmp_path / "own" / "letters.npz", {"A": 40, "B": 10}, **known)
    config = configure("split.kind=random")
    described = describe_data(config, load_letters(config))
    assert (described["letters"], described["train"], described["test"]) == (50, 40, 10)
    assert described["sources"] == {"s": 30, "t": 20}
    assert described["writers"] == 1


def test_shipped_configs_load_the_real_letters():
    if not (REAL_LETTERS / "letters" / "index.csv").exists():
        pytest.skip(f"no real letters in {REAL_LETTERS}; set ENSEMBLE_HWR_DATA")
    for name, train, test in (("pooled", 15_592, 3_919), ("unseen", 4_791, 6_629)):
        config = load_config(PROJECT / "configs" / f"{name}.toml", ["extra={ generated = 26 }"])
        parts = build_split(config, load_letters(config, data=REAL_LETTERS))
        assert [len(part) for part in parts] == [train + 26, test]


EXTRA = "extra={ generated = 30, writers = 5, random_state = 7 }"
KNOWN = {
    "source": np.repeat(["s", "t"], 30),
    "writer": np.array([f"w{i % 6}" for i in range(60)]),
    "split": np.array(["train", "train", "test"] * 20),
}


@pytest.fixture
def configure_60(tmp_path, monkeypatch):
    """Write 50 A and 10 B, and load a config for them."""
    monkeypatch.delenv("ENSEMBLE_HWR_DATA", raising=False)

    def configure_60(*overrides, **known):
        rows = np.random.default_rng(0).integers(0, 255, (60, 784)).astype(np.uint8)
        save_npz(tmp_path / "letters.npz", LetterSet(rows, np.repeat(["A", "B"], [50, 10]), **known))
        (tmp_path / "mine.toml").write_text('name = "mine"\ndata = { format = "npz", path = "letters.npz" }\n')
        return load_config(tmp_path / "mine.toml", overrides)

    return configure_60


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
def test_extra_letters_are_all_in_the_training_part_and_do_not_change_the_split(configure_60, split):
    plain, mixed = configure_60(f"split={split}", **KNOWN), configure_60(f"split={split}", EXTRA, **KNOWN)
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
def test_extra_letters_are_balanced_with_the_others(configure_60, balance, counts):
    config = configure_60("split.kind=random", f"balance={balance}", EXTRA)
    letters = load_letters(config)
    train, test = build_split(config, letters)
    assert letters.take(train).counts() == counts
    assert letters.take(test).counts() == {"A": 10, "B": 2}
    assert test.max() < 60


def test_sample_weights_count_extra_letters(configure_60):
    config = configure_60("split.kind=random", "balance.method=weights", EXTRA)
    letters = load_letters(config)
    train, _ = build_split(config, letters)
    weight = training_weight(config, letters)[train]
    sums = [weight[letters.target[train] == label].sum() for label in "AB"]
    assert sums[0] == pytest.approx(sums[1])


def test_describe_data_contains_extra_letters(configure_60):
    config = configure_60("split.kind=random", EXTRA, **KNOWN)
    described = describe_data(config, load_letters(config))
    assert described["extra"] == {"in": "train only", "generated": 30, "writers": 5, "random_state": 7}
    assert (described["letters"], described["train"], described["test"]) == (90, 78, 12)
    assert described["sources"] == {"s": 30, "t": 30}
    assert described["writers"] == 6
    plain = configure_60("split.kind=random", **KNOWN)
    assert "extra" not in describe_data(plain, load_letters(plain))


@pytest.mark.parametrize("polarity", ["auto", "dark", "light"])
def test_extra_letters_of_pictures_are_pictures_of_the_same_polarity(polarity):
    own = generate_letters(20, letters="XY", writers=2, random_state=1, format="pictures")
    shown = [255 - picture for picture in own.data] if polarity == "light" else list(own.data)
    config = load_demo([f"normalizer.polarity={polarity}"])
    both = with_extra(LetterSet(shown, own.target), ExtraLetters(generated=10), polarity=polarity)
    rows = both.to_rows(build_normalizer(config))
    assert set(both.target[20:]) == {"X", "Y"}
    shares = rows.mean(axis=1)
    assert shares.min() > 0.02
    assert shares.max() < 0.4  # with the wrong polarity, nearly all pixels are ink


def test_extra_letters_are_distinguished_from_generated_data():
    config = load_demo(["data.n=260", EXTRA])
    letters = load_letters(config)
    assert is_extra(letters).sum() == 30
    _, test = build_split(config, letters)
    assert set(letters.source[test]) == {"generated"}


def test_labels_that_cannot_be_generated():
    rows = np.zeros((4, 784), np.uint8)
    mixed = with_extra(LetterSet(rows, np.array(["A", "Ä", "7", "a"])), ExtraLetters(generated=6))
    assert mixed.take(is_extra(mixed)).counts() == {"7": 2, "A": 2, "a": 2}
    with pytest.raises(DataError, match="is a letter from A to Z"):
        with_extra(LetterSet(rows, np.array(["Ä", "Ö", "Ä", "Ö"])), ExtraLetters(generated=6))


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
