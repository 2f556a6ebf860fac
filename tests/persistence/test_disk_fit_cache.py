"""A folder of finished members."""

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
def kept(tmp_path):
    kept = DiskFitCache(tmp_path / "kept")
    kept.put("aa", "router", MODEL)
    return kept


def test_what_is_kept_comes_back_and_says_whose_it_is(kept):
    np.testing.assert_array_equal(kept.get("aa").predict_proba(X), MODEL.predict_proba(X))
    assert kept.get("bb") is None
    assert (len(kept), kept.n_reused) == (1, 1)
    assert read_manifest(kept.folder / "aa.model")["metadata"] == {"key": "aa", "member": "router"}
    assert load_model(kept.folder / "aa.model").classes_.tolist() == ["A", "B"]


def test_nothing_is_given_back_when_all_is_to_be_made_anew(kept):
    assert DiskFitCache(kept.folder, reuse=False).get("aa") is None
    assert DiskFitCache(kept.folder.parent / "none").get("aa") is None


@pytest.mark.parametrize("damage", ["cut", "changed", "renamed", "pickle"])
def test_what_is_damaged_or_strange_is_made_again_with_a_warning(kept, damage):
    file = kept.folder / "aa.model"
    data = file.read_bytes()
    if damage == "cut":
        file.write_bytes(data[: len(data) // 2])
    elif damage == "changed":
        file.write_bytes(data.replace(b"GaussianNB", b"GaussianNA"))
    elif damage == "renamed":
        shutil.copy(file, kept.folder / "bb.model")
    else:
        file.write_bytes(pickle.dumps(MODEL))
    with pytest.warns(UserWarning, match="a kept member is fitted again: "):
        assert kept.get("bb" if damage == "renamed" else "aa") is None
    assert kept.n_reused == 0


def test_what_cannot_be_read_back_safely_is_refused(kept):
    with pytest.raises(ModelError, match="cannot save"):
        kept.put("cc", "router", RandomForestClassifier(2).fit(X, MODEL.predict(X)))
    assert len(kept) == 1


def test_the_folder_is_made_when_needed_and_removed_with_all_that_is_kept(kept):
    (kept.folder / ".dead.model.0123abcd.part").write_bytes(b"half")
    kept.clear()
    assert not kept.folder.exists()
    kept.clear()
    kept.put("aa", "router", MODEL)
    (kept.folder / "notes.txt").write_text("a user's own")
    kept.clear()
    assert os.listdir(kept.folder) == ["notes.txt"]


def test_a_place_where_no_folder_can_be_is_named(tmp_path):
    for place in (tmp_path / "no" / "such", tmp_path / "file"):
        (tmp_path / "file").write_text("")
        with pytest.raises(ModelError, match="finished members cannot be kept there"):
            DiskFitCache(place).put("aa", "router", MODEL)


def test_a_full_disk_is_named_and_leaves_what_was_kept_whole(kept):
    code = (
        "import resource, sys\n"
        "from ensemble_hwr.persistence import DiskFitCache\n"
        "kept = DiskFitCache(sys.argv[1])\n"
        "model = kept.get('aa')\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))\n"
        "kept.put('bb', 'router', model)\n"
    )
    arguments = [sys.executable, "-c", code, kept.folder]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=60)
    assert "bb.model: cannot be written: File too large" in done.stderr
    assert os.listdir(kept.folder) == ["aa.model"]
    assert kept.get("aa") is not None
