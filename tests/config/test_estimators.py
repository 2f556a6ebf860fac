from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.svm import SVC

from ensemble_hwr.config import load_demo
from ensemble_hwr.config._estimators import (
    CLASSIFIER,
    SHORT_NAMES,
    SHORT_TRANSFORMERS,
    TRANSFORMER,
    build,
    check_parameters,
    find_class,
)
from ensemble_hwr.config.building import build_member
from ensemble_hwr.exceptions import ConfigError


def test_lists_become_tuples_where_the_default_is_one():
    assert build("mlp", {"hidden_layer_sizes": [60, 30]}).hidden_layer_sizes == (60, 30)


def test_given_parameters_override_those_of_the_short_name():
    assert build("mlp", {"max_iter": 7}).max_iter == 7
    assert build("mlp", {}).max_iter == 100
    assert build("sklearn.neural_network.MLPClassifier", {}).max_iter == 200


@pytest.mark.parametrize("name", SHORT_TRANSFORMERS)
def test_short_names_build_transformers_with_checked_parameters(name):
    built = build(name, {}, TRANSFORMER)
    assert type(built).__name__ == SHORT_NAMES[name].rpartition(".")[2]
    ((path, message, _),) = check_parameters(type(built), {"no_such_thing": 1})
    assert path == ("no_such_thing",)
    assert "no such parameter" in message


def test_normalizing_transformers_are_built_with_parameters():
    settings = {"deskew": {"limit": 0.5}, "size": {"aspect": "fill"}, "stroke_width": {"width": 2.5}}
    built = [build(name, params, TRANSFORMER) for name, params in settings.items()]
    assert [repr(transformer) for transformer in built] == [
        "Deskewer(limit=0.5)",
        "SizeNormalizer(aspect='fill')",
        "StrokeWidthNormalizer(width=2.5)",
    ]


def test_nested_tables_become_estimators():
    built = build(
        "sklearn.calibration.CalibratedClassifierCV",
        {"estimator": {"estimator": "sklearn.svm.SVC", "params": {"C": 2.0}}, "ensemble": False},
    )
    assert isinstance(built, CalibratedClassifierCV)
    assert isinstance(built.estimator, SVC)
    assert built.estimator.C == 2.0


def test_every_invalid_parameter_is_reported():
    found = find_class("mlp", CLASSIFIER)
    paths = [path for path, _, _ in check_parameters(found, {"alpha": -1, "solver": "x", "max_iter": 5, "what": 1})]
    assert sorted(paths) == [("alpha",), ("solver",), ("what",)]


def test_a_parameter_without_default_must_be_given():
    found = find_class("sklearn.ensemble.StackingClassifier", CLASSIFIER)
    ((_, message, _),) = check_parameters(found, {})
    assert "'estimators'" in message


@pytest.mark.parametrize("name", ["", ".", "a..b", "os;system", "sklearn", "sklearn.svm.SVC()", "sklearn.svm"])
def test_names_that_are_not_classes_are_rejected(name):
    with pytest.raises(ConfigError):
        find_class(name, CLASSIFIER)


def test_an_import_error_of_a_module_is_reported(tmp_path, monkeypatch):
    (tmp_path / "broken_module_for_test.py").write_text("raise RuntimeError('out of order')")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("ENSEMBLE_HWR_TRUST", "broken_module_for_test")
    with pytest.raises(ConfigError, match="out of order"):
        find_class("broken_module_for_test.X", TRANSFORMER)


class PlainClassifier(ClassifierMixin, BaseEstimator):
    """Like the classifiers of LightGBM: derived from BaseEstimator, without ``_parameter_constraints``."""

    def __init__(self, n_leaves=31):
        self.n_leaves = n_leaves

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        return np.full((len(X), len(self.classes_)), 1 / len(self.classes_))

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


class KwargsClassifier(PlainClassifier):
    """Like the classifiers of XGBoost and LightGBM: additional parameters are in ``**kwargs``."""

    def __init__(self, n_leaves=31, **kwargs):
        super().__init__(n_leaves)
        self.kwargs = kwargs

    def get_params(self, deep=True):
        return {"n_leaves": self.n_leaves, **self.kwargs}


class ForgetfulClassifier(PlainClassifier):
    """Does not store its parameter, so scikit-learn cannot clone it."""

    def __init__(self, n_leaves=31, depth=3):
        super().__init__(n_leaves)


@pytest.fixture
def importable(monkeypatch):
    """Make the classes of this module importable by name."""
    monkeypatch.setitem(__import__("sys").modules, "classes_of_this_test", __import__("sys").modules[__name__])
    monkeypatch.setenv("ENSEMBLE_HWR_TRUST", f"some_package, classes_of_this_test,{__name__}")


@pytest.mark.usefixtures("importable")
def test_a_class_without_parameter_constraints_is_accepted():
    config = load_demo(
        ["contenders.own={ estimator = 'classes_of_this_test.PlainClassifier', params = { n_leaves = 7 } }"]
    )
    assert build_member(config, config.contenders["own"]).n_leaves == 7
    with pytest.raises(ConfigError, match="has no such parameter; did you mean 'n_leaves'"):
        load_demo(["contenders.own={ estimator = 'classes_of_this_test.PlainClassifier', params = { n_leafs = 7 } }"])


@pytest.mark.usefixtures("importable")
def test_a_class_with_kwargs_accepts_any_parameter():
    params = "{ n_leaves = 7, max_bin = 63 }"
    config = load_demo([f"contenders.own={{ estimator = 'classes_of_this_test.KwargsClassifier', params = {params} }}"])
    assert build_member(config, config.contenders["own"]).kwargs == {"max_bin": 63}


def test_a_parameter_that_a_class_does_not_store_is_reported():
    ((path, message, _),) = check_parameters(ForgetfulClassifier, {"depth": 4})
    assert path == ()
    assert "no attribute 'depth'" in message
