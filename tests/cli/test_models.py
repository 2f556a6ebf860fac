import json
import shutil

import pytest

from ensemble_hwr.cli import main
from ensemble_hwr.cli._models import _range
from ensemble_hwr.persistence import _shipped, describe_model


@pytest.fixture
def shipped(model, tmp_path, monkeypatch):
    """A folder of shipped models in which the trained one is "few"."""
    (tmp_path / "few").mkdir()
    shutil.copy(model, tmp_path / "few" / "few.model")
    monkeypatch.setattr(_shipped, "shipped_folder", lambda: tmp_path)


@pytest.mark.usefixtures("shipped")
def test_each_model_is_told_with_its_facts(capsys):
    assert main(["models"]) == 0
    printed = capsys.readouterr().out
    accuracy = describe_model("few").figures["accuracy"]
    for fact in (
        "few\n",
        "A B D O (4)",
        " MB",
        "trained on  generated 80",
        f"{accuracy:.2%} of generated",
        "few.model",
    ):
        assert fact in printed


@pytest.mark.usefixtures("shipped")
def test_json_is_an_object_a_line(capsys):
    assert main(["models", "--json"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    told = json.loads(line)
    assert (told["name"], told["classes"], told["trained_on"]) == ("few", list("ABDO"), {"generated": 80})
    assert told["figures"]["letters"] == 40


def test_where_nothing_is_shipped_that_is_said(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(_shipped, "shipped_folder", lambda: tmp_path)
    assert main(["models"]) == 0
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "no model is shipped" in printed.err


@pytest.mark.usefixtures("shipped")
def test_a_shipped_model_is_named_to_other_commands(few, capsys):
    picture = str(next((few / "letters").glob("A/*.png")))
    assert main(["letters", picture, "-m", "few", "-j", "1"]) == 0
    assert main(["evaluate", "few", str(few / "letters"), "-j", "1"]) == 0
    assert "the test part of" in capsys.readouterr().out


def test_the_file_says_how_the_model_was_trained(few, model):
    metadata = describe_model(model).manifest["metadata"]
    assert metadata["command"] == f"ensemble-hwr train {few / 'few.toml'} --output {model}"
    assert metadata["trained_on"] == {"generated": 80}


@pytest.mark.parametrize(
    ("classes", "shown"),
    [(tuple("ABC"), "A-C"), (tuple("ABD"), "A B D"), (("no", "yes"), "no yes"), ((0, 1, 2), "0-2")],
)
def test_consecutive_letters_are_told_by_their_ends(classes, shown):
    assert _range(classes) == shown
