import os
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

import ensemble_hwr
from ensemble_hwr import available_models
from ensemble_hwr.exceptions import ModelError
from ensemble_hwr.persistence import _shipped, describe_model, load_model, read_manifest, save_model
from ensemble_hwr.persistence._manifest import _classes

X, y = np.random.default_rng(0).random((20, 3)), np.array(list("AB") * 10)
MODEL = LogisticRegression().fit(X, y)


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """A folder of shipped models in which "ab" is one."""
    folder = tmp_path / "models"
    (folder / "ab").mkdir(parents=True)
    (folder / "unfinished").mkdir()
    (folder / "README.md").write_text("# Models")
    figures = {"accuracy": 0.5, "letters": 2}
    save_model(MODEL, folder / "ab" / "ab.model", metadata={"trained_on": {"pen": 20}, "figures": figures})
    monkeypatch.setattr(_shipped, "shipped_folder", lambda: folder)
    return folder


def test_a_name_means_the_shipped_model(shipped):
    np.testing.assert_array_equal(load_model("ab").predict_proba(X), MODEL.predict_proba(X))
    assert read_manifest("ab")["classes"] == ["A", "B"]


def test_without_a_name_it_is_az(shipped):
    (shipped / "az").mkdir()
    save_model(MODEL, shipped / "az" / "az.model")
    assert load_model().classes_.tolist() == ["A", "B"]
    assert read_manifest()["type"] == "LogisticRegression"


def test_what_is_neither_a_file_nor_shipped_is_one_clear_error(shipped):
    with pytest.raises(
        ModelError, match=r"^xy: there is no such file, nor a shipped model of that name \(shipped are: ab\)\.$"
    ):
        load_model("xy")


def test_where_nothing_is_shipped_the_error_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(_shipped, "shipped_folder", lambda: tmp_path / "none")
    assert available_models() == []
    with pytest.raises(ModelError, match=r"^az: .*\(no model is shipped with this installation\)"):
        load_model()


def test_a_path_is_a_path_even_where_a_shipped_model_has_that_name(shipped, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save_model(LogisticRegression().fit(X, np.array(list("CD") * 10)), "ab")
    assert load_model("ab").classes_.tolist() == ["A", "B"]
    for path in (Path("ab"), "./ab", os.path.abspath("ab")):
        assert load_model(path).classes_.tolist() == ["C", "D"]


@pytest.mark.parametrize("name", ["", "a\0b", "x" * 5000, "README.md/az"])
def test_names_that_no_file_can_have_are_refused(shipped, name):
    with pytest.raises(ModelError):
        load_model(name)


def test_all_that_is_shipped_is_told_with_its_facts(shipped):
    (model,) = available_models()
    assert (model.name, model.classes, model.trained_on) == ("ab", ("A", "B"), {"pen": 20})
    assert model.size == model.file.stat().st_size
    assert model.figures["accuracy"] == 0.5
    assert model.manifest["type"] == "LogisticRegression"


def test_a_file_that_says_little_is_described_as_far_as_it_goes(tmp_path):
    file = save_model(MODEL, tmp_path / "m.model")
    told = describe_model(file)
    assert (told.name, told.trained_on, told.figures) == ("m.model", {}, {})
    assert told.classes == ("A", "B")


@pytest.mark.parametrize("labels", [None, np.array([b"A"]), np.array([np.nan]), [np.array(["A"])]])
def test_labels_that_json_cannot_hold_are_not_told(labels):
    assert _classes(SimpleNamespace(classes_=labels)) is None
    assert _classes(SimpleNamespace()) is None


def test_shipped_models_do_not_warn_of_another_scikit_learn_and_files_do(shipped, monkeypatch):
    monkeypatch.setattr("ensemble_hwr.persistence._files.version", lambda _: "0.1")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_model("ab")
    copy = shipped.parent / "copy.model"
    copy.write_bytes((shipped / "ab" / "ab.model").read_bytes())
    with pytest.warns(UserWarning, match=r"is read with 0\.1"):
        load_model(copy)


def test_in_a_checkout_models_are_at_its_top_and_installed_they_are_beside_the_code(tmp_path, monkeypatch):
    source = Path(ensemble_hwr.__file__).parent
    if source.parent.name == "src":
        assert _shipped.shipped_folder() == source.parents[1] / "models"
    monkeypatch.setattr(_shipped, "_PACKAGE", tmp_path / "site-packages" / "ensemble_hwr")
    assert _shipped.shipped_folder() == tmp_path / "site-packages" / "ensemble_hwr" / "models"
