"""Models into files and back."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ensemble_hwr._typing import PathLike
from ensemble_hwr.exceptions import ModelError
from ensemble_hwr.persistence._archive import MANIFEST, MODEL, pack, unpack, write_atomically
from ensemble_hwr.persistence._manifest import make_manifest, parse_manifest
from ensemble_hwr.persistence._payload import build, check_is_model, dump
from ensemble_hwr.persistence._shipped import SHIPPED, is_shipped, locate_model


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
    check_is_model(model, f"{file}: cannot save")
    data = dump(model, file)
    manifest = make_manifest(model, data, metadata, file)
    write_atomically(file, pack({MANIFEST: manifest, MODEL: data}))
    return file


def load_model(model: PathLike = SHIPPED) -> Any:
    """Read a model that comes with the library, or a file that `save_model` wrote; nothing in it is executed.

    Parameters
    ----------
    model : str or path, default="az"
        The name of a shipped model, as `available_models` lists them, or the path of a file. Where a file has such a
        name, say ``"./az"`` or give a :class:`~pathlib.Path`.

    Returns
    -------
    estimator
        Predicts what the saved one predicted, bit for bit with the same versions of numpy and scikit-learn. Shipped
        models take pictures of any size: paths, arrays, PIL images.

    Raises
    ------
    ModelError
        When the file is missing, not a model, truncated, changed, of another format or holds foreign types.

    Warns
    -----
    UserWarning
        When a file was made with another version of scikit-learn. Shipped models are tested with all that are
        supported, and give no warning.

    See Also
    --------
    available_models : What is shipped.
    """
    file = locate_model(model)
    content = unpack(file)
    manifest = parse_manifest(content, file)
    data = content[MODEL]
    if hashlib.sha256(data).hexdigest() != manifest["sha256"]:
        raise ModelError(
            f"{file}: is damaged or was changed after saving (its sha256 differs); fetch or save it again."
        )
    built = build(data, file)
    check_is_model(built, f"{file}: cannot load")
    made_with, here = manifest["versions"].get("scikit-learn"), version("scikit-learn")
    if made_with != here and not is_shipped(file):
        warnings.warn(
            f"{file.name} was made with scikit-learn {made_with} and is read with {here}: its answers may differ; "
            f"install scikit-learn=={made_with} or train it again.",
            stacklevel=2,
        )
    return built


def read_manifest(model: PathLike = SHIPPED) -> dict[str, Any]:
    """Read what a model file says of itself, without building the model.

    Parameters
    ----------
    model : str or path, default="az"
        As `load_model` takes it.

    Returns
    -------
    dict
        ``format``, ``sha256``, ``type``, ``classes``, ``versions`` and ``metadata``.

    Raises
    ------
    ModelError
        As `load_model` does.
    """
    file = locate_model(model)
    return parse_manifest(unpack(file), file)
