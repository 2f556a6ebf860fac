"""Model files with attributes, parameters and arrays that no saved model has are errors on loading."""

import hashlib
import io
import json
import warnings
import zipfile

import numpy as np
import pytest
import skops.io
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.ensemble import BaggingClassifier, StackingClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression, Perceptron, RidgeClassifier, SGDClassifier
from sklearn.naive_bayes import BernoulliNB, ComplementNB, GaussianNB, MultinomialNB
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid, RadiusNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)
from sklearn.svm import SVC, LinearSVC, NuSVC

from ensemble_hwr.ensemble import HierarchicalEnsembleClassifier, MemberMLPClassifier
from ensemble_hwr.exceptions import ModelError
from ensemble_hwr.persistence import describe_model, load_model, read_manifest, save_model
from ensemble_hwr.persistence._archive import pack
from ensemble_hwr.persistence._checker import Checker, UnsoundModel
from ensemble_hwr.preprocessing import GradientFeatures, LetterNormalizer

X = np.random.default_rng(0).random((60, 16)).astype(np.float32)
Y = np.repeat(list("ABC"), 20)
TWO = np.repeat([0, 1], 30)


@pytest.fixture(autouse=True)
def unfinished_training_is_fine():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def forge(model, file, change=None):
    """Write a file with a valid hash for any object; `change` edits the parts of the model."""
    data = skops.io.dumps(model)
    if change is not None:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        change(parts)
        data = pack(parts)
    return forge_bytes(data, file)


def forge_bytes(data, file):
    manifest = {
        "format": 1,
        "sha256": hashlib.sha256(data).hexdigest(),
        "versions": {},
        "metadata": {},
        "classes": None,
    }
    file.write_bytes(pack({"manifest.json": json.dumps(manifest).encode(), "model.skops": data}))
    return file


def set_attributes(model, **values):
    vars(model).update(values)
    return model


MODELS = [
    *(
        MLPClassifier((5,), max_iter=2),
        MemberMLPClassifier((5, 4), max_iter=2),
        LogisticRegression(),
        RidgeClassifier(),
    ),
    *(SGDClassifier(loss="log_loss"), SGDClassifier(average=True), Perceptron(), LinearSVC(), SVC(), NuSVC(nu=0.3)),
    *(GaussianNB(), MultinomialNB(), BernoulliNB(), ComplementNB(), LinearDiscriminantAnalysis(), NearestCentroid()),
    *(QuadraticDiscriminantAnalysis(reg_param=0.1), KNeighborsClassifier(algorithm="brute")),
    VotingClassifier([("one", GaussianNB()), ("other", LinearDiscriminantAnalysis())], voting="soft"),
    StackingClassifier([("one", GaussianNB()), ("other", LinearSVC())]),
    BaggingClassifier(GaussianNB(), 2),
    *(CalibratedClassifierCV(LinearSVC()), CalibratedClassifierCV(GaussianNB(), method="isotonic")),
    *(make_pipeline(step, LinearSVC()) for step in (PCA(4), TruncatedSVD(3), StandardScaler(), Normalizer())),
    *(make_pipeline(step, LinearSVC()) for step in (StandardScaler(with_std=False), MinMaxScaler(), MaxAbsScaler())),
    *(
        make_pipeline(step, LinearSVC())
        for step in (RobustScaler(), PowerTransformer(), QuantileTransformer(n_quantiles=9))
    ),
    LogisticRegression(random_state=np.random.RandomState(0)),
]


FEW = [
    MLPClassifier((5,), max_iter=2),
    RidgeClassifier(),
    SGDClassifier(average=True),
    SVC(),
    CalibratedClassifierCV(SVC()),
]
CASES = [
    *((model, Y) for model in MODELS),
    *((model, TWO) for model in FEW),
    *((model, Y.astype(object)) for model in FEW),
]


@pytest.mark.parametrize(
    ("model", "labels"), CASES, ids=[f"{number} {type(model).__name__}" for number, (model, _) in enumerate(CASES)]
)
def test_estimators_with_a_schema_are_loaded_and_two_saves_are_the_same_bytes(model, labels, tmp_path):
    model.fit(X, labels)
    file = save_model(model, tmp_path / "a.model")
    again = load_model(file)
    assert again.predict(X).tolist() == model.predict(X).tolist()
    assert save_model(model, tmp_path / "b.model").read_bytes() == file.read_bytes()


def test_a_hierarchy_of_nested_groups_is_loaded(tmp_path):
    model = HierarchicalEnsembleClassifier(
        GaussianNB(), GaussianNB(), groups={"low": {"first": ["A"], "second": ["B"]}, "high": ["C"]}, cv=2
    ).fit(X, Y)
    again = load_model(save_model(model, tmp_path / "m"))
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))


def changed(name, change):
    return lambda model: set_attributes(model, **{name: change(getattr(model, name))})


def nan_at_start(array):
    array = array.copy()
    array.flat[0] = np.nan
    return array


BAD = {
    "NaN": (GaussianNB(), changed("theta_", nan_at_start)),
    "infinite": (LogisticRegression(), changed("coef_", lambda a: a * np.inf)),
    "too large to multiply": (LogisticRegression(), changed("coef_", lambda a: a * 0 + 1e30)),
    "complex": (LogisticRegression(), changed("coef_", lambda a: a.astype(complex))),
    "no variance": (GaussianNB(), changed("var_", lambda a: a * 0)),
    "wider": (LogisticRegression(), changed("coef_", lambda a: np.hstack([a, a]))),
    "fewer rows": (LinearSVC(), changed("coef_", lambda a: a[:2])),
    "other dimensions": (LinearSVC(), changed("intercept_", lambda a: a[None])),
    "duplicate classes": (GaussianNB(), changed("classes_", lambda a: np.array(list("AAB")))),
    "unsorted classes": (GaussianNB(), changed("classes_", lambda a: a[::-1])),
    "too few classes": (GaussianNB(), changed("classes_", lambda a: a[:2])),
    "classes of two dimensions": (GaussianNB(), changed("classes_", lambda a: a[:, None])),
    "classes of no size": (GaussianNB(), changed("classes_", lambda a: np.zeros((10**9, 0)))),
    "classes that are not text": (GaussianNB(), changed("classes_", lambda a: np.array(["A", "B", "\ud800"]))),
    "layers that do not follow": (MLPClassifier((5,), max_iter=1), changed("coefs_", lambda a: a[::-1])),
    "layers missing": (MLPClassifier((5,), max_iter=1), changed("coefs_", lambda a: a[:1])),
    "activation": (MLPClassifier((5,), max_iter=1), changed("out_activation_", lambda a: "logistic")),
    "labels out of range": (
        KNeighborsClassifier(algorithm="brute", metric="manhattan"),
        changed("_y", lambda a: a + 2**40),
    ),
    "labels below 0": (KNeighborsClassifier(algorithm="brute", metric="manhattan"), changed("_y", lambda a: a - 1)),
    "neighbours missing": (KNeighborsClassifier(50, algorithm="brute"), changed("_fit_X", lambda a: a[:20])),
    "support vectors": (SVC(), changed("_n_support", lambda a: a * 1000)),
    "support vectors of classes": (SVC(), changed("_n_support", lambda a: np.resize(a, 20_001))),
    "support vectors of single precision": (SVC(), changed("support_vectors_", lambda a: a.astype(np.float32))),
    "dual coefficients": (SVC(), changed("dual_coef_", lambda a: a[:, :3])),
    "kernel": (SVC(), lambda model: model.set_params(kernel="precomputed")),
    "missing attribute": (GaussianNB(), lambda model: vars(model).pop("var_") is None or model),
    "attribute in place of a method": (GaussianNB(), lambda model: set_attributes(model, predict="text")),
    "parameter out of range": (LogisticRegression(), lambda model: model.set_params(C=-1)),
    "parameter of another type": (LogisticRegression(), lambda model: model.set_params(max_iter="many")),
    "features of members": (
        VotingClassifier([("one", GaussianNB()), ("other", GaussianNB())], voting="soft"),
        lambda model: set_attributes(
            model, estimators_=[GaussianNB().fit(X[:, :n], np.arange(60) % 3) for n in (9, 16)]
        ),
    ),
    "classes of members": (
        VotingClassifier([("one", GaussianNB()), ("other", GaussianNB())], voting="soft"),
        lambda model: set_attributes(model, estimators_=[GaussianNB().fit(X, TWO)] * 2),
    ),
    "members that are not fitted": (
        VotingClassifier([("one", GaussianNB()), ("other", GaussianNB())], voting="soft"),
        lambda model: set_attributes(model, estimators_=[GaussianNB()] * 2),
    ),
    "steps that do not follow": (make_pipeline(PCA(4), GaussianNB()), lambda model: model.steps.reverse() or model),
    "a tuple of three": (make_pipeline(PCA(4), GaussianNB()), lambda model: set_attributes(model, steps=[("a", 1, 2)])),
    "trust": (
        HierarchicalEnsembleClassifier(GaussianNB(), GaussianNB(), groups=["AB", "C"], cv=2),
        changed("trust_", lambda trust: dict.fromkeys(trust, 7.0)),
    ),
    "groups": (
        HierarchicalEnsembleClassifier(GaussianNB(), GaussianNB(), groups=["AB", "C"], cv=2),
        changed("groups_", lambda groups: dict.fromkeys(groups, np.array(["A", "Z"]))),
    ),
    "no members": (
        HierarchicalEnsembleClassifier(GaussianNB(), GaussianNB(), groups=["AB", "C"], cv=2),
        changed("members_", lambda members: {}),
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_attributes_that_do_not_fit_the_schema_are_an_error(kind, tmp_path):
    model, spoil = BAD[kind]
    with pytest.raises(ModelError):
        load_model(forge(spoil(model.fit(X, Y)), tmp_path / "bad.model"))


def test_a_model_with_nan_is_not_saved(tmp_path):
    model = LogisticRegression().fit(X, Y)
    model.coef_[0, 0] = np.nan
    with pytest.raises(ModelError, match="coef_ holds values from nan to nan; they must be finite"):
        save_model(model, tmp_path / "m")


@pytest.mark.parametrize(
    "model",
    [
        RadiusNeighborsClassifier(1e9, algorithm="brute").fit(X, Y),
        KMeans(2, n_init=1).fit(X),
        KNeighborsClassifier(algorithm="kd_tree").fit(X, Y),
    ],
    ids=lambda model: type(model).__name__,
)
def test_estimators_without_a_schema_are_an_error_by_name(model, tmp_path):
    with pytest.raises(ModelError, match="cannot be loaded safely"):
        save_model(model, tmp_path / "m")


def test_a_random_generator_in_a_file_is_an_error(tmp_path):
    model = set_attributes(LogisticRegression().fit(X, Y), random_state=np.random.RandomState(0))
    with pytest.raises(ModelError, match=r"not trusted: .*RandomState"):
        load_model(forge(model, tmp_path / "m"))


@pytest.mark.parametrize(
    ("params", "reason"),
    [({"size": 20_000}, "size is 20000"), ({"size": "28"}, "'size' parameter"), ({"size": -5}, "size is -5")],
    ids=str,
)
def test_settings_out_of_range_are_an_error(params, reason, tmp_path):
    model = make_pipeline(LetterNormalizer().set_params(**params), GaussianNB().fit(X, Y))
    with pytest.raises(ModelError, match=reason):
        load_model(forge(model, tmp_path / "m"))


def test_many_directions_are_an_error(tmp_path):
    model = make_pipeline(GradientFeatures(grid=2).fit(X), GaussianNB().fit(np.ones((2, 32)), ["A", "B"]))
    model.steps[0][1].directions = 10**8
    with pytest.raises(ModelError, match="directions is 100000000; it must be from 4 to 64"):
        load_model(forge(model, tmp_path / "m"))


def test_processes_caches_and_storages_are_not_taken_from_the_file(tmp_path):
    model = Pipeline([("classify", VotingClassifier([("one", GaussianNB())]))]).fit(X, Y)
    model.set_params(memory="folder", classify__n_jobs=8)
    again = load_model(forge(model, tmp_path / "m"))
    assert (again.memory, again.steps[0][1].n_jobs) == (None, None)


def test_bounds_of_the_work_on_a_picture_are_not_raised_by_the_file(tmp_path):
    default = LetterNormalizer()
    rows = GaussianNB().fit(np.eye(2, 784), ["A", "B"])
    for bounds in (
        {"max_pixels": 10**12, "timeout": None},
        {"timeout": float("inf")},
        {"max_pixels": 900, "timeout": 2.0},
    ):
        model = make_pipeline(LetterNormalizer(**bounds), rows)
        loaded = load_model(forge(model, tmp_path / "m")).steps[0][1]
        expected = bounds if bounds.get("timeout") == 2.0 else vars(default)
        assert (loaded.max_pixels, loaded.timeout) == (expected["max_pixels"], expected["timeout"])


def test_estimators_that_hold_others_exponentially_often_are_an_error():
    codes = np.arange(60) % 3
    encoder = VotingClassifier([("one", GaussianNB())]).fit(X, codes).le_
    model = GaussianNB().fit(X, codes)
    for _ in range(30):
        outer = VotingClassifier([("one", model), ("other", model)], voting="soft")
        model = set_attributes(outer, estimators_=[model, model], classes_=np.arange(3), le_=encoder)
    with pytest.raises(UnsoundModel, match="uses estimators more than"):
        Checker().check(model)


def edit(change):
    """Return a change of the parts of a model by a change of its description."""

    def change_parts(parts):
        description = json.loads(parts["schema.json"])
        change(description, parts)
        parts["schema.json"] = json.dumps(description).encode()

    return change_parts


def arrays_of(part):
    if isinstance(part, dict) and "file" in part:
        yield part
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from arrays_of(inner)


def number_parts(number):
    def change(description, parts):
        for array in arrays_of(description):
            array["__id__"] = number

    return edit(change)


@pytest.mark.parametrize("number", [0, False, "", 0.0, None, -1, "1"])
def test_parts_with_numbers_that_are_not_remembered_are_an_error(number, tmp_path):
    with pytest.raises(ModelError, match="numbers begin at 1"):
        load_model(forge(GaussianNB().fit(X, Y), tmp_path / "m", number_parts(number)))


def test_an_array_without_elements_but_with_a_long_side_is_an_error(tmp_path):
    def change(parts):
        name = next(name for name in parts if name.endswith(".npy"))
        stream = io.BytesIO()
        np.lib.format.write_array_header_1_0(stream, {"descr": "<f8", "fortran_order": False, "shape": (10**9, 0)})
        parts[name] = stream.getvalue()

    with pytest.raises(ModelError, match="no elements"):
        load_model(forge(GaussianNB().fit(X, Y), tmp_path / "m", change))


@pytest.mark.parametrize("dtype", ["V8", "c16", "O", "M8[s]", "f4,i4", "U100000"])
def test_an_array_of_another_dtype_is_an_error(dtype, tmp_path):
    def change(parts):
        name = next(name for name in parts if name.endswith(".npy"))
        stream = io.BytesIO()
        np.save(stream, np.zeros(3, dtype), allow_pickle=True)
        parts[name] = stream.getvalue()

    with pytest.raises(ModelError):
        load_model(forge(GaussianNB().fit(X, Y), tmp_path / "m", change))


def test_a_header_that_claims_more_than_the_part_has_is_an_error(tmp_path):
    def change(parts):
        name = next(name for name in parts if name.endswith(".npy"))
        stream = io.BytesIO()
        np.lib.format.write_array_header_1_0(stream, {"descr": "<f8", "fortran_order": False, "shape": (10**12,)})
        parts[name] = stream.getvalue()

    with pytest.raises(ModelError, match="not as long as its header states"):
        load_model(forge(GaussianNB().fit(X, Y), tmp_path / "m", change))


def test_a_description_of_millions_of_objects_is_an_error(tmp_path):
    def change(parts):
        parts["schema.json"] = parts["schema.json"][:-1] + b',"x":[' + b"[]," * 500_000 + b"[]]}"

    with pytest.raises(ModelError, match="more than any model"):
        load_model(forge(GaussianNB().fit(X, Y), tmp_path / "m", change))


def test_a_description_of_an_older_protocol_is_an_error(tmp_path):
    with pytest.raises(ModelError, match="protocol"):
        load_model(forge(GaussianNB().fit(X, Y), tmp_path / "m", edit(lambda tree, _: tree.update(protocol=0))))


def overlapping(parts, copies):
    """Return an archive whose entries are all one entry, under its own name and under others."""
    name, data = parts
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for copy in range(copies):
            archive.writestr(f"{copy:03d}{name}", data if copy == 0 else b"")
        for entry in archive.filelist[1:]:
            entry.file_size = entry.compress_size = len(data)
    return stream.getvalue()


def test_entries_that_overlap_are_an_error(tmp_path):
    data = overlapping(("x.npy", bytes(10_000)), 50)
    with pytest.raises(ModelError, match="overlap"):
        load_model(forge_bytes(data, tmp_path / "m"))
    file = tmp_path / "outer.model"
    file.write_bytes(data)
    with pytest.raises(ModelError, match="overlap"):
        read_manifest(file)


def test_an_archive_of_a_long_directory_is_an_error_before_it_is_read(tmp_path):
    file = tmp_path / "m"
    with zipfile.ZipFile(file, "w") as archive:
        for number in range(90):
            archive.writestr(f"{number}{'x' * 60_000}", b"")
    with pytest.raises(ModelError, match="directory"):
        load_model(file)


def test_a_file_above_the_limit_is_an_error_without_reading_it(tmp_path):
    file = tmp_path / "m"
    with open(file, "wb") as stream:
        stream.truncate(1 << 40)
    with pytest.raises(ModelError, match="at most 150,000,000"):
        load_model(file)


@pytest.mark.parametrize(
    "metadata",
    [
        {"trained_on": [1], "figures": [2]},
        {"trained_on": {"az": "many"}, "figures": {"accuracy": "high"}},
        {"figures": {"per_source": [1]}},
        {"figures": {"per_source": {"az": {"accuracy": None}}}},
        {"figures": "0.9"},
    ],
    ids=str,
)
def test_a_manifest_whose_parts_are_of_other_types_is_described_without_them(metadata, tmp_path):
    file = save_model(GaussianNB().fit(X, Y), tmp_path / "m", metadata=metadata)
    assert (describe_model(file).trained_on, describe_model(file).figures) == ({}, {})


class WithoutSchema(GaussianNB):
    """Classifier of another package."""


def test_an_estimator_of_another_package_is_not_saved(tmp_path):
    with pytest.raises(ModelError, match="WithoutSchema, a type that cannot be loaded safely"):
        save_model(WithoutSchema().fit(X, Y), tmp_path / "m")
