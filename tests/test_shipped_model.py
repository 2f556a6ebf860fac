"""The shipped models have the accuracy of their cards on generated letters, and on real letters if available."""

import os
import re
from pathlib import Path

import numpy as np
import pytest

from ensemble_hwr import generate_letters, load_model
from ensemble_hwr.alphabets import parse_alphabet
from ensemble_hwr.datasets import load_index
from ensemble_hwr.persistence import describe_model
from ensemble_hwr.persistence.models import shipped_files

LARGEST = 5_000_000  # bytes
EVALUATION_ONLY = {"scan34", "scan30", "cursive28"}
SOURCES_OF_MIXED = {
    *["photo62", "tablet55", "binary20x16", "omniglot_latin", "sse15", "bhmsds", "fonts", "generated", "dotted_i"]
}
TRAINING_SOURCES = {"photo62", "tablet55", "binary20x16", "generated extra"}
REAL_LETTERS = Path(os.environ.get("ENSEMBLE_HWR_DATA") or Path(__file__).parents[2] / "shared" / "data")
CLASSES_OF_MIXED = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
MARGIN = 2.5  # points of accuracy: sampling error of a few hundred letters

pytestmark = pytest.mark.skipif("az" not in shipped_files(), reason="models/az/az.model is missing")


@pytest.fixture(scope="module")
def az():
    return load_model("az")  # with any supported scikit-learn, without a warning


@pytest.fixture(scope="module")
def card():
    return shipped_files()["az"].with_name("MODEL_CARD.md").read_text(encoding="utf-8")


def stated(card, letters):
    """Return the accuracy in percent in the card's table."""
    (line,) = re.findall(rf"^\| {letters} \|.*$", card, flags=re.MULTILINE)
    return float(line.split("|")[4])


def accuracy_in_percent(model, letters):
    return 100 * float((model.predict(list(letters.data)) == letters.target).mean())


def test_accuracy_on_generated_letters_is_that_of_the_card(az, card):
    letters = generate_letters(780, writers=30, random_state=20_302, format="pictures")
    assert accuracy_in_percent(az, letters) > max(stated(card, "generated") - MARGIN, 90)


@pytest.mark.parametrize("source", sorted(EVALUATION_ONLY))
def test_accuracy_on_unseen_sources_is_that_of_the_card(az, card, source):
    folder = REAL_LETTERS if (REAL_LETTERS / "index.csv").is_file() else REAL_LETTERS / "letters"
    if not (folder / "index.csv").is_file():
        pytest.skip(f"no real letters in {REAL_LETTERS}; set ENSEMBLE_HWR_DATA")
    letters = load_index(folder, sources=[source])
    some = np.random.default_rng(0).permutation(len(letters))[:600]
    spread = 300 * np.sqrt(stated(card, source) / 100 * (1 - stated(card, source) / 100) / len(some))
    assert accuracy_in_percent(az, letters.take(some)) > stated(card, source) - max(MARGIN, spread)


def test_it_was_trained_on_licensed_sources_only():
    info = describe_model("az")
    assert set(info.trained_on) <= TRAINING_SOURCES
    assert {"photo62", "tablet55", "binary20x16"} <= set(info.trained_on)


def test_its_card_names_its_data_and_its_command(card):
    info = describe_model("az")
    assert info.manifest["metadata"]["command"] in card
    assert info.manifest["metadata"]["command"].startswith("ensemble-hwr train configs/")
    for source, count in info.trained_on.items():
        assert f"| {source} | {count:,} |" in card


def test_it_is_small_and_classifies_capitals(az):
    info = describe_model("az")
    assert info.size <= LARGEST
    assert info.classes == tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    assert az.classes_.tolist() == list(info.classes)


def test_its_manifest_holds_no_paths():
    text = str(describe_model("az").manifest)
    assert not re.findall(r"'(?:/|[A-Z]:\\\\)[^']*'", text)


def test_it_accepts_pictures_of_all_types(az, tmp_path):
    from PIL import Image

    letters = generate_letters(26, writers=1, random_state=20_303, format="pictures")
    dark_on_light = list(letters.data)
    files = [tmp_path / f"{i}.png" for i in range(26)]
    for file, picture in zip(files, dark_on_light, strict=True):
        Image.fromarray(picture).save(file)
    forms = {
        "arrays": dark_on_light,
        "light on dark": [255 - picture for picture in dark_on_light],
        "floats": [picture / 255 for picture in dark_on_light],
        "blue on white": [np.dstack([picture, picture, np.full_like(picture, 255)]) for picture in dark_on_light],
        "images": [Image.fromarray(picture) for picture in dark_on_light],
        "paths": files,
        "texts": [str(file) for file in files],
        "bytes": [file.read_bytes() for file in files],
    }
    for form, pictures in forms.items():
        probabilities = az.predict_proba(pictures)
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)
        predicted = az.classes_[probabilities.argmax(axis=1)]
        assert predicted.tolist() == az.predict(pictures).tolist()
        assert (predicted == letters.target).mean() > 0.8, form


@pytest.fixture(scope="module")
def mixed_info():
    return describe_model("mixed")


@pytest.fixture(scope="module")
def characters():
    """Rows of generated characters, and their labels."""
    letters = generate_letters(186, letters=CLASSES_OF_MIXED, writers=6, random_state=20_304, format="pictures")
    return load_model("mixed")[0].transform(list(letters.data)), letters.target


def test_mixed_has_62_classes_and_at_most_5_mb(mixed_info):
    assert mixed_info.size <= LARGEST
    assert "".join(mixed_info.classes) == CLASSES_OF_MIXED
    model = load_model("mixed")
    assert model.classes_.tolist() == list(mixed_info.classes)
    assert model[0].dots


def test_mixed_was_trained_on_licensed_sources_only(mixed_info):
    assert set(mixed_info.trained_on) == SOURCES_OF_MIXED


def test_the_card_of_mixed_names_its_data_its_command_and_its_figures(mixed_info):
    card = mixed_info.file.with_name("MODEL_CARD.md").read_text(encoding="utf-8")
    assert mixed_info.manifest["metadata"]["command"] in card
    for source, count in mixed_info.trained_on.items():
        assert f"| {source} | {count:,} |" in card
    for name, found in mixed_info.figures["per_source"].items():
        source, _, group = name.partition(" ")
        assert f"| {source} | {group} | {found['letters']:,} | {100 * found['accuracy']:.2f} |" in card
    assert not re.findall(r"'(?:/|[A-Z]:\\\\)[^']*'", str(mixed_info.manifest))  # no paths


@pytest.mark.parametrize(
    ("alphabet", "least"), [("A-Z", 0.95), ("a-z", 0.9), ("0-9", 0.97), ("letters", 0.9), ("shapes", 0.9)]
)
def test_mixed_reads_generated_characters_of_each_alphabet(alphabet, least, characters):
    answer = {part: label for label, members in parse_alphabet(alphabet).parts for part in members}
    rows, target = characters
    own = np.isin(target, list(answer))
    model = load_model("mixed", alphabet=alphabet)
    expected = [answer[label] for label in target[own].tolist()]
    assert (model[-1].predict(rows[own]) == expected).mean() > least
    assert set(model.classes_.tolist()) == set(answer.values())
