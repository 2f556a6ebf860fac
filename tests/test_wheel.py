"""A wheel holds the packages, their files, the shipped models and the configs, and nothing else of the checkout."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BUILD = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"
FILES = ("pyproject.toml", "setup.py", "README.md", "LICENSE", "MANIFEST.in")
IGNORED = shutil.ignore_patterns("__pycache__", "*.egg-info")


def version_of_setuptools():
    code = "import setuptools; print(setuptools.__version__)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    return int((found.stdout or "0").split(".")[0])


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    """The names of the files of a wheel that is built in a checkout with the remains of an earlier build."""
    if version_of_setuptools() < 77:
        pytest.skip("building a wheel needs setuptools 77 or newer")
    checkout = tmp_path_factory.mktemp("checkout")
    for folder in ("src", "models", "configs", "tests", "benchmarks"):
        shutil.copytree(ROOT / folder, checkout / folder, ignore=IGNORED)
    for name in FILES:
        shutil.copy(ROOT / name, checkout)
    for remains in ("ensemble_hwr/renamed.py", "ensemble_hwr/models/old/old.model"):
        (checkout / "build" / "lib" / remains).parent.mkdir(parents=True, exist_ok=True)
        (checkout / "build" / "lib" / remains).write_text("")
    subprocess.run([sys.executable, "-c", BUILD, checkout / "dist"], cwd=checkout, check=True, capture_output=True)
    (wheel,) = (checkout / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if not name.endswith("/")}


def files_below(folder, prefix):
    found = (
        file.relative_to(folder) for file in folder.rglob("*") if file.is_file() and "__pycache__" not in file.parts
    )
    return {f"{prefix}/{file.as_posix()}" for file in found}


def test_a_wheel_has_all_files_of_the_packages_the_models_and_the_configs(names):
    expected = files_below(ROOT / "src" / "ensemble_hwr", "ensemble_hwr")
    expected |= files_below(ROOT / "models", "ensemble_hwr/models")
    expected |= files_below(ROOT / "configs", "ensemble_hwr/shipped_configs")
    assert {name for name in names if ".dist-info/" not in name} == expected
    assert {
        "ensemble_hwr/py.typed",
        "ensemble_hwr/models/az/az.model",
        "ensemble_hwr/shipped_configs/folder.toml",
    } <= names
    assert any(name.startswith("ensemble_hwr/report/templates/") for name in names)


def test_a_wheel_has_the_command_and_the_licence(names):
    own = {name.partition(".dist-info/")[2] for name in names if ".dist-info/" in name}
    assert {"entry_points.txt", "licenses/LICENSE", "METADATA"} <= own
