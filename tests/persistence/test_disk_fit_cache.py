"""Cache of finished fits in a folder."""

import os
import pickle
import shutil
import subprocess
import sys

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.naive_bayes import GaussianNB

from ensemble_hwr.exceptions import ModelError
from ensemble_hwr.persistence import DiskFitCache, load_model, read_manifest

X = np.random.default_rng(0).normal(size=(30, 3))
MODEL = GaussianNB().fit(X, np.repeat(list("AB"), 15))


@pytest.fixture
def cache(tmp_path):
    cache = DiskFitCache(tmp_path / "fits")
    cache.put("aa", "router", MODEL)
    return cache


def test_stored_fits_are_returned_with_their_metadata(cache):
    np.testing.assert_array_equal(cache.get("aa").predict_proba(X), MODEL.predict_proba(X))
    assert cache.get("bb") is None
    assert (len(cache), cache.n_reused) == (1, 1)
    assert read_manifest(cache.folder / "aa.model")["metadata"] == {"key": "aa", "member": "router"}
    assert load_model(cache.folder / "aa.model").classes_.tolist() == ["A", "B"]


def test_without_reuse_no_fit_is_returned(cache):
    assert DiskFitCache(cache.folder, reuse=False).get("aa") is None
    assert DiskFitCache(cache.folder.parent / "none").get("aa") is None


@pytest.mark.parametrize("damage", ["cut", "changed", "renamed", "pickle"])
def test_damaged_files_are_ignored_with_a_warning(cache, damage):
    file = cache.folder / "aa.model"
    data = file.read_bytes()
    if damage == "cut":
        file.write_bytes(data[: len(data) // 2])
    elif damage == "changed":
        file.write_bytes(data.replace(b"GaussianNB", b"GaussianNA"))
    elif damage == "renamed":
        shutil.copy(file, cache.folder / "bb.model")
    else:
        file.write_bytes(pickle.dumps(MODEL))
    with pytest.warns(UserWarning, match="a member is fitted again, since the cache cannot be used: "):
        assert cache.get("bb" if damage == "renamed" else "aa") is None
    assert cache.n_reused == 0


def test_models_that_cannot_be_loaded_safely_are_an_error(cache):
    with pytest.raises(ModelError, match="cannot save"):
        cache.put("cc", "router", RandomForestClassifier(2).fit(X, MODEL.predict(X)))
    assert len(cache) == 1


def test_the_folder_is_created_when_needed_and_removed_by_clear(cache):
    (cache.folder / ".dead.model.0123abcd.part").write_bytes(b"half")
    cache.clear()
    assert not cache.folder.exists()
    cache.clear()
    cache.put("aa", "router", MODEL)
    (cache.folder / "notes.txt").write_text("a user's own")
    cache.clear()
    assert os.listdir(cache.folder) == ["notes.txt"]


def test_clear_keeps_the_fits_of_another_run(cache):
    other = DiskFitCache(cache.folder)
    other.put("bb", "expert", MODEL)
    cache.clear()
    assert [file.name for file in cache.folder.iterdir()] == ["bb.model"]
    other.clear()
    assert not cache.folder.exists()


def test_a_folder_that_cannot_be_created_is_an_error(tmp_path):
    for place in (tmp_path / "no" / "such", tmp_path / "file"):
        (tmp_path / "file").write_text("")
        with pytest.raises(ModelError, match="the folder of finished members cannot be created"):
            DiskFitCache(place).put("aa", "router", MODEL)


def test_a_full_disk_is_an_error_and_leaves_existing_fits(cache):
    code = (
        "import resource, sys\n"
        "from ensemble_hwr.persistence import DiskFitCache\n"
        "cache = DiskFitCache(sys.argv[1])\n"
        "model = cache.get('aa')\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))\n"
        "cache.put('bb', 'router', model)\n"
    )
    arguments = [sys.executable, "-B", "-c", code, cache.folder]  # -B: bytecode written in part only would remain
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=60)
    assert "bb.model: cannot be written: File too large" in done.stderr
    assert os.listdir(cache.folder) == ["aa.model"]
    assert cache.get("aa") is not None
