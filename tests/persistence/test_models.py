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
import sklearn
import skops.io
from scipy.sparse import csr_matrix
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, PredefinedSplit, RepeatedStratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.fixes import parse_version

from ensemble_hwr import persistence
from ensemble_hwr.ensemble import AugmentedMLPClassifier, HierarchicalEnsembleClassifier
from ensemble_hwr.ensemble._members import LabelEncodedClassifier
from ensemble_hwr.exceptions import ModelError
from ensemble_hwr.persistence import load_model, read_manifest, save_model
from ensemble_hwr.persistence._archive import FORMAT, pack
from ensemble_hwr.persistence._payload import _RENAMED_TYPES
from ensemble_hwr.persistence._schemas import SCHEMAS, SPLITTERS
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
    """Apply `change` to the parts of a model file and write it again, with a matching sha256."""
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
def test_predictions_of_loaded_models_are_identical(model, tmp_path):
    model.fit(X[:300], y[:300])
    again = load_model(save_model(model, tmp_path / "m"))
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert repr(again.get_params(deep=False)) == repr(model.get_params(deep=False))


def test_a_model_of_pictures_is_loaded(tmp_path):
    rng = np.random.default_rng(0)
    pictures = [np.pad((rng.random((20, 14)) > 0.5).astype(np.uint8) * 255, 6) for _ in range(24)]
    labels = np.array(list("ABC") * 8)
    views = [Deskewer(), SizeNormalizer(box=22), StrokeWidthNormalizer(), GradientFeatures(aspect="root")]
    model = make_pipeline(LetterNormalizer(), *views, small_mlp()).fit(pictures, labels)
    again = load_model(save_model(model, tmp_path / "m"))
    np.testing.assert_array_equal(again.predict_proba(pictures), model.predict_proba(pictures))
    assert again.classes_.tolist() == ["A", "B", "C"]


def test_training_state_is_left_out_of_the_file_but_not_of_the_model(fitted, tmp_path):
    optimizer = fitted._optimizer
    again = load_model(save_model(fitted, tmp_path / "m"))
    assert fitted._optimizer is optimizer
    assert not hasattr(again, "_optimizer")


def test_early_stopping_does_not_store_the_weights_twice(tmp_path):
    model = MLPClassifier((200,), max_iter=3, early_stopping=True, random_state=0).fit(X, y)
    weights = sum(part.nbytes for part in [*model.coefs_, *model.intercepts_])
    assert save_model(model, tmp_path / "m").stat().st_size < 1.5 * weights


def test_the_manifest_describes_the_model(file):
    manifest = read_manifest(file)
    assert manifest["format"] == FORMAT
    assert manifest["type"] == "MLPClassifier"
    assert manifest["metadata"] == {"seed": 0}
    assert set(manifest["versions"]) == {"ensemble_hwr", "python", "scikit-learn", "numpy", "scipy", "skops"}


def test_saving_twice_leaves_one_file(fitted, tmp_path):
    save_model(fitted, tmp_path / "m")
    save_model(fitted, tmp_path / "m")
    assert os.listdir(tmp_path) == ["m"]


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_an_error(file, share):
    data = file.read_bytes()
    file.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(ModelError, match="is not a model file"):
        load_model(file)


def test_a_changed_byte_is_an_error_or_harmless(file, fitted):
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


def test_bytes_that_do_not_match_the_manifest_are_an_error(file, tmp_path):
    other = save_model(LogisticRegression().fit(X[:50], y[:50]), tmp_path / "other")
    with zipfile.ZipFile(other) as archive:
        data = archive.read("model.skops")
    rewrite(file, lambda parts: parts.update({"model.skops": data}))
    with pytest.raises(ModelError, match="was changed after saving"):
        load_model(file)


class Foreign:
    """A type that is not trusted."""

    opened = False

    def __setstate__(self, state):
        Foreign.opened = True

    def __getstate__(self):
        return {"x": 1}


def test_foreign_types_are_an_error_before_anything_is_built(file):
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
def test_a_payload_of_another_kind_is_an_error(file, data):
    swap_model(file, data)
    with pytest.raises(ModelError, match="cannot be read"):
        load_model(file)


def test_an_object_that_is_not_a_model_is_an_error(file):
    swap_model(file, skops.io.dumps({"weights": np.zeros(3)}))
    with pytest.raises(ModelError, match="got a dict, not a model"):
        load_model(file)


def test_an_unfitted_model_in_a_file_is_an_error(file):
    swap_model(file, skops.io.dumps(LogisticRegression()))
    with pytest.raises(ModelError, match="not fitted"):
        load_model(file)


@pytest.mark.parametrize("number", [0, FORMAT + 1, "1", None])
def test_another_format_is_an_error(file, number):
    edit_manifest(file, format=number)
    with pytest.raises(ModelError, match=f"has format {number!r}"):
        load_model(file)


def test_compressed_parts_are_an_error(file):
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    with pytest.raises(ModelError, match="is compressed"):
        load_model(file)


def rewrite_description(file, change):
    """Change the schema of the model, and the hash in the manifest."""
    with zipfile.ZipFile(file) as archive, zipfile.ZipFile(io.BytesIO(archive.read("model.skops"))) as inner:
        content = {name: inner.read(name) for name in inner.namelist()}
    description = json.loads(content["schema.json"])
    change(description)
    swap_model(file, pack({**content, "schema.json": json.dumps(description).encode()}))


def test_an_array_built_more_than_once_is_an_error(file):
    def repeat(description):
        (array,) = list(arrays(description))[:1]
        description["again"] = [{**array, "__id__": number} for number in (1, 2, 3)]

    def arrays(part):
        if isinstance(part, dict) and "file" in part:
            yield part
        for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
            yield from arrays(inner)

    rewrite_description(file, repeat)
    with pytest.raises(ModelError, match="more than once"):
        load_model(file)


def test_a_sparse_matrix_is_an_error_in_loading_and_saving(file, tmp_path):
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
def test_a_manifest_of_wrong_types_is_an_error(file, changes):
    edit_manifest(file, **changes)
    with pytest.raises(ModelError, match="lacks metadata or classes"):
        load_model(file)


@pytest.mark.parametrize("manifest", [b"{", b"[]", b"{}", b'{"format": 1}', b"\xff", b"[" * 100_000])
def test_a_broken_manifest_is_an_error(file, manifest):
    rewrite(file, lambda parts: parts.update({"manifest.json": manifest}))
    with pytest.raises(ModelError, match="manifest"):
        load_model(file)


def test_missing_files_folders_and_other_archives_are_an_error(tmp_path):
    with pytest.raises(ModelError, match="there is no such file"):
        load_model(tmp_path / "none")
    with pytest.raises(ModelError, match="cannot be read"):
        load_model(tmp_path)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.txt", "x")
    with pytest.raises(ModelError, match=r"lacks manifest\.json and model\.skops"):
        load_model(tmp_path / "a.zip")


def test_another_version_of_scikit_learn_gives_one_warning(file):
    edit_manifest(file, versions={"scikit-learn": "0.1"})
    with pytest.warns(UserWarning, match=r"was made with scikit-learn 0\.1") as caught:
        load_model(file)
    assert len(caught) == 1


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
def test_models_that_could_not_be_loaded_are_not_saved(model, reason, tmp_path):
    with pytest.raises(ModelError, match=reason):
        save_model(model, tmp_path / "m")
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize("metadata", [{"x": object()}, {"x": float("nan")}, {"x": np.float32(1)}])
def test_metadata_that_json_cannot_hold_is_an_error(fitted, tmp_path, metadata):
    with pytest.raises(ModelError, match="metadata"):
        save_model(fitted, tmp_path / "m", metadata=metadata)
    assert not os.listdir(tmp_path)


def test_a_missing_folder_is_an_error(fitted, tmp_path):
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


def test_trusted_types_are_named_by_the_module_that_defines_them():
    for path in [*SCHEMAS, *SPLITTERS]:
        module, _, name = path.rpartition(".")
        if name == "_TemperatureScaling" and parse_version(sklearn.__version__) < parse_version("1.8"):
            continue  # scikit-learn has it since 1.8
        assert getattr(import_module(module), name).__module__ == module


def test_importing_is_light():
    code = "import sys, ensemble_hwr.persistence; sys.exit('sklearn' in sys.modules or 'skops' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(Path(persistence.__file__).parents[2])}
    assert subprocess.run([sys.executable, "-c", code], check=False, env=environment).returncode == 0


def test_a_pipe_is_an_error(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ModelError, match="not a regular file"):
        load_model(tmp_path / "pipe")


def test_a_part_repeated_in_the_archive_is_read_once(tmp_path, monkeypatch):
    file = tmp_path / "many"
    with zipfile.ZipFile(file, "w") as archive:
        for name in ("manifest.json", "model.skops"):
            archive.writestr(name, "{}")
        archive.filelist += [archive.filelist[-1]] * 50
    read = zipfile.ZipFile.read
    names = []
    monkeypatch.setattr(zipfile.ZipFile, "read", lambda self, name: (names.append(name), read(self, name))[1])
    with pytest.raises(ModelError, match="has no format"):
        load_model(file)
    assert names == ["manifest.json", "model.skops"]


def test_augmented_members_are_loaded(tmp_path):
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


def test_a_hierarchy_with_a_committee_and_a_predefined_split_is_loaded(tmp_path):
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


@pytest.mark.parametrize("cv", [GroupKFold(2), RepeatedStratifiedKFold(n_splits=2, n_repeats=1, random_state=0)])
def test_a_hierarchy_is_loaded_with_its_splitter(cv, tmp_path):
    hierarchy = HierarchicalEnsembleClassifier(
        small_mlp(), small_mlp(), groups={"low": [0, 1, 2, 3, 4], "high": [5, 6, 7, 8, 9]}, cv=cv
    )
    params = {"groups": np.arange(300) % 4} if isinstance(cv, GroupKFold) else {}
    model = hierarchy.fit(X[:300], y[:300], **params)
    again = load_model(save_model(model, tmp_path / "m"))
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    assert type(again.cv) is type(cv)


def test_a_tuned_classifier_is_loaded_without_its_study(tmp_path):
    from ensemble_hwr.tuning import TunedClassifier

    search = TunedClassifier(LogisticRegression(max_iter=500), {"C": [0.1, 1.0]}, n_trials=2, cv=2, random_state=0)
    tuned = search.fit(X[:200], y[:200])
    again = load_model(save_model(tuned, tmp_path / "m"))
    np.testing.assert_array_equal(again.predict_proba(X), tuned.predict_proba(X))
    assert (again.best_params_, again.best_score_) == (tuned.best_params_, tuned.best_score_)
    assert again.cv_results_["params"] == tuned.cv_results_["params"]
    np.testing.assert_array_equal(again.cv_results_["state"], tuned.cv_results_["state"])
    with pytest.raises(AttributeError, match="loaded without its study"):
        again.study_  # noqa: B018


class SearchWithStudy(LogisticRegression):
    """A search that holds its study as an attribute, as that of optuna-integration does."""

    def fit(self, X, y):
        self.study_, self.best_estimator_ = object(), LogisticRegression(max_iter=500).fit(X, y)
        return super().fit(X, y)


def test_a_search_that_holds_its_study_is_an_error_that_names_its_best_estimator(tmp_path):
    search = SearchWithStudy(max_iter=500).fit(X[:200], y[:200])
    with pytest.raises(ModelError, match="holds its Optuna study; save its best_estimator_"):
        save_model(search, tmp_path / "m")
    again = load_model(save_model(search.best_estimator_, tmp_path / "m"))
    np.testing.assert_array_equal(again.predict_proba(X), search.best_estimator_.predict_proba(X))


def test_the_error_for_foreign_types_mentions_trees_only_for_trees(tmp_path):
    with pytest.raises(ModelError, match="classifiers without trees"):
        save_model(RandomForestClassifier(2).fit(X, y), tmp_path / "m")
    foreign = LogisticRegression().fit(X[:50], y[:50])
    foreign.extra_ = Foreign()
    with pytest.raises(ModelError, match="Foreign, a type that cannot be loaded safely") as caught:
        save_model(foreign, tmp_path / "m")
    assert "tree" not in str(caught.value)


def test_a_model_that_refers_to_itself_is_an_error(tmp_path):
    model = LogisticRegression().fit(X[:50], y[:50])
    model.circle_ = {}
    model.circle_["self"] = model.circle_
    with pytest.raises(ModelError, match="refer to each other in a circle"):
        save_model(model, tmp_path / "m")


def named(path):
    module, _, name = path.rpartition(".")
    return {"__module__": module, "__class__": name}


def rename_types(file, old, new):
    def change(part):
        if isinstance(part, dict):
            if {key: part.get(key) for key in ("__module__", "__class__")} == named(old):
                part.update(named(new))
            for inner in part.values():
                change(inner)
        elif isinstance(part, list):
            for inner in part:
                change(inner)

    rewrite_description(file, change)


def test_renamed_types_are_present_types_under_other_names():
    assert set(_RENAMED_TYPES.values()) <= set(SCHEMAS)
    assert not set(_RENAMED_TYPES) & set(SCHEMAS)


@pytest.mark.parametrize("old", _RENAMED_TYPES)
def test_a_file_with_the_old_name_of_a_type_is_loaded_with_the_present_type(old, file):
    module, _, name = _RENAMED_TYPES[old].rpartition(".")
    extra = getattr(import_module(module), name)()
    model = AugmentedClassifier(small_mlp(), copies=0).fit(X[:100], y[:100]).set_params(extra=extra)
    save_model(model, file)
    rename_types(file, _RENAMED_TYPES[old], old)
    assert type(load_model(file).extra) is type(extra)


def test_an_old_name_is_not_trusted_unless_it_is_renamed_to_a_trusted_type(file, monkeypatch):
    monkeypatch.setitem(_RENAMED_TYPES, "old.Path", f"{Foreign.__module__}.Foreign")
    model = LogisticRegression().fit(X[:50], y[:50])
    model.extra_ = Foreign()
    swap_model(file, skops.io.dumps(model))
    rename_types(file, f"{Foreign.__module__}.Foreign", "old.Path")
    with pytest.raises(ModelError, match=r"types that are not trusted: .*Foreign"):
        load_model(file)
    assert Foreign.opened is False


def test_a_member_that_needs_encoded_labels_is_loaded(tmp_path):
    labels = np.array(list("ABCDEFGHIJ"))[y[:300]]
    model = LabelEncodedClassifier(small_mlp()).fit(X[:300], labels)
    again = load_model(save_model(model, tmp_path / "m"))
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    assert again.predict(X).tolist() == model.predict(X).tolist()


def test_tiny_weights_of_a_file_become_0(tmp_path):
    network = MLPClassifier((5,), max_iter=3, random_state=0).fit(X.astype(np.float32), y)
    weights = network.coefs_[0]
    weights[:, 2], weights[0, 0] = 1e-39, -1e-35
    loaded = load_model(save_model(network, tmp_path / "tiny.model"))
    np.testing.assert_array_equal(loaded.coefs_[0], np.where(np.abs(weights) < 1e-32, 0, weights))
    assert loaded.coefs_[0].dtype == np.float32
    assert weights[0, 2] == np.float32(1e-39)  # those of the network that was saved are kept
    np.testing.assert_allclose(loaded.predict_proba(X), network.predict_proba(X), rtol=1e-6)
