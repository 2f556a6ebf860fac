import os

import numpy as np
import pytest

from ensemble_hwr.cli import main
from ensemble_hwr.cli._train import _classifier
from ensemble_hwr.config import build_contenders, load_demo, open_letters
from ensemble_hwr.persistence import load_model, read_manifest


def test_the_model_reads_pictures_and_its_file_says_how_it_was_made(few, model):
    letters = open_letters(few / "letters")
    test = letters.take(letters.split == "test")
    answered = load_model(model).predict(list(test.data))
    metadata = read_manifest(model)["metadata"]
    assert metadata["figures"]["accuracy"] == pytest.approx((answered == test.target).mean())
    assert metadata["figures"]["accuracy"] > 0.6
    assert metadata["config"]["name"] == "few"
    assert metadata["seed"] == 0


def test_training_again_gives_the_same_model(few, model, tmp_path):
    assert main(["train", str(few / "few.toml"), "-o", str(tmp_path / "again"), "-j", "1"]) == 0
    letters = open_letters(few / "letters")
    first, second = (load_model(file).predict_proba(list(letters.data)) for file in (model, tmp_path / "again"))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--contender", "svm"], "--contender: got 'svm'; allowed: hierarchical, hard."),
        (["--set", "nmae=x"], "nmae: unknown key"),
        (["--data", "no/such"], "no letters at"),
    ],
)
def test_mistakes_are_one_line(few, tmp_path, options, message, capsys):
    assert main(["train", str(few / "few.toml"), "-o", str(tmp_path / "m"), "-j", "1", *options]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert message in line
    assert os.listdir(tmp_path) == []


def test_places_where_no_file_can_be_are_refused_before_training(few, tmp_path, capsys):
    for output, message in ((tmp_path, "is a folder"), (tmp_path / "none" / "m", "there is no folder")):
        assert main(["train", str(few / "few.toml"), "-o", str(output)]) == 1
        assert message in capsys.readouterr().err


@pytest.mark.parametrize("contender", ["hard", "bayes"])
def test_other_contenders_can_be_trained(few, tmp_path, contender):
    own = "contenders.bayes.estimator=sklearn.naive_bayes.GaussianNB"
    arguments = ["-o", str(tmp_path / "m"), "--contender", contender, "--set", own, "-j", "1", "--seed", "5"]
    assert main(["train", str(few / "few.toml"), *arguments]) == 0
    assert read_manifest(tmp_path / "m")["metadata"]["seed"] == 5


def test_the_contender_hard_is_the_one_of_the_comparison():
    config = load_demo(["hierarchy.trust=learned"])
    hard = _classifier(config, "hard", list("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), 5, 1)
    compared = build_contenders(config, list("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))["hard"]
    settings = ("routing", "trust", "confusables", "min_mass", "certainty")
    assert [getattr(hard, name) for name in settings] == [getattr(compared, name) for name in settings]
    assert hard.random_state == 5


def test_a_contender_that_does_not_exist_is_refused_before_the_letters_are_read(few, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("ensemble_hwr.config.load_letters", None)
    assert main(["train", str(few / "few.toml"), "-o", str(tmp_path / "m"), "--contender", "nobody"]) == 1
    assert "--contender: got 'nobody'" in capsys.readouterr().err
