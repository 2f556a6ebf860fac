import io
import json
import os
import subprocess
import sys
import warnings
import zipfile
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import skops.io
from scipy.sparse import csr_matrix
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import PredefinedSplit
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ensemble_hwr import persistence
from ensemble_hwr.ensemble import AugmentedMLPClassifier, HierarchicalEnsembleClassifier
from ensemble_hwr.exceptions import ModelError
from ensemble_hwr.persistence import load_model, read_manifest, save_model
from ensemble_hwr.persistence._archive import pack
from ensemble_hwr.persistence._payload import _OWN_TYPES
from ensemble_hwr.preprocessing import (
    AugmentedClassifier,
    Augmenter,
    Deskewer,
    GradientFeatures,
    LetterNormalizer,
    SizeNormalizer,
    StrokeWidthNormalizer,
)

X, y = load_digits(return_X_y=True)
X = X / 16


def small_mlp(**params):
    return MLPClassifier((5,), max_iter=3, random_state=0, **params)


@pytest.fixture(autouse=True)
def unfinished_training_is_fine():
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Stochastic Optimizer")
        yield


@pytest.fixture
def fitted():
    return small_mlp().fit(X[:200], y[:200])


@pytest.fixture
def file(fitted, tmp_path):
    return save_model(fitted, tmp_path / "digits.model", metadata={"seed": 0})


def rewrite(file, change):
    """Apply `change` to the parts of a model file and write it again, with a sha256 that fits."""
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    change(parts)
    file.write_bytes(pack(parts))


def edit_manifest(file, **changes):
    def change(parts):
        manifest = {**json.loads(parts["manifest.json"]), **changes}
        parts["manifest.json"] = json.dumps(manifest).encode()

    rewrite(file, change)


def swap_model(file, data):
    import hashlib

    def change(parts):
        manifest = {**json.loads(parts["manifest.json"]), "sha256": hashlib.sha256(data).hexdigest()}
        parts.update({"model.skops": data, "manifest.json": json.dumps(manifest).encode()})

    rewrite(file, change)


@pytest.mark.parametrize(
    "model",
    [
        small_mlp(),
        small_mlp(early_stopping=True),
        small_mlp(solver="sgd", activation="logistic"),
        make_pipeline(StandardScaler(), small_mlp()),
        HierarchicalEnsembleClassifier(small_mlp(), small_mlp(), small_mlp(), confusables=[[1, 8], [3, 9]], cv=2),
        HierarchicalEnsembleClassifier(
            make_pipeline(StandardScaler(), small_mlp()),
            trust=0.5,
            groups={"low": [0, 1, 2, 3, 4], "high": [5, 6, 7, 8, 9]},
        ),
    ],
    ids=["mlp", "early stopping", "sgd", "pipeline", "hierarchy", "named groups"],
)
def test_predictions_come_back_bit_for_bit(model, tmp_path):
    model.fit(X[:300], y[:300])
    again = load_model(save_model(model, tmp_path / "m"))
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert repr(again.get_params(deep=False)) == repr(model.get_params(deep=False))


def test_a_model_that_reads_pictures_comes_back(tmp_path):
    rng = np.random.default_rng(0)
    pictures = [np.pad((rng.random((20, 14)) > 0.5).astype(np.uint8) * 255, 6) for _ in range(24)]
    labels = np.array(list("ABC") * 8)
    views = [Deskewer(), SizeNormalizer(box=22), StrokeWidthNormalizer(), GradientFeatures(aspect="root")]
    model = make_pipeline(LetterNormalizer(), *views, small_mlp()).fit(pictures, labels)
    again = load_model(save_model(model, tmp_path / "m"))
    np.testing.assert_array_equal(again.predict_proba(pictures), model.predict_proba(pictures))
    assert again.classes_.tolist() == ["A", "B", "C"]


def test_training_state_is_left_out_of_the_file_and_not_of_the_model(fitted, tmp_path):
    optimizer = fitted._optimizer
    again = load_model(save_model(fitted, tmp_path / "m"))
    assert fitted._optimizer is optimizer
    assert not hasattr(again, "_optimizer")


def test_early_stopping_does_not_store_the_weights_twice(tmp_path):
    model = MLPClassifier((200,), max_iter=3, early_stopping=True, random_state=0).fit(X, y)
    weights = sum(part.nbytes for part in [*model.coefs_, *model.intercepts_])
    assert save_model(model, tmp_path / "m").stat().st_size < 1.5 * weights


def test_the_manifest_says_what_the_model_is(file):
    manifest = read_manifest(file)
    assert manifest["format"] == persistence.FORMAT
    assert manifest["type"] == "MLPClassifier"
    assert manifest["metadata"] == {"seed": 0}
    assert set(manifest["versions"]) == {"ensemble_hwr", "python", "scikit-learn", "numpy", "scipy", "skops"}


def test_saving_the_same_model_twice_gives_the_same_answers_and_no_litter(fitted, tmp_path):
    save_model(fitted, tmp_path / "m")
    save_model(fitted, tmp_path / "m")
    assert os.listdir(tmp_path) == ["m"]


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_refused(file, share):
    data = file.read_bytes()
    file.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(ModelError, match="is not a model file"):
        load_model(file)


def test_a_changed_byte_anywhere_is_refused_or_harmless(file, fitted):
    data = bytearray(file.read_bytes())
    rng = np.random.default_rng(0)
    refused = 0
    for place in rng.integers(0, len(data), 60):
        changed = bytearray(data)
        changed[place] ^= 0xFF
        file.write_bytes(changed)
        try:
            again = load_model(file)
        except ModelError:
            refused += 1
        else:
            np.testing.assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))
    assert refused > 50


def test_bytes_that_do_not_fit_the_manifest_are_refused(file, tmp_path):
    other = save_model(LogisticRegression().fit(X[:50], y[:50]), tmp_path / "other")
    with zipfile.ZipFile(other) as archive:
        data = archive.read("model.skops")
    rewrite(file, lambda parts: parts.update({"model.skops": data}))
    with pytest.raises(ModelError, match="was changed after saving"):
        load_model(file)


class Foreign:
    """A type nobody trusts."""

    opened = False

    def __setstate__(self, state):
        Foreign.opened = True

    def __getstate__(self):
        return {"x": 1}


def test_foreign_types_are_refused_before_anything_is_built(file):
    model = LogisticRegression().fit(X[:50], y[:50])
    model.extra_ = Foreign()
    swap_model(file, skops.io.dumps(model))
    with pytest.raises(ModelError, match=r"types that are not trusted: .*Foreign"):
        load_model(file)
    assert Foreign.opened is False


def test_a_function_named_in_the_file_is_not_run(file, tmp_path):
    target = tmp_path / "made_by_the_model"
    model = LogisticRegression().fit(X[:50], y[:50])
    with zipfile.ZipFile(io.BytesIO(skops.io.dumps(model))) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    schema = json.loads(parts["schema.json"])
    schema.update({"__class__": "system", "__module__": "os", "__loader__": "FunctionNode", "content": str(target)})
    parts["schema.json"] = json.dumps(schema).encode()
    swap_model(file, pack(parts))
    with pytest.raises(ModelError):
        load_model(file)
    assert not target.exists()


@pytest.mark.parametrize("data", [b"", b"not a zip", b"\x80\x04K\x01."], ids=["empty", "text", "pickle"])
def test_a_payload_of_another_kind_is_refused(file, data):
    swap_model(file, data)
    with pytest.raises(ModelError, match="cannot be read"):
        load_model(file)


def test_something_that_is_no_model_is_refused(file):
    swap_model(file, skops.io.dumps({"weights": np.zeros(3)}))
    with pytest.raises(ModelError, match="got a dict, not a model"):
        load_model(file)


def test_an_unfitted_model_in_a_file_is_refused(file):
    swap_model(file, skops.io.dumps(LogisticRegression()))
    with pytest.raises(ModelError, match="not fitted"):
        load_model(file)


@pytest.mark.parametrize("number", [0, persistence.FORMAT + 1, "1", None])
def test_another_format_is_refused_by_number(file, number):
    edit_manifest(file, format=number)
    with pytest.raises(ModelError, match=f"is of format {number!r}"):
        load_model(file)


def test_compressed_parts_are_refused_so_that_no_file_can_swell(file):
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    with pytest.raises(ModelError, match="is compressed"):
        load_model(file)


def rewrite_description(file, change):
    """Change the description of the model, and the sum in the manifest with it."""
    with zipfile.ZipFile(file) as archive, zipfile.ZipFile(io.BytesIO(archive.read("model.skops"))) as inner:
        content = {name: inner.read(name) for name in inner.namelist()}
    description = json.loads(content["schema.json"])
    change(description)
    swap_model(file, pack({**content, "schema.json": json.dumps(description).encode()}))


def test_an_array_that_is_built_again_and_again_is_refused(file):
    def repeat(description):
        (array,) = list(arrays(description))[:1]
        description["again"] = [{**array, "__id__": number} for number in range(3)]

    def arrays(part):
        if isinstance(part, dict) and "file" in part:
            yield part
        for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
            yield from arrays(inner)

    rewrite_description(file, repeat)
    with pytest.raises(ModelError, match="more than once"):
        load_model(file)


def test_a_sparse_matrix_is_refused_in_reading_and_in_writing(file, tmp_path):
    def plant(description):
        description["bomb"] = {"__loader__": "SparseMatrixNode", "file": "x.npz", "__id__": 1}

    rewrite_description(file, plant)
    with pytest.raises(ModelError, match="sparse matrix"):
        load_model(file)
    model = KNeighborsClassifier(1, algorithm="brute").fit(csr_matrix(np.eye(4)), list("ABCD"))
    with pytest.raises(ModelError, match="sparse matrix"):
        save_model(model, tmp_path / "sparse.model")
    assert not (tmp_path / "sparse.model").exists()


@pytest.mark.parametrize("changes", [{"metadata": [1]}, {"metadata": None}, {"classes": 5}, {"classes": "AB"}])
def test_a_manifest_of_wrong_kinds_is_refused(file, changes):
    edit_manifest(file, **changes)
    with pytest.raises(ModelError, match="lacks metadata or classes"):
        load_model(file)


@pytest.mark.parametrize("manifest", [b"{", b"[]", b"{}", b'{"format": 1}', b"\xff", b"[" * 100_000])
def test_a_broken_manifest_is_refused(file, manifest):
    rewrite(file, lambda parts: parts.update({"manifest.json": manifest}))
    with pytest.raises(ModelError, match="manifest"):
        load_model(file)


def test_missing_files_folders_and_other_archives_are_refused(tmp_path):
    with pytest.raises(ModelError, match="there is no such file"):
        load_model(tmp_path / "none")
    with pytest.raises(ModelError, match="cannot be read"):
        load_model(tmp_path)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.txt", "x")
    with pytest.raises(ModelError, match=r"lacks manifest\.json and model\.skops"):
        load_model(tmp_path / "a.zip")


def test_another_version_of_scikit_learn_is_told_once(file):
    edit_manifest(file, versions={"scikit-learn": "0.1"})
    with pytest.warns(UserWarning, match=r"was made with scikit-learn 0\.1") as told:
        load_model(file)
    assert len(told) == 1


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (small_mlp(), "is not fitted"),
        ("a word", "got a str, not a model"),
        (MLPClassifier, "not a model"),
        (RandomForestClassifier(2).fit(X, y), "Tree"),
    ],
    ids=["unfitted", "text", "class", "trees"],
)
def test_what_could_not_be_read_back_is_not_saved(model, reason, tmp_path):
    with pytest.raises(ModelError, match=reason):
        save_model(model, tmp_path / "m")
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize("metadata", [{"x": object()}, {"x": float("nan")}, {"x": np.float32(1)}])
def test_metadata_that_json_cannot_hold_is_refused(fitted, tmp_path, metadata):
    with pytest.raises(ModelError, match="metadata"):
        save_model(fitted, tmp_path / "m", metadata=metadata)
    assert not os.listdir(tmp_path)


def test_a_folder_that_is_missing_is_named(fitted, tmp_path):
    with pytest.raises(ModelError, match=r"none.m: cannot be written"):
        save_model(fitted, tmp_path / "none" / "m")


def test_an_interrupted_write_leaves_the_old_file(file, fitted, monkeypatch):
    before = file.read_bytes()

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        save_model(fitted, file)
    assert file.read_bytes() == before
    assert os.listdir(file.parent) == [file.name]


def test_types_are_trusted_by_where_they_are_defined():
    for path in _OWN_TYPES:
        module, _, name = path.rpartition(".")
        assert getattr(import_module(module), name).__module__ == module


def test_importing_is_light():
    code = "import sys, ensemble_hwr.persistence; sys.exit('sklearn' in sys.modules or 'skops' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(Path(persistence.__file__).parents[2])}
    assert subprocess.run([sys.executable, "-c", code], check=False, env=environment).returncode == 0


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ModelError, match="not a file"):
        load_model(tmp_path / "pipe")


def test_a_part_repeated_in_the_archive_is_read_once(tmp_path, monkeypatch):
    file = tmp_path / "many"
    with zipfile.ZipFile(file, "w") as archive:
        for name in ("manifest.json", "model.skops"):
            archive.writestr(name, "{}")
        archive.filelist += [archive.filelist[-1]] * 50
    read = zipfile.ZipFile.read
    asked = []
    monkeypatch.setattr(zipfile.ZipFile, "read", lambda self, name: (asked.append(name), read(self, name))[1])
    with pytest.raises(ModelError, match="names no format"):
        load_model(file)
    assert asked == ["manifest.json", "model.skops"]


def test_members_that_learned_from_copies_come_back(tmp_path):
    rows = np.random.default_rng(0).random((60, 784), dtype=np.float32)
    labels = np.array(list("ABC"))[np.arange(60) % 3]
    augmented = AugmentedClassifier(small_mlp(), Augmenter(), copies=1, random_state=0)
    by_epochs = AugmentedMLPClassifier(
        (5,), features=GradientFeatures(grid=3), augmenter=Augmenter(), max_iter=2, random_state=0
    )
    for model in (augmented.fit(rows, labels), by_epochs.fit(rows, labels)):
        again = load_model(save_model(model, tmp_path / "letters.model"))
        np.testing.assert_array_equal(again.predict_proba(rows), model.predict_proba(rows))
        assert again.get_params(deep=False).keys() == model.get_params(deep=False).keys()


def test_a_hierarchy_that_asks_a_committee_and_learned_trust_from_one_source_comes_back(tmp_path):
    rng = np.random.default_rng(0)
    X, y = rng.random((60, 12), dtype=np.float32), np.repeat(list("ABC"), 20)
    member = AugmentedMLPClassifier((4,), max_iter=2, random_state=0)
    model = HierarchicalEnsembleClassifier(
        member,
        member,
        {"all": VotingClassifier([("one", member), ("other", member)], voting="soft")},
        groups=["AB", "C"],
        confusables={"all": "*"},
        cv=PredefinedSplit(np.where(np.arange(60) % 3, -1, 0)),
        confidence_threshold=1.0,
        random_state=0,
    ).fit(X, y)
    again = load_model(save_model(model, tmp_path / "committee.model"))
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
