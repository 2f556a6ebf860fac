"""What a config may import and set: a config is data from others, and reading it must not run code or write files."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ensemble_hwr.exceptions import ConfigError

TRUST_VARIABLE = "ENSEMBLE_HWR_TRUST"
PACKAGES = ("ensemble_hwr", "sklearn", "imblearn", "lightgbm", "xgboost", "hiclass")
NAMES = "scikit-learn, ensemble_hwr, imbalanced-learn, LightGBM, XGBoost and HiClass"
_PLACE = re.compile(  # names of parameters that hold a file, folder, connection or function
    r"(^|_)(memory|storage|cache|path|paths|file|files|filename|fname|folder|dir|directory|url|uri|host|machines|ports?"
    r"|callbacks?|func|function|hook)$|^(study_name|input_model|output_model)$"
    r"|^(workers|nodes|mlist|machine_list|fs|forced_splits|forcedsplits|config|model_input|model_output)$"  # LightGBM's
)


def check_importable(path: str, shown: str) -> None:
    """Raise a ConfigError for an import path that a config may not have; nothing is imported.

    Parameters
    ----------
    path : str
        Import path of a class.
    shown : str
        The name in the config, for the message.
    """
    module = path.rpartition(".")[0]
    if is_trusted(path):
        return
    if module.partition(".")[0] not in PACKAGES:
        raise ConfigError(
            f"got {shown!r}; a config may name estimators of {NAMES} only; to allow a module that you trust, add "
            f"--trust-imports {module} to the command, or set {TRUST_VARIABLE}={module}"
        )
    if any(part.startswith("_") for part in path.split(".")):
        raise ConfigError(f"got {shown!r}; write the public import path, which has no part that starts with '_'")


def is_trusted(path: str) -> bool:
    """Return whether a module or class, or one of the packages that contain it, is named in ``ENSEMBLE_HWR_TRUST``."""
    trusted = [name.strip() for name in os.environ.get(TRUST_VARIABLE, "").split(",")]
    return any(path == name or path.startswith(f"{name}.") for name in trusted if name)


@contextmanager
def trusted(modules: Iterable[str]) -> Iterator[None]:
    """Allow configs to name the classes of some modules while the block runs, also in processes that it starts."""
    before = os.environ.get(TRUST_VARIABLE)
    os.environ[TRUST_VARIABLE] = ",".join([*([before] if before else []), *modules])
    try:
        yield
    finally:
        if before is None:
            del os.environ[TRUST_VARIABLE]
        else:
            os.environ[TRUST_VARIABLE] = before


def forbidden_parameters(params: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str, Any]]:
    """Find parameters, at any depth, that name a file, folder, connection or function.

    Parameters
    ----------
    params : mapping of str to object
        Parameters of an estimator, as a config gives them.

    Yields
    ------
    path, message, value
        One for each such parameter.

    Examples
    --------
    >>> from ensemble_hwr.config.trusted_imports import forbidden_parameters
    >>> [path for path, _, _ in forbidden_parameters({"cv": 3, "param_grid": {"estimator__memory": ["cache"]}})]
    [('param_grid', 'estimator__memory')]
    """
    for path, name, value in _named(params, ()):
        if _PLACE.search(name.rpartition("__")[2]) and not _is_harmless(value):
            message = (
                f"a config must not set {name!r}, which names a file, folder, connection or function; leave it out, or "
                "build this estimator in Python"
            )
            yield path, message, value


def _named(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str, Any]]:
    """Yield the path, the key and the value of everything in tables and lists."""
    items = enumerate(value) if isinstance(value, list | tuple) else value.items() if isinstance(value, Mapping) else ()
    for key, inner in items:
        if isinstance(key, str):
            yield (*path, key), key, inner
        yield from _named(inner, (*path, key))


def _is_harmless(value: Any) -> bool:
    return value is None or isinstance(value, bool)
