"""Save and load models, and describe model files and the models that come with the library."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ensemble_hwr._versions import package_versions
from ensemble_hwr.exceptions import ModelError
from ensemble_hwr.persistence._archive import (
    MANIFEST,
    MODEL,
    TRAINING_HASHES,
    make_manifest,
    pack,
    parse_manifest,
    unpack,
    write_atomically,
)
from ensemble_hwr.persistence._payload import build, check_is_model, dump

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ensemble_hwr._typing import PathLike

SHIPPED = "az"  # the default model
SUFFIX = ".model"
MAX_HASHES = 100_000  # of training letters in a file; of more letters, the smallest hashes are kept
_PACKAGE = Path(__file__).parents[1]


@dataclass(frozen=True)
class ModelInfo:
    """Description of a model file.

    Attributes
    ----------
    name : str
        Name of a shipped model, or of the file.
    file : Path
        Path of the file.
    size : int
        Size of the file in bytes.
    classes : tuple
        Classes of the model.
    trained_on : dict of str to int
        Number of training letters by source; empty if the file does not contain it.
    figures : dict
        Scores on the test letters, as ``ensemble-hwr train`` measured them; empty if the file does not contain them.
    manifest : dict
        Return value of :func:`read_manifest`.

    See Also
    --------
    describe_model : Returns it.
    """

    name: str
    file: Path
    size: int
    classes: tuple[Any, ...]
    trained_on: dict[str, int]
    figures: dict[str, Any]
    manifest: dict[str, Any]


def save_model(
    model: Any,
    path: PathLike,
    *,
    metadata: Mapping[str, Any] | None = None,
    training_hashes: NDArray[np.uint64] | None = None,
) -> Path:
    """Write a fitted model to a file that can be loaded without running code from it.

    State that only training needs, such as that of an MLP's optimizer, is left out of the file; the model itself is not
    changed. The file is written completely or not at all, and equal models give equal bytes.

    Parameters
    ----------
    model : estimator
        Fitted, with ``predict``. Estimators of this library, and those of scikit-learn without decision trees.
    path : path
        The file; its folder must exist. An existing file is replaced.
    metadata : mapping, optional
        Additional entries of the manifest, such as configuration and scores; types of JSON only.
    training_hashes : ndarray of uint64, optional
        Return value of :func:`hash_rows` for the training letters, by which an evaluation finds letters that the model
        was trained on. Letters cannot be restored from hashes.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ModelError
        If the model is not fitted or holds types that cannot be loaded safely, or the file cannot be written.

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
    content = {MANIFEST: manifest, MODEL: data}
    if training_hashes is not None:
        kept = np.unique(training_hashes)[:MAX_HASHES]
        content[TRAINING_HASHES] = kept.astype("<u8").tobytes()
    write_atomically(file, pack(content))
    return file


def hash_rows(rows: NDArray[np.floating]) -> NDArray[np.uint64]:
    """Hash rows of ink, rounded to 256 levels.

    Parameters
    ----------
    rows : ndarray of shape (n, n_pixels)
        From 0 to 1.

    Returns
    -------
    ndarray of uint64, shape (n,)

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.persistence.models import hash_rows
    >>> first, second, third = hash_rows(np.array([[0.0, 1.0], [0.0, 1.0001], [0.0, 0.9]]))
    >>> bool(first == second), bool(first == third)
    (True, False)
    """
    levels = np.rint(255 * np.asarray(rows)).astype(np.uint8)
    hashes = [hashlib.blake2b(row.tobytes(), digest_size=8).digest() for row in levels]
    return np.frombuffer(b"".join(hashes), dtype="<u8").astype(np.uint64)


def share_in_training(model: PathLike, rows: NDArray[np.floating]) -> float | None:
    """Return the share of letters that a model was trained on.

    Parameters
    ----------
    model : str or path
        As for :func:`load_model`.
    rows : ndarray of shape (n, n_pixels)
        Rows of ink as the model's normalizer returns them.

    Returns
    -------
    float or None
        None if the model file has no hashes of its training letters, or there are no rows. Where a file has the hashes
        of a random part of them, the share is estimated from the rows with a hash in the same range.

    Raises
    ------
    ModelError
        If the file cannot be read.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.persistence.models import share_in_training
    >>> share_in_training("az", np.zeros((0, 784))) is None
    True
    """
    content = unpack(locate_model(model), (TRAINING_HASHES,))
    if TRAINING_HASHES not in content or not len(rows):
        return None
    known = np.frombuffer(content[TRAINING_HASHES][: 8 * (len(content[TRAINING_HASHES]) // 8)], dtype="<u8")
    hashes = hash_rows(rows)
    if len(known) >= MAX_HASHES:  # the smallest hashes are a random part
        hashes = hashes[hashes <= known[-1]]
    return float(np.isin(hashes, known).mean()) if len(hashes) else 0.0


def check_savable(estimator: Any) -> None:
    """Raise an error if a model could not be saved after it is fitted, by the types of its estimators.

    Parameters
    ----------
    estimator : estimator
        It need not be fitted.

    Raises
    ------
    ModelError
        If an estimator in it is not one of those that model files may hold.

    Examples
    --------
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from ensemble_hwr.persistence.models import check_savable
    >>> check_savable(GaussianNB())
    """
    from ensemble_hwr.persistence._schemas import SCHEMAS

    parts = [estimator, *estimator.get_params(deep=True).values()]
    kinds = {type(part) for part in parts if hasattr(part, "get_params") and not isinstance(part, type)}
    foreign = sorted(kind.__name__ for kind in kinds if f"{kind.__module__}.{kind.__name__}" not in SCHEMAS)
    if foreign:
        raise ModelError(
            f"a model with {', '.join(foreign)} cannot be saved, since loading it would be unsafe; nothing was fitted; "
            "use classifiers without trees, of scikit-learn and of ensemble_hwr"
        )


def load_model(model: PathLike = SHIPPED, *, alphabet: str | None = None) -> Any:
    """Load a shipped model, or a file that `save_model` wrote; no code from the file is run.

    Parameters
    ----------
    model : str or path, default="az"
        Name of a shipped model, see :func:`available_models`, or path of a file. For a file with the name of a shipped
        model, give ``"./az"`` or a :class:`~pathlib.Path`.
    alphabet : str, optional
        Restricts the answers to these characters, such as ``"A-Z"`` or ``"AEIOU"``, or to 26 letters without regard to
        case (``"letters"``); see :func:`~ensemble_hwr.alphabets.parse_alphabet`. By default all classes of the model
        are allowed.

    Returns
    -------
    estimator
        With the same versions of numpy and scikit-learn and the same number of BLAS threads, its predictions equal
        those of the saved model bit for bit.
        ``n_jobs``, ``memory`` and ``storage`` of its estimators are None, whatever they were.
        Shipped models take pictures of any size: paths, arrays, PIL images.

    Raises
    ------
    ModelError
        If the file is missing, truncated, changed, not a model file, of another format or above 150 MB, holds types
        that are not trusted, or arrays or parameters that no saved model of these types has.
    DataError
        If the model lacks a class of the alphabet.

    Warns
    -----
    UserWarning
        If a file was made with another version of scikit-learn. Shipped models are tested with all supported versions
        and give no warning.

    See Also
    --------
    available_models : List of the shipped models.
    save_model : Has an example.
    """
    file = locate_model(model)
    content = unpack(file)
    manifest = parse_manifest(content, file)
    data = content[MODEL]
    if hashlib.sha256(data).hexdigest() != manifest["sha256"]:
        raise ModelError(
            f"{file}: is damaged or was changed after saving, since its sha256 differs; download or save it again"
        )
    built = build(data, file, shipped=is_shipped(file))
    check_is_model(built, f"{file}: cannot load")
    made_with, here = manifest["versions"].get("scikit-learn"), _scikit_learn_version()
    if made_with != here and not is_shipped(file):
        warnings.warn(
            f"{file.name} was made with scikit-learn {made_with} and is loaded with {here}: its predictions may "
            f"differ; install scikit-learn=={made_with} or train the model again",
            stacklevel=2,
        )
    if alphabet is not None:
        from ensemble_hwr.alphabets import with_alphabet

        return with_alphabet(built, alphabet)
    return built


def read_manifest(model: PathLike = SHIPPED) -> dict[str, Any]:
    """Read the manifest of a model file, without reading the model.

    Parameters
    ----------
    model : str or path, default="az"
        As for :func:`load_model`.

    Returns
    -------
    dict
        ``format``, ``sha256``, ``type``, ``classes``, ``versions`` and ``metadata``.

    Raises
    ------
    ModelError
        As for :func:`load_model`.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from ensemble_hwr.persistence import read_manifest, save_model
    >>> model = GaussianNB().fit(*load_iris(return_X_y=True))
    >>> with TemporaryDirectory() as folder:
    ...     file = save_model(model, Path(folder, "iris.model"), metadata={"accuracy": 0.96})
    ...     manifest = read_manifest(file)
    >>> manifest["type"], manifest["classes"], manifest["metadata"]
    ('GaussianNB', [0, 1, 2], {'accuracy': 0.96})
    """
    file = locate_model(model)
    return parse_manifest(unpack(file, [MANIFEST]), file)


def available_models() -> list[ModelInfo]:
    """List the models that come with the library.

    Returns
    -------
    list of ModelInfo
        Sorted by name; load each with ``load_model(name)``.

    Examples
    --------
    >>> from ensemble_hwr import available_models
    >>> for model in available_models():
    ...     assert len(model.classes) > 1, model.name
    """
    return [describe_model(name) for name in shipped_files()]


def describe_model(model: PathLike) -> ModelInfo:
    """Describe a shipped model or a model file, without loading the model.

    Parameters
    ----------
    model : str or path
        As for :func:`load_model`.

    Returns
    -------
    ModelInfo

    Raises
    ------
    ModelError
        As for :func:`load_model`.

    See Also
    --------
    read_manifest : The whole manifest.

    Examples
    --------
    >>> from ensemble_hwr.persistence import describe_model
    >>> describe_model("az").classes[:3]
    ('A', 'B', 'C')
    """
    file, manifest = locate_model(model), read_manifest(model)
    metadata = manifest.get("metadata") or {}
    return ModelInfo(
        name=str(model) if isinstance(model, str) and model in shipped_files() else file.name,
        file=file,
        size=file.stat().st_size,
        classes=tuple(manifest.get("classes") or ()),
        trained_on=_counts(metadata.get("trained_on")),
        figures=_figures(metadata.get("figures")),
        manifest=manifest,
    )


def _counts(found: Any) -> dict[str, int]:
    """Return counts by source; metadata are free, so a mapping of other types counts as not given."""
    counts = found if isinstance(found, Mapping) else {}
    return dict(counts) if all(type(count) is int for count in counts.values()) else {}


def _figures(found: Any) -> dict[str, Any]:
    """Return scores, with their accuracies as numbers; a mapping of other types counts as not given."""
    figures = found if isinstance(found, Mapping) else {}
    per_source = figures.get("per_source", {})
    parts = [*per_source.values(), {"accuracy": 0, **figures}] if isinstance(per_source, Mapping) else [None]
    sound = all(isinstance(part, Mapping) and type(part.get("accuracy")) in (int, float) for part in parts)
    return dict(figures) if sound else {}


def shipped_files() -> dict[str, Path]:
    """Return the files of the shipped models by name; no file is opened."""
    folder = shipped_folder()
    files = {place.name: place / f"{place.name}{SUFFIX}" for place in sorted(folder.glob("*"))}
    return {name: file for name, file in files.items() if file.is_file()}


def shipped_folder() -> Path:
    """Return the folder of the shipped models: within an installed package, or at the top of a checkout."""
    checkout = _PACKAGE.parents[1]
    in_checkout = _PACKAGE.parent.name == "src" and (checkout / "pyproject.toml").is_file()
    return checkout / "models" if in_checkout else _PACKAGE / "models"


def is_shipped(file: Path) -> bool:
    """Return whether a file is that of a shipped model."""
    return file in shipped_files().values()


def locate_model(model: PathLike) -> Path:
    """Return the file of a shipped model's name, or a path.

    Parameters
    ----------
    model : str or path
        The name of a shipped model, if it is a string that equals one; otherwise a path.

    Returns
    -------
    Path

    Raises
    ------
    ModelError
        If it is neither.
    """
    shipped = shipped_files()
    if isinstance(model, str) and model in shipped:
        return shipped[model]
    file = Path(model)
    try:
        file.stat()
    except (FileNotFoundError, NotADirectoryError):
        if file.name in shipped:
            raise ModelError(
                f"{model}: there is no such file; for the shipped model, write {file.name!r} without a path"
            ) from None
        names = f"shipped models: {', '.join(shipped)}" if shipped else "no model is shipped with this installation"
        raise ModelError(f"{model}: there is no such file and no shipped model of that name ({names})") from None
    except (OSError, ValueError):
        pass  # the file exists, or the name is invalid: opening it gives a more specific error
    return file


def _scikit_learn_version() -> str:
    return package_versions(["scikit-learn"])["scikit-learn"]
