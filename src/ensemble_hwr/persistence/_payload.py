"""The model inside the file, in the format of skops, which names types and arrays instead of code to run."""

from __future__ import annotations

import copy
import io
import json
import warnings
import zipfile
from pathlib import Path
from typing import Any

from ensemble_hwr.exceptions import ModelError
from ensemble_hwr.persistence._archive import refuse_compression

_DESCRIPTION = "schema.json"
_OWN_TYPES = (  # by the modules in which they are defined, as skops names them: none is imported to be trusted
    "ensemble_hwr.ensemble._hierarchical.HierarchicalEnsembleClassifier",
    "ensemble_hwr.ensemble._augmented_mlp.AugmentedMLPClassifier",
    "ensemble_hwr.ensemble._mlp.MemberMLPClassifier",
    "ensemble_hwr.preprocessing.augmentation._classifier.AugmentedClassifier",
    "ensemble_hwr.preprocessing.augmentation._augmenter.Augmenter",
    "ensemble_hwr.config._additional_letters.AdditionalLetters",
    "ensemble_hwr.preprocessing._normalizer.LetterNormalizer",
    "ensemble_hwr.preprocessing._deskewer.Deskewer",
    "ensemble_hwr.preprocessing._size_normalizer.SizeNormalizer",
    "ensemble_hwr.preprocessing._stroke_width.StrokeWidthNormalizer",
    "ensemble_hwr.preprocessing._gradient.GradientFeatures",
    "ensemble_hwr.reading._candidates.CandidateFeatures",
)
_CALIBRATION_TYPES = ("sklearn.calibration._CalibratedClassifier", "sklearn.calibration._SigmoidCalibration")
_COMMITTEE_TYPES = ("sklearn.utils._bunch.Bunch",)  # the dict in which a committee keeps its members by name
_FOLD_TYPES = ("sklearn.model_selection._split.PredefinedSplit",)  # says which sources trust was learned from
_TRUSTED_TYPES = [*_OWN_TYPES, *_CALIBRATION_TYPES, *_COMMITTEE_TYPES, *_FOLD_TYPES]  # beyond those skops trusts

_TRAINING_STATE = ("_optimizer", "_best_coefs", "_best_intercepts", "_random_state", "loss_curve_")


def dump(model: Any, file: Path) -> bytes:
    """Write a model as bytes; refuse one that could not be read back safely."""
    import skops.io

    try:
        data = _compact(skops.io.dumps(_without_training_state(model, {})))
        foreign = set(skops.io.get_untrusted_types(data=data)) - set(_TRUSTED_TYPES)
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _refuse_swelling(archive, file)
    except Exception as error:
        raise ModelError(f"{file}: a {type(model).__name__} cannot be saved: {error}") from error
    if foreign:
        raise ModelError(
            f"{file}: cannot save, the model holds {', '.join(sorted(foreign))}, which could not be read back "
            "safely; use members without trees and without types of your own."
        )
    return data


def build(data: bytes, file: Path) -> Any:
    """Build a model of bytes from anyone; only types of the fixed list are built."""
    import skops.io
    from sklearn.exceptions import InconsistentVersionWarning

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            refuse_compression(archive, file)
            _refuse_swelling(archive, file)
        foreign = set(skops.io.get_untrusted_types(data=data)) - set(_TRUSTED_TYPES)
        if not foreign:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", InconsistentVersionWarning)
                return skops.io.loads(data, trusted=_TRUSTED_TYPES)
    except ModelError:
        raise
    except Exception as error:  # whatever a crafted file makes the reader stumble over
        raise ModelError(f"{file}: the model in it cannot be read: {type(error).__name__}: {error}") from error
    raise ModelError(
        f"{file}: holds types that are not trusted: {', '.join(sorted(foreign))}; nothing of it was loaded. "
        "Load only models that ensemble_hwr saved."
    )


def _refuse_swelling(archive: zipfile.ZipFile, file: Path) -> None:
    """Refuse a model that would be larger in memory than it is long: arrays built twice, or of a compressed kind."""
    built: dict[str, Any] = {}
    waiting: list[Any] = [json.loads(archive.read(_DESCRIPTION))]
    while waiting:
        part = waiting.pop()
        waiting += part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
        if isinstance(part, dict) and part.get("__loader__") == "SparseMatrixNode":
            raise ModelError(f"{file}: holds a sparse matrix, which is compressed; use members of dense arrays.")
        if isinstance(part, dict) and isinstance(name := part.get("file"), str):
            number = part.get("__id__")  # parts of one number are one object, which is built once
            if number is None or built.setdefault(name, number) != number:
                raise ModelError(f"{file}: builds {name!r} in it more than once; no model that was saved here does.")


def check_is_model(model: Any, where: str) -> None:
    """Refuse what is no fitted model."""
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    if isinstance(model, type) or not (hasattr(model, "fit") and hasattr(model, "predict")):
        raise ModelError(f"{where}: got a {type(model).__name__}, not a model with fit and predict.")
    try:
        check_is_fitted(model)
    except NotFittedError:
        raise ModelError(f"{where}: the {type(model).__name__} is not fitted; call fit first.") from None


def _compact(data: bytes) -> bytes:
    """Write the description of the model without its indents, which are two thirds of it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(packed, "w") as target:
        for entry in source.infolist():
            content = source.read(entry)
            if entry.filename == _DESCRIPTION:
                content = json.dumps(json.loads(content), separators=(",", ":")).encode()
            target.writestr(entry.filename, content)
    return packed.getvalue()


def _without_training_state(part: Any, done: dict[int, Any]) -> Any:
    """Copy estimators and what holds them, without what only training needs; the rest is shared with the original."""
    from sklearn.base import BaseEstimator
    from sklearn.neural_network._multilayer_perceptron import BaseMultilayerPerceptron
    from sklearn.utils import Bunch

    if id(part) in done:
        return done[id(part)]
    changed = part
    if isinstance(part, BaseEstimator) and not isinstance(part, type):
        changed = done[id(part)] = copy.copy(part)
        if isinstance(changed, BaseMultilayerPerceptron):
            for name in _TRAINING_STATE:
                vars(changed).pop(name, None)
        for name, value in list(vars(changed).items()):
            vars(changed)[name] = _without_training_state(value, done)
    elif type(part) in (list, tuple) and any(not _is_plain(item) for item in part):
        changed = type(part)(_without_training_state(item, done) for item in part)
    elif type(part) in (dict, Bunch):
        changed = type(part)()
        changed.update((key, _without_training_state(value, done)) for key, value in part.items())
    return changed


def _is_plain(item: Any) -> bool:
    return item is None or isinstance(item, str | bytes | int | float)
