import json
import os
import shlex
import subprocess

import numpy as np
import pytest

from ensemble_hwr.cli import main
from ensemble_hwr.datasets import open_letters
from ensemble_hwr.evaluation import count_parameters
from ensemble_hwr.persistence import load_model, read_manifest

EPOCHS = (
    "{ estimator = 'augmented_mlp', augmentation = 'default', params = { hidden_layer_sizes = [8], max_iter = 2 } }"
)


def test_the_model_classifies_pictures_and_its_file_holds_its_origin(few, model):
    letters = open_letters(few / "letters")
    test = letters.take(letters.split == "test")
    answered = load_model(model).predict(list(test.data))
    metadata = read_manifest(model)["metadata"]
    assert metadata["figures"]["accuracy"] == pytest.approx((answered == test.target).mean())
    assert metadata["figures"]["accuracy"] > 0.6
    assert metadata["config"]["name"] == "few"
    assert metadata["random_state"] == 0


def test_training_again_gives_the_same_model(few, model, tmp_path):
    assert main(["train", str(few / "few.toml"), "-o", str(tmp_path / "again"), "-j", "1"]) == 0
    letters = open_letters(few / "letters")
    first, second = (load_model(file).predict_proba(list(letters.data)) for file in (model, tmp_path / "again"))
    np.testing.assert_array_equal(first, second)


def test_the_recorded_command_repeats_the_run(few, tmp_path):
    arguments = ["train", str(few / "few.toml"), "--output", str(tmp_path / "m"), "--contender", "logreg"]
    arguments += ["--data", str(few / "letters"), "--set", "seeds=[3]"]
    assert main([*arguments, "-j", "1"]) == 0
    assert sorted(shlex.split(read_manifest(tmp_path / "m")["metadata"]["command"])[1:]) == sorted(arguments)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--contender", "svm"],
            "contender: got 'svm'; allowed: hierarchical, top_down, baseline, logreg, flat, committee",
        ),
        (["--set", "nmae=x"], "nmae: unknown key"),
        (["--data", "no/such"], "no letters at"),
    ],
)
def test_errors_are_one_line(few, tmp_path, options, message, capsys):
    assert main(["train", str(few / "few.toml"), "-o", str(tmp_path / "m"), "-j", "1", *options]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert message in line
    assert os.listdir(tmp_path) == []


def test_an_output_that_cannot_be_a_file_is_an_error_before_training(few, tmp_path, capsys):
    for output, message in ((tmp_path, "is a folder"), (tmp_path / "none" / "m", "there is no folder")):
        assert main(["train", str(few / "few.toml"), "-o", str(output)]) == 1
        assert message in capsys.readouterr().err


def test_the_config_is_not_replaced_by_the_model(few, tmp_path, capsys):
    config = tmp_path / "few.toml"
    config.write_text((few / "few.toml").read_text())
    assert main(["train", str(config), "-o", str(config), "--data", str(few / "letters"), "-j", "1"]) == 1
    assert "would be replaced" in capsys.readouterr().err
    assert config.read_text() == (few / "few.toml").read_text()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_the_model_is_saved_even_if_its_figures_cannot_be_printed(few, tmp_path, ensemble_hwr_command):
    command, environment = ensemble_hwr_command
    file = tmp_path / "few.model"
    with open("/dev/full", "w") as full:
        arguments = ["train", str(few / "few.toml"), "-o", str(file), "-j", "1"]
        ended = subprocess.run([*command, *arguments], env=environment, stdout=full, check=False, timeout=120)
    assert ended.returncode == 1
    assert load_model(file).classes_.tolist() == list("ABDO")


def test_random_states_and_contenders_are_checked_before_the_letters_are_read(few, tmp_path, capsys):
    start = ["train", str(few / "few.toml"), "-o", str(tmp_path / "m")]
    assert main([*start, "--random-state", str(10**20)]) == 2
    assert "is not in the range 0<=x<=4294967295" in capsys.readouterr().err
    assert main(["compare", str(few / "few.toml"), "-o", str(tmp_path / "r"), "--set", "compare.contenders=[]"]) == 1
    assert "compare.contenders: got []; it should have at least 1 item, not 0" in capsys.readouterr().err


@pytest.mark.parametrize("contender", ["top_down", "bayes"])
def test_other_contenders_can_be_trained(few, tmp_path, contender):
    own = "contenders.bayes.estimator=sklearn.naive_bayes.GaussianNB"
    arguments = ["-o", str(tmp_path / "m"), "--contender", contender, "--set", own, "-j", "1", "--random-state", "5"]
    assert main(["train", str(few / "few.toml"), *arguments]) == 0
    assert read_manifest(tmp_path / "m")["metadata"]["random_state"] == 5


@pytest.mark.parametrize(
    "members",
    [
        [],
        ["balance.method=weights"],
        ["hierarchy.groups=derived", "hierarchy.group_size=2"],
        [f"{role}={EPOCHS}" for role in ("router", "specialist", "expert")],
    ],
)
def test_the_flat_contender_is_the_one_of_the_comparison(few, tmp_path, members):
    settings = [part for member in members for part in ("--set", member)]
    shared = [str(few / "few.toml"), "-j", "1", *settings]
    assert main(["train", *shared, "-o", str(tmp_path / "m"), "--contender", "flat"]) == 0
    assert main(["compare", *shared, "--output", str(tmp_path / "out")]) == 0
    compared = json.loads((tmp_path / "out" / "report.json").read_text())["contenders"]["flat"]["parameters"]
    assert count_parameters(load_model(tmp_path / "m")["classify"]) == pytest.approx(np.mean(compared))


def test_the_committee_and_the_baseline_can_be_trained_and_loaded(few, tmp_path):
    letters = open_letters(few / "letters")
    for contender in ("committee", "baseline"):
        file = tmp_path / contender
        assert main(["train", str(few / "few.toml"), "-j", "1", "-o", str(file), "--contender", contender]) == 0
        answered = load_model(file).predict(list(letters.data))
        assert set(answered) <= set("ABDO")
    assert len(load_model(tmp_path / "committee")["classify"].estimators_) == 3


def test_a_contender_that_cannot_be_scaled_is_one_line(few, tmp_path, capsys):
    settings = ["--set", "router={ estimator = 'sklearn.naive_bayes.GaussianNB' }"]
    settings += ["--set", 'compare.contenders=["hierarchical"]']
    shared = [str(few / "few.toml"), "-j", "1", "-o", str(tmp_path / "m"), "--contender", "flat"]
    assert main(["train", *shared, *settings]) == 1
    assert "flat contenders and committee are scaled from an MLPClassifier" in capsys.readouterr().err
    assert main(["train", *shared, *settings, "--set", "flat.params.hidden_layer_sizes=[9]"]) == 1
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("error: contender 'flat': ")
    assert "parameters of 'hierarchical', which cannot be counted" in error


def test_extra_letters_are_used_for_training_only(few, tmp_path):
    extra = ["--set", "extra={ generated = 40, writers = 5 }", "--set", "router.params.max_iter=3"]
    assert main(["train", str(few / "few.toml"), "-j", "1", "-o", str(tmp_path / "m"), *extra]) == 0
    data = read_manifest(tmp_path / "m")["metadata"]["data"]
    assert (data["letters"], data["train"], data["test"]) == (160, 120, 40)
    assert data["extra"] == {"in": "train only", "generated": 40, "writers": 5, "random_state": 0}


def test_an_unknown_contender_is_an_error_before_the_letters_are_read(few, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("ensemble_hwr.training.load_letters", None)
    assert main(["train", str(few / "few.toml"), "-o", str(tmp_path / "m"), "--contender", "other"]) == 1
    assert "contender: got 'other'" in capsys.readouterr().err


@pytest.mark.parametrize("place", ["contenders.own", "expert"])
def test_what_cannot_be_saved_is_an_error_before_the_fit(few, tmp_path, capsys, place):
    trees = "{ estimator = 'sklearn.ensemble.RandomForestClassifier' }"
    contender = "own" if place == "contenders.own" else "hierarchical"
    changes = ["--set", f"{place}={trees}", "--contender", contender, "-j", "1"]
    assert main(["train", str(few / "few.toml"), "-o", str(tmp_path / "m"), *changes]) == 1
    printed = capsys.readouterr().err
    assert "a model with RandomForestClassifier cannot be saved" in printed
    assert "nothing was fitted" in printed
    assert list(tmp_path.iterdir()) == []
