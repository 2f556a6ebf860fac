"""Additional training letters for one member."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest

from ensemble_hwr.config import build_hierarchy, load_config
from ensemble_hwr.config._additional_letters import AdditionalLetters
from ensemble_hwr.config.building import build_member
from ensemble_hwr.config.schema import member_of
from ensemble_hwr.datasets import LetterSet, save_npz
from ensemble_hwr.datasets.handwriting import generate_letters
from ensemble_hwr.ensemble import AugmentedMLPClassifier
from ensemble_hwr.exceptions import ConfigError, DataError
from ensemble_hwr.persistence import load_model, save_model
from ensemble_hwr.preprocessing import AugmentedClassifier

load_plain = partial(load_config, Path(__file__).with_name("plain.toml"))

MORE = 'members."expert:B/P"={ extra = { generated = 12 } }'
INDEX = """
name = "mine"
data = { format = "index", path = "letters" }
split = { kind = "sources", train = ["a"], test = ["b"] }
[hierarchy]
confusables = ["BP"]
"""


@pytest.fixture
def stored(tmp_path):
    """Write 10 B, 10 P and 10 Q to an .npz file."""
    rows = np.random.default_rng(0).integers(1, 255, (30, 784)).astype(np.uint8)
    save_npz(tmp_path / "more.npz", LetterSet(rows, np.repeat(["B", "P", "Q"], 10)))
    return {"format": "npz", "path": str(tmp_path / "more.npz")}


def expert(*overrides):
    config = load_plain(overrides)
    return build_member(config, member_of(config, "expert:B/P"))


def test_generated_letters_have_the_requested_labels_and_are_reproducible():
    rows, labels = AdditionalLetters(generated=9).letters_of(np.array(["B", "P", "ß"]))
    assert sorted(set(labels)) == ["B", "P"]
    assert (rows.shape, rows.dtype) == ((9, 784), np.float32)
    same = generate_letters(9, letters=["B", "P"], writers=100, random_state=0)
    np.testing.assert_array_equal(rows, same.to_rows())
    with pytest.raises(DataError, match=r"none of .'ß'. is a letter from A to Z"):
        AdditionalLetters(generated=9).letters_of(["ß"])


def test_generated_pictures_are_normalized():
    rows, _ = AdditionalLetters(generated=4, pictures=True, normalizer={"polarity": "light"}).letters_of(["B"])
    assert 0.02 < rows.mean() < 0.4  # with the wrong polarity, paper would be ink


def test_stored_letters_are_filtered_by_label_and_limited_per_class(stored):
    rows, labels = AdditionalLetters(stored=stored, per_class=4).letters_of(["B", "P"])
    assert labels.tolist() == ["B"] * 4 + ["P"] * 4
    assert len(rows) == 8
    assert len(AdditionalLetters(2, stored=stored).letters_of(["B", "P"])[1]) == 22
    assert len(AdditionalLetters(stored=stored, per_class=0).letters_of(["B"])[1]) == 0
    with pytest.raises(DataError, match=r"has none of the labels .'X'."):
        AdditionalLetters(stored=stored).letters_of(["X"])


def test_additional_letters_of_one_member_leave_others_unchanged():
    model = build_hierarchy(load_plain([MORE]), list("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    having = [name for name, member in model.expert.items() if isinstance(member, AugmentedClassifier)]
    assert having == ["B/P"]
    assert model.expert["B/P"].extra.generated == 12
    assert not isinstance(model.router, AugmentedClassifier)


def test_additional_letters_are_augmented_like_the_training_letters():
    built = expert("expert={ augmentation = 'default', extra = { generated = 12 } }")
    assert (built.copies, built.extra.generated) == (4, 12)
    built = expert("expert={ estimator = 'augmented_mlp', augmentation = 'default', extra = { generated = 12 } }")
    assert built.copies == 0
    assert isinstance(built.estimator, AugmentedMLPClassifier)
    assert built.estimator.augmenter is not None


def test_without_additional_letters_there_is_no_wrapper():
    assert not isinstance(expert("expert.extra={}"), AugmentedClassifier)
    assert not isinstance(
        expert("expert.extra={ generated = 9 }", 'members."expert:B/P".extra={}'), AugmentedClassifier
    )


def test_a_model_with_additional_letters_is_saved_and_loaded(tmp_path):
    letters = generate_letters(60, letters="BP", writers=4, random_state=0)
    model = expert(MORE, "expert.params={ hidden_layer_sizes = [4], max_iter = 3 }").fit(
        letters.to_rows(), letters.target
    )
    assert model.estimator_.n_features_in_ == 784
    save_model(model, tmp_path / "bp.model")
    again = load_model(tmp_path / "bp.model")
    np.testing.assert_array_equal(again.predict(letters.to_rows()), model.predict(letters.to_rows()))


def test_paths_are_relative_to_the_config_file(tmp_path):
    (tmp_path / "mine.toml").write_text(
        INDEX + '[members."expert:B/P"]\nextra = { data = { format = "npz", path = "more.npz" } }'
    )
    config = load_config(tmp_path / "mine.toml")
    assert config.members["expert:B/P"].extra.data.path == str(tmp_path / "more.npz")


@pytest.mark.parametrize(
    ("sources", "allowed"), [(["c"], True), (["c", "d"], True), (["a"], False), (["b", "c"], False), (None, False)]
)
def test_letters_of_the_data_section_are_rejected_as_additional_letters(tmp_path, sources, allowed):
    named = "" if sources is None else f", sources = {sources}"
    (tmp_path / "mine.toml").write_text(
        INDEX + f'[members."expert:B/P"]\nextra = {{ data = {{ format = "index", path = "./letters"{named} }} }}'
    )
    if allowed:
        load_config(tmp_path / "mine.toml")
        return
    with pytest.raises(ConfigError, match=r'members."expert:B/P".extra.data: these letters are also in .data.'):
        load_config(tmp_path / "mine.toml")


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("expert.extra={ generated = -1 }", "expert.extra.generated: got -1"),
        ("expert.extra={ generate = 1 }", "expert.extra.generate: unknown key"),
        ("expert.extra={ per_class = 1 }", "expert.extra.per_class: limits the letters of extra.data"),
        ("expert.extra={ data = { format = 'generated' } }", "expert.extra.data"),
        ("expert.extra={ generated = 9, random_state = 0 }", "expert.extra.random_state: equals data.random_state"),
        ("router.extra={ generated = 9 }", "router.extra: a router of groups"),
    ],
)
def test_mistakes(override, message):
    with pytest.raises(ConfigError, match=message):
        load_plain([override, "hierarchy.router_target=groups"])
