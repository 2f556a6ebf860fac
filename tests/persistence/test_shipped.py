import os
import warnings
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

import ensemble_hwr
from ensemble_hwr import available_models
from ensemble_hwr.exceptions import ModelError
from ensemble_hwr.persistence import _payload, describe_model, load_model, models, read_manifest, save_model
from ensemble_hwr.persistence._archive import MODEL as MODEL_PART
from ensemble_hwr.persistence._archive import classes_for_json, unpack

X, y = np.random.default_rng(0).random((20, 3)), np.array(list("AB") * 10)
MODEL = LogisticRegression().fit(X, y)


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """Return a folder of shipped models with the model "ab"."""
    folder = tmp_path / "models"
    (folder / "ab").mkdir(parents=True)
    (folder / "unfinished").mkdir()
    (folder / "README.md").write_text("# Models")
    figures = {"accuracy": 0.5, "letters": 2}
    save_model(MODEL, folder / "ab" / "ab.model", metadata={"trained_on": {"pen": 20}, "figures": figures})
    monkeypatch.setattr(models, "shipped_folder", lambda: folder)
    return folder


def test_a_name_of_a_shipped_model_loads_it(shipped):
    np.testing.assert_array_equal(load_model("ab").predict_proba(X), MODEL.predict_proba(X))
    assert read_manifest("ab")["classes"] == ["A", "B"]


def test_the_default_model_is_az(shipped):
    (shipped / "az").mkdir()
    save_model(MODEL, shipped / "az" / "az.model")
    assert load_model().classes_.tolist() == ["A", "B"]
    assert read_manifest()["type"] == "LogisticRegression"


def test_a_missing_file_is_an_error_that_lists_shipped_models(shipped):
    with pytest.raises(
        ModelError, match=r"^xy: there is no such file and no shipped model of that name \(shipped models: ab\)$"
    ):
        load_model("xy")


@pytest.mark.parametrize("path", ["./ab", "other/ab", Path("ab")])
def test_a_path_with_the_name_of_a_shipped_model_is_not_that_model(shipped, path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    message = f"^{path}: there is no such file; for the shipped model, write 'ab' without a path$"
    with pytest.raises(ModelError, match=message):
        load_model(path)


def test_without_shipped_models_the_error_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(models, "shipped_folder", lambda: tmp_path / "none")
    assert available_models() == []
    with pytest.raises(ModelError, match=r"^az: .*\(no model is shipped with this installation\)"):
        load_model()


def test_a_path_is_loaded_even_if_it_has_the_name_of_a_shipped_model(shipped, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save_model(LogisticRegression().fit(X, np.array(list("CD") * 10)), "ab")
    assert load_model("ab").classes_.tolist() == ["A", "B"]
    for path in (Path("ab"), "./ab", os.path.abspath("ab")):
        assert load_model(path).classes_.tolist() == ["C", "D"]


@pytest.mark.parametrize("name", ["", "a\0b", "x" * 5000, "README.md/az"])
def test_invalid_names_are_an_error(shipped, name):
    with pytest.raises(ModelError):
        load_model(name)


def test_available_models_describes_shipped_models(shipped):
    (model,) = available_models()
    assert (model.name, model.classes, model.trained_on) == ("ab", ("A", "B"), {"pen": 20})
    assert model.size == model.file.stat().st_size
    assert model.figures["accuracy"] == 0.5
    assert model.manifest["type"] == "LogisticRegression"


def test_a_file_without_metadata_is_described(tmp_path):
    file = save_model(MODEL, tmp_path / "m.model")
    info = describe_model(file)
    assert (info.name, info.trained_on, info.figures) == ("m.model", {}, {})
    assert info.classes == ("A", "B")


def test_a_file_with_metadata_of_other_types_is_described(tmp_path):
    metadata = {"trained_on": "generated letters", "figures": [0.5]}
    info = describe_model(save_model(MODEL, tmp_path / "m.model", metadata=metadata))
    assert (info.trained_on, info.figures) == ({}, {})
    assert info.manifest["metadata"] == metadata


@pytest.mark.parametrize("labels", [None, np.array([b"A"]), np.array([np.nan]), [np.array(["A"])]])
def test_classes_that_json_cannot_hold_are_left_out(labels):
    assert classes_for_json(SimpleNamespace(classes_=labels)) is None
    assert classes_for_json(SimpleNamespace()) is None


def test_only_other_files_warn_of_another_scikit_learn(shipped, monkeypatch):
    monkeypatch.setattr(models, "_scikit_learn_version", lambda: "0.1")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_model("ab")
    copy = shipped.parent / "copy.model"
    copy.write_bytes((shipped / "ab" / "ab.model").read_bytes())
    with pytest.warns(UserWarning, match=r"is loaded with 0\.1"):
        load_model(copy)


def test_shipped_folder_of_a_checkout_and_of_an_installation(tmp_path, monkeypatch):
    source = Path(ensemble_hwr.__file__).parent
    if source.parent.name == "src":
        assert models.shipped_folder() == source.parents[1] / "models"
    monkeypatch.setattr(models, "_PACKAGE", tmp_path / "site-packages" / "ensemble_hwr")
    assert models.shipped_folder() == tmp_path / "site-packages" / "ensemble_hwr" / "models"


def test_looking_up_names_opens_no_file_and_descriptions_read_no_model(shipped, monkeypatch):
    opened = []
    read = zipfile.ZipFile.read
    monkeypatch.setattr(zipfile.ZipFile, "read", lambda self, name: (opened.append(name), read(self, name))[1])
    assert list(models.shipped_files()) == ["ab"]
    with pytest.raises(ModelError):
        models.locate_model("xy")
    assert opened == []
    assert [model.name for model in available_models()] == ["ab"]
    assert opened == ["manifest.json"]


@pytest.mark.parametrize("name", sorted(models.shipped_files()))
def test_a_shipped_model_is_built_as_skops_builds_it(name):
    file = models.shipped_files()[name]
    data = unpack(file)[MODEL_PART]
    quickly, by_skops = (_payload._build(data, file, shipped) for shipped in (True, False))
    assert _payload.dump(quickly, file) == _payload.dump(by_skops, file)
