"""A config from others imports nothing but known packages, and names no file, connection or function."""

import os
import subprocess
import sys

import pytest

from ensemble_hwr.config import load_demo
from ensemble_hwr.config._estimators import CLASSIFIER, find_class
from ensemble_hwr.config.trusted_imports import TRUST_VARIABLE, forbidden_parameters, is_trusted, trusted
from ensemble_hwr.exceptions import ConfigError

PIPELINE = "{ estimator = 'sklearn.pipeline.Pipeline', params = { steps = [['a', { estimator = '%s' }]] } }"


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A module that leaves a file when it is imported; return the file."""
    code = "import pathlib\npathlib.Path(__file__).with_name('imported').touch()\n"
    (tmp_path / "module_of_a_stranger.py").write_text(code + "raise SystemExit\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path / "imported"


@pytest.mark.parametrize(
    "member", ["{ estimator = 'module_of_a_stranger.X' }", PIPELINE % "module_of_a_stranger.X"], ids=["flat", "nested"]
)
def test_unknown_package_is_refused_without_importing_it(module, member):
    with pytest.raises(ConfigError, match="--trust-imports module_of_a_stranger"):
        load_demo([f"contenders.own={member}"])
    assert not module.exists()


def test_trusted_module_is_imported_and_its_exit_is_an_error(module, monkeypatch):
    monkeypatch.setenv(TRUST_VARIABLE, "other, module_of_a_stranger")
    with pytest.raises(ConfigError, match="importing 'module_of_a_stranger' failed"):
        find_class("module_of_a_stranger.X", CLASSIFIER)
    assert module.exists()


@pytest.mark.parametrize(
    "path",
    [
        "numpy.f2py.__main__.X",
        "venv.__main__.X",
        "this.X",
        "os.system",
        "builtins.eval",
        "sklearn.neighbors._classification.KNeighborsClassifier",
        "sklearn.utils.joblib.Parallel",
        "ensemble_hwr.__main__.main",
        "sklearnx.svm.SVC",
    ],
)
def test_paths_that_a_config_may_not_import(path):
    with pytest.raises(ConfigError, match=r"got '"):
        find_class(path, CLASSIFIER)


@pytest.mark.parametrize(
    "params",
    [
        "steps = [], memory = 'cache'",
        "steps = [['a', { estimator = 'sklearn.cluster.FeatureAgglomeration', params = { memory = 'cache' } }]]",
    ],
)
def test_parameters_that_name_a_folder_are_refused_at_any_depth(params):
    with pytest.raises(ConfigError, match="a config must not set 'memory'"):
        load_demo([f"contenders.own={{ estimator = 'sklearn.pipeline.Pipeline', params = {{ {params} }} }}"])


def test_storage_of_a_search_is_refused():
    own = "estimator = 'ensemble_hwr.tuning.TunedClassifier', params = { storage = 'x.log', study_name = 'text' }"
    with pytest.raises(ConfigError, match="storage") as error:
        load_demo([f"contenders.own={{ {own} }}"])
    assert "study_name" in str(error.value)


def test_parameters_that_a_search_would_set_are_refused():
    grid = "estimator = { estimator = 'sklearn.pipeline.Pipeline' }, param_grid = { memory = ['cache'] }"
    with pytest.raises(ConfigError, match="a config must not set 'memory'"):
        load_demo([f"contenders.own={{ estimator = 'sklearn.model_selection.GridSearchCV', params = {{ {grid} }} }}"])


def test_forbidden_names_inside_of_grids_and_lists():
    params = {
        "grid": [{"a__b__memory": ["x"], "a__cache_size": [1]}],
        "cache_size": 3,
        "memory": None,
        "fit_path": True,
    }
    assert [path for path, _, _ in forbidden_parameters(params)] == [("grid", 0, "a__b__memory")]


def test_trust_ends_with_the_block_and_covers_submodules(monkeypatch):
    monkeypatch.delenv(TRUST_VARIABLE, raising=False)
    with trusted(["mine.part"]):
        assert is_trusted("mine.part.X")
        assert not is_trusted("mine.partly.X")
        assert not is_trusted("mine.X")
    assert TRUST_VARIABLE not in os.environ


def test_modules_of_the_current_folder_are_not_imported(tmp_path):
    (tmp_path / "lightgbm.py").write_text("print('imported')")
    (tmp_path / "friend.toml").write_text(
        "name = 'x'\ndata = { format = 'generated', n = 60, writers = 3 }\nsplit = { kind = 'random' }\n"
        "[contenders.mine]\nestimator = 'lightgbm.LGBMClassifier'\n[compare]\ncontenders = ['mine']\n"
    )
    command = [sys.executable, "-m", "ensemble_hwr", "compare", "friend.toml", "-o", "out"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert "imported" not in done.stdout + done.stderr
    assert "package 'lightgbm' is not installed" in done.stderr
