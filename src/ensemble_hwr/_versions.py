"""Versions of Python, of this library and of the packages it depends on."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version

from ensemble_hwr import __version__

REQUIRED = (
    "numpy",
    "scipy",
    "scikit-learn",
    "optuna",
    "pillow",
    "joblib",
    "threadpoolctl",
    "skops",
    "pydantic",
    "click",
    "rich",
    "jinja2",
)
OPTIONAL = ("matplotlib", "pooch", "onnx", "skl2onnx", "onnxruntime", "distributed", "grpcio")
NOT_INSTALLED = "not installed"


def package_versions(names: Iterable[str]) -> dict[str, str]:
    """Return the installed version of each package; ``"python"`` stands for the interpreter.

    Only package metadata is read, nothing is imported. A package that is missing gets ``"not installed"``.
    """
    return {name: _version(name) for name in names}


def show_versions() -> None:
    """Print versions of Python, of ensemble_hwr and of its dependencies, for a bug report.

    Dependencies that are optional are listed if they are installed. The last lines describe the BLAS and OpenMP
    libraries that are loaded, because results and speed depend on them.

    See Also
    --------
    sklearn.show_versions : The same for scikit-learn.

    Examples
    --------
    >>> from ensemble_hwr import show_versions
    >>> show_versions()
    System:
             python: 3...
    """
    optional = {name: found for name, found in package_versions(OPTIONAL).items() if found != NOT_INSTALLED}
    print(
        _block(
            "System",
            {"python": sys.version.replace("\n", " "), "executable": sys.executable, "platform": platform.platform()},
        )
    )
    print(_block("Dependencies", package_versions(("ensemble_hwr", *REQUIRED))))
    if optional:
        print(_block("Optional dependencies", optional))
    for library in _thread_pools():
        print(_block("Thread pool", library))


def _version(name: str) -> str:
    if name == "python":
        return platform.python_version()
    if name == "ensemble_hwr":
        return __version__
    try:
        return version(name)
    except PackageNotFoundError:
        return NOT_INSTALLED


def _block(title: str, facts: dict[str, str]) -> str:
    return "\n".join([f"{title}:", *(f"{name:>15}: {fact}" for name, fact in facts.items()), ""])


def _thread_pools() -> list[dict[str, str]]:
    """Describe the BLAS and OpenMP libraries that numpy and scipy load."""
    import scipy.linalg  # noqa: F401  # a BLAS is listed once it is loaded
    from threadpoolctl import threadpool_info

    keys = ("user_api", "internal_api", "version", "architecture", "threading_layer", "num_threads", "filepath")
    return [{key: str(library[key]) for key in keys if library.get(key)} for library in threadpool_info()]
