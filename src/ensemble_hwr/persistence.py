"""Models as files that can be read without trusting whoever wrote them.

A model file is a zip archive, nothing in it compressed: ``manifest.json`` says what the model is, with which versions
it was made and what its bytes hash to; ``model.skops`` holds the model in the format of skops, which names types
and arrays instead of code to run. Only types of a fixed list are built on reading.
"""

from __future__ import annotations

import copy
import hashlib
import io
import json
import os
import platform
import secrets
import warnings
import zipfile
from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ensemble_hwr.exceptions import ModelError

FORMAT = 1  # raise it when files written before can no longer be read
MANIFEST = "manifest.json"
MODEL = "model.skops"
_PACKAGES = ("scikit-learn", "numpy", "scipy", "skops")
_OWN_TYPES = (
    "ensemble_hwr.ensemble.HierarchicalEnsembleClassifier",
    "ensemble_hwr.ensemble.EpochMLP",
    "ensemble_hwr.ensemble.MLP",
    "ensemble_hwr.preprocessing.AugmentedClassifier",
    "ensemble_hwr.preprocessing.Augmenter",
    "ensemble_hwr.preprocessing.LetterNormalizer",
    "ensemble_hwr.preprocessing.Deskewer",
    "ensemble_hwr.preprocessing.SizeNormalizer",
    "ensemble_hwr.preprocessing.StrokeWidthNormalizer",
    "ensemble_hwr.preprocessing.GradientFeatures",
)
_CALIBRATION_TYPES = ("sklearn.calibration._CalibratedClassifier", "sklearn.calibration._SigmoidCalibration")

PathLike = str | os.PathLike[str]


def save_model(model: Any, path: PathLike, *, metadata: Mapping[str, Any] | None = None) -> Path:
    """Write a fitted model to a file, whole or not at all.

    What only training needs, such as the state of an MLP's optimizer, is left out of the file; the model itself is
    not changed.

    Parameters
    ----------
    model : estimator
        Fitted, with ``predict``. Estimators of scikit-learn that hold no trees, and of this library.
    path : path
        The file; its folder must exist. An older file of that name is replaced.
    metadata : mapping, optional
        What to keep in the manifest beside it: training config, figures; anything JSON can hold.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ModelError
        When the model is not fitted, holds something that could not be read back safely, or cannot be written.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import LogisticRegression
    >>> from ensemble_hwr.persistence import load_model, save_model
    >>> X, y = load_digits(return_X_y=True)
    >>> model = LogisticRegression().fit(X[:50] / 16, y[:50])
    >>> with TemporaryDirectory() as folder:
    ...     file = save_model(model, Path(folder, "digits.model"))
    ...     again = load_model(file)
    >>> bool((again.predict_proba(X) == model.predict_proba(X)).all())
    True
    """
    file = Path(path)
    _check_is_model(model, f"{file}: cannot save")
    data = _dump(model, file)
    manifest = {
        "format": FORMAT,
        "sha256": hashlib.sha256(data).hexdigest(),
        "type": type(model).__name__,
        "versions": _versions(),
        "metadata": dict(metadata or {}),
    }
    try:
        text = json.dumps(manifest, indent=2, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ModelError(f"{file}: metadata must be what JSON can hold: {error}.") from None
    _write_atomically(file, _zip({MANIFEST: text.encode(), MODEL: data}))
    return file


def load_model(path: PathLike) -> Any:
    """Read a model that `save_model` wrote; nothing in the file is executed.

    Parameters
    ----------
    path : path

    Returns
    -------
    estimator
        Predicts what the saved one predicted, bit for bit with the same versions of numpy and scikit-learn.

    Raises
    ------
    ModelError
        When the file is missing, not a model, truncated, changed, of another format or holds foreign types.

    Warns
    -----
    UserWarning
        When the model was made with another version of scikit-learn.
    """
    file = Path(path)
    content = _read(file)
    manifest = _manifest(content, file)
    data = content[MODEL]
    if hashlib.sha256(data).hexdigest() != manifest["sha256"]:
        raise ModelError(
            f"{file}: is damaged or was changed after saving (its sha256 differs); fetch or save it again."
        )
    model = _build(data, file)
    _check_is_model(model, f"{file}: cannot load")
    made_with, here = manifest["versions"].get("scikit-learn"), version("scikit-learn")
    if made_with != here:
        warnings.warn(
            f"{file.name} was made with scikit-learn {made_with} and is read with {here}: its answers may differ; "
            f"install scikit-learn=={made_with} or train it again.",
            stacklevel=2,
        )
    return model


def read_manifest(path: PathLike) -> dict[str, Any]:
    """Read what a model file says of itself, without building the model.

    Parameters
    ----------
    path : path

    Returns
    -------
    dict
        ``format``, ``sha256``, ``type``, ``versions`` and ``metadata``.

    Raises
    ------
    ModelError
        As `load_model` does.
    """
    file = Path(path)
    return _manifest(_read(file), file)


def _dump(model: Any, file: Path) -> bytes:
    import skops.io

    try:
        data: bytes = skops.io.dumps(_without_training_state(model, {}))
        foreign = set(skops.io.get_untrusted_types(data=data)) - set(_trusted_types())
    except Exception as error:
        raise ModelError(f"{file}: a {type(model).__name__} cannot be saved: {error}") from error
    if foreign:
        raise ModelError(
            f"{file}: cannot save, the model holds {', '.join(sorted(foreign))}, which could not be read back "
            "safely; use members without trees and without types of your own."
        )
    return data


def _without_training_state(part: Any, done: dict[int, Any]) -> Any:
    """Copy estimators and what holds them, without optimizers; everything else is shared with the original."""
    from sklearn.base import BaseEstimator
    from sklearn.neural_network._multilayer_perceptron import BaseMultilayerPerceptron

    if id(part) in done:
        return done[id(part)]
    changed = part
    if isinstance(part, BaseEstimator) and not isinstance(part, type):
        changed = done[id(part)] = copy.copy(part)
        if isinstance(changed, BaseMultilayerPerceptron):
            vars(changed).pop("_optimizer", None)
        for name, value in list(vars(changed).items()):
            vars(changed)[name] = _without_training_state(value, done)
    elif type(part) in (list, tuple) and any(not _is_plain(item) for item in part):
        changed = type(part)(_without_training_state(item, done) for item in part)
    elif type(part) is dict:
        changed = {key: _without_training_state(value, done) for key, value in part.items()}
    return changed


def _is_plain(item: Any) -> bool:
    return item is None or isinstance(item, str | bytes | int | float)


def _build(data: bytes, file: Path) -> Any:
    import skops.io
    from sklearn.exceptions import InconsistentVersionWarning

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _refuse_compression(archive, file)
        foreign = set(skops.io.get_untrusted_types(data=data)) - set(_trusted_types())
        if not foreign:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", InconsistentVersionWarning)
                return skops.io.loads(data, trusted=_trusted_types())
    except ModelError:
        raise
    except Exception as error:  # whatever a crafted file makes the reader stumble over
        raise ModelError(f"{file}: the model in it cannot be read: {type(error).__name__}: {error}") from error
    raise ModelError(
        f"{file}: holds types that are not trusted: {', '.join(sorted(foreign))}; nothing of it was loaded. "
        "Load only models that ensemble_hwr saved."
    )


def _trusted_types() -> list[str]:
    """Name the types beyond those skops trusts, by the modules in which they are defined."""
    names = list(_CALIBRATION_TYPES)
    for path in _OWN_TYPES:
        module, _, name = path.rpartition(".")
        own = getattr(import_module(module), name)
        names.append(f"{own.__module__}.{own.__qualname__}")
    return names


def _check_is_model(model: Any, where: str) -> None:
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    if isinstance(model, type) or not (hasattr(model, "fit") and hasattr(model, "predict")):
        raise ModelError(f"{where}: got a {type(model).__name__}, not a model with fit and predict.")
    try:
        check_is_fitted(model)
    except NotFittedError:
        raise ModelError(f"{where}: the {type(model).__name__} is not fitted; call fit first.") from None


def _versions() -> dict[str, str]:
    from ensemble_hwr import __version__

    packages = {package: version(package) for package in _PACKAGES}
    return {"ensemble_hwr": __version__, "python": platform.python_version(), **packages}


def _zip(content: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, data in content.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data)
    return buffer.getvalue()


def _read(file: Path) -> dict[str, bytes]:
    """Read the archive; since nothing in it may be compressed, it takes no more memory than the file is long."""
    try:
        if file.exists() and not file.is_file():
            raise ModelError(f"{file}: cannot be read, it is not a file; give the name of a model file.")
        with zipfile.ZipFile(file) as archive:
            _refuse_compression(archive, file)
            content = {name: archive.read(name) for name in (MANIFEST, MODEL) if name in archive.namelist()}
    except FileNotFoundError:
        raise ModelError(f"{file}: there is no such file.") from None
    except OSError as error:
        raise ModelError(f"{file}: cannot be read: {error.strerror or error}") from None
    except (zipfile.BadZipFile, EOFError, ValueError, NotImplementedError, RuntimeError) as error:
        if isinstance(error, ModelError):
            raise
        raise ModelError(f"{file}: is not a model file, or was cut short: {error}.") from None
    missing = [name for name in (MANIFEST, MODEL) if name not in content]
    if missing:
        raise ModelError(f"{file}: is not a model file; it lacks {' and '.join(missing)}.")
    return content


def _refuse_compression(archive: zipfile.ZipFile, file: Path) -> None:
    for part in archive.infolist():
        if part.compress_type != zipfile.ZIP_STORED or part.file_size != part.compress_size:
            raise ModelError(f"{file}: {part.filename!r} in it is compressed; model files are not, save it again.")


def _manifest(content: Mapping[str, bytes], file: Path) -> dict[str, Any]:
    try:
        manifest = json.loads(content[MANIFEST])
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{file}: its {MANIFEST} cannot be read: {error}.") from None
    if not isinstance(manifest, dict) or "format" not in manifest:
        raise ModelError(f"{file}: its {MANIFEST} names no format; it is not a model file.")
    if manifest["format"] != FORMAT:
        raise ModelError(
            f"{file}: is of format {manifest['format']!r}, this version of ensemble_hwr reads format {FORMAT}; "
            "install the version that saved it, or train it again."
        )
    if not isinstance(manifest.get("sha256"), str) or not isinstance(manifest.get("versions"), dict):
        raise ModelError(f"{file}: its {MANIFEST} lacks sha256 or versions; it is not a model file.")
    return manifest


def _write_atomically(file: Path, data: bytes) -> None:
    part = file.with_name(f".{file.name}.{secrets.token_hex(4)}.part")
    try:
        try:
            with part.open("xb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            part.replace(file)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ModelError(f"{file}: cannot be written: {error.strerror or error}") from None
