import platform
import subprocess
import sys

import numpy as np
import pytest

import ensemble_hwr
from ensemble_hwr import _versions
from ensemble_hwr._versions import NOT_INSTALLED, OPTIONAL, REQUIRED, package_versions


def test_versions_are_those_of_the_packages():
    found = package_versions(("python", "ensemble_hwr", "numpy"))
    assert found == {
        "python": platform.python_version(),
        "ensemble_hwr": ensemble_hwr.__version__,
        "numpy": np.__version__,
    }


def test_a_missing_package_is_marked():
    assert package_versions(["no-such-package"]) == {"no-such-package": NOT_INSTALLED}


def test_nothing_is_imported_to_find_versions():
    code = (
        "import sys; from ensemble_hwr._versions import OPTIONAL, REQUIRED, package_versions; "
        "package_versions(REQUIRED + OPTIONAL); "
        "print({'numpy', 'sklearn', 'optuna', 'matplotlib', 'threadpoolctl'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_the_printed_versions_hold_what_a_bug_report_needs(capsys):
    ensemble_hwr.show_versions()
    printed = capsys.readouterr().out
    for name, found in package_versions(("ensemble_hwr", *REQUIRED)).items():
        assert f"{name}: {found}\n" in printed
    assert f"python: {platform.python_version()}" in printed
    assert "user_api: blas" in printed
    assert NOT_INSTALLED not in printed


@pytest.mark.parametrize("name", OPTIONAL)
def test_optional_packages_are_listed_only_if_installed(name, monkeypatch, capsys):
    real = _versions._version
    monkeypatch.setattr(_versions, "_version", lambda one: NOT_INSTALLED if one == name else real(one))
    _versions.show_versions()
    assert f" {name}: " not in capsys.readouterr().out
