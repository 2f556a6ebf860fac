import json
import shutil

import numpy as np
import pytest

from ensemble_hwr.cli import main
from ensemble_hwr.cli._models import _range
from ensemble_hwr.onnx import onnx_inputs
from ensemble_hwr.persistence import describe_model, load_model, models


@pytest.fixture
def shipped(model, tmp_path, monkeypatch):
    """A folder of shipped models in which the trained one is "few"."""
    (tmp_path / "few").mkdir()
    shutil.copy(model, tmp_path / "few" / "few.model")
    monkeypatch.setattr(models, "shipped_folder", lambda: tmp_path)


@pytest.mark.usefixtures("shipped")
def test_each_model_is_listed_with_its_facts(capsys):
    assert main(["models"]) == 0
    printed = capsys.readouterr().out
    accuracy = describe_model("few").figures["accuracy"]
    for fact in (
        "few\n",
        "A B D O (4)",
        " MB",
        "trained on  generated 80",
        f"{accuracy:.2%} on generated",
        "few.model",
    ):
        assert fact in printed


@pytest.mark.usefixtures("shipped")
def test_json_is_one_object_per_line(capsys):
    assert main(["models", "--json"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    facts = json.loads(line)
    assert (facts["name"], facts["classes"], facts["trained_on"]) == ("few", list("ABDO"), {"generated": 80})
    assert facts["figures"]["letters"] == 40


def test_helper_models_are_listed_only_with_all(capsys):
    listed = []
    for options in ([], ["--all"]):
        assert main(["models", "--json", *options]) == 0
        listed.append([json.loads(line)["name"] for line in capsys.readouterr().out.splitlines()])
    without, complete = listed
    assert "az" in without
    assert "non-letter" not in without
    assert set(without) < set(complete)
    assert "non-letter" in complete


def test_an_installation_without_models_is_reported(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(models, "shipped_folder", lambda: tmp_path)
    assert main(["models"]) == 0
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "no shipped models" in printed.err


@pytest.mark.usefixtures("shipped")
def test_other_commands_take_the_name_of_a_shipped_model(few, capsys):
    picture = str(next((few / "letters").glob("A/*.png")))
    assert main(["letters", picture, "-m", "few", "-j", "1"]) == 0
    assert main(["evaluate", "few", str(few / "letters"), "-j", "1"]) == 0
    assert "the test part of" in capsys.readouterr().out


def test_the_file_holds_the_command_that_trained_the_model(few, model):
    metadata = describe_model(model).manifest["metadata"]
    assert metadata["command"] == f"ensemble-hwr train {few / 'few.toml'} --output {model}"
    assert metadata["trained_on"] == {"generated": 80}


@pytest.mark.parametrize(
    ("classes", "shown"),
    [
        (tuple("ABC"), "A-C"),
        (tuple("ABD"), "A B D"),
        (("no", "yes"), "no yes"),
        ((0, 1, 2), "0-2"),
        (tuple("012ABCabd"), "0-2 A-C a b d"),
    ],
)
def test_consecutive_classes_are_printed_as_a_range(classes, shown):
    assert _range(classes) == shown


@pytest.mark.parametrize("after", [None, "features"])
def test_the_graph_of_a_model_file_predicts_the_same(model, few, tmp_path, after, capsys):
    pytest.importorskip("onnx", reason="needs the extra 'onnx'")
    runtime = pytest.importorskip("onnxruntime", reason="needs the extra 'onnx'")
    file = tmp_path / "few.onnx"
    assert main(["export", str(model), "-o", str(file), *([] if after is None else ["--after", after])]) == 0
    assert capsys.readouterr().out.startswith(f"{file} (0.")
    fitted = load_model(model)
    rows = fitted[0].transform([str(path) for path in sorted((few / "letters" / "A").glob("*.png"))[:5]])
    feed = onnx_inputs(fitted, rows, after=after)
    label, probabilities = runtime.InferenceSession(file, providers=["CPUExecutionProvider"]).run(None, feed)
    np.testing.assert_allclose(probabilities, fitted[-1].predict_proba(rows), rtol=0, atol=1e-5)
    assert label.tolist() == fitted[-1].predict(rows).tolist()


def test_the_graph_of_an_alphabet_has_its_classes_only(model, few, tmp_path):
    pytest.importorskip("onnx", reason="needs the extra 'onnx'")
    runtime = pytest.importorskip("onnxruntime", reason="needs the extra 'onnx'")
    file = tmp_path / "two.onnx"
    assert main(["export", str(model), "-o", str(file), "--alphabet", "BD"]) == 0
    fitted = load_model(model, alphabet="BD")
    rows = fitted[0].transform([str(path) for path in sorted((few / "letters" / "B").glob("*.png"))[:3]])
    _, probabilities = runtime.InferenceSession(file, providers=["CPUExecutionProvider"]).run(None, {"rows": rows})
    np.testing.assert_allclose(probabilities, fitted[-1].predict_proba(rows), rtol=0, atol=1e-5)


def test_the_model_is_not_replaced_by_its_graph(model, tmp_path, capsys):
    before = model.read_bytes()
    assert main(["export", str(model), "-o", str(model)]) == 1
    assert "would be replaced" in capsys.readouterr().err
    assert model.read_bytes() == before


def test_export_errors_are_one_line(model, tmp_path, capsys):
    pytest.importorskip("onnx", reason="needs the extra 'onnx'")
    assert main(["export", str(tmp_path / "no.model"), "-o", str(tmp_path / "no.onnx")]) == 1
    assert main(["export", str(model), "-o", str(tmp_path / "no" / "few.onnx")]) == 1
    assert main(["export", str(model), "-o", str(tmp_path / "few.onnx"), "--alphabet", "AZ"]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert [line.startswith("error: ") for line in lines] == [True, True, True]
    assert "'Z' cannot be read" in lines[2]
    assert "create it first" in lines[1]
