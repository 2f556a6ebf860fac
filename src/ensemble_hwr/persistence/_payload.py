"""Models as bytes in the format of skops, which names types and arrays instead of code to run."""

from __future__ import annotations

import copy
import io
import json
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ensemble_hwr.exceptions import ModelError
from ensemble_hwr.persistence._archive import pack, refuse_compression

_SCHEMA = "schema.json"
_OWN_TYPES = (  # names, so that no module is imported for this list
    "ensemble_hwr.ensemble._hierarchical.HierarchicalEnsembleClassifier",
    "ensemble_hwr.ensemble._augmented_mlp.AugmentedMLPClassifier",
    "ensemble_hwr.ensemble._mlp.MemberMLPClassifier",
    "ensemble_hwr.ensemble._members.LabelEncodedClassifier",
    "ensemble_hwr.preprocessing.augmentation._classifier.AugmentedClassifier",
    "ensemble_hwr.preprocessing.augmentation._augmenter.Augmenter",
    "ensemble_hwr.config._additional_letters.AdditionalLetters",
    "ensemble_hwr.preprocessing._normalizer.LetterNormalizer",
    "ensemble_hwr.preprocessing._deskewer.Deskewer",
    "ensemble_hwr.preprocessing._size_normalizer.SizeNormalizer",
    "ensemble_hwr.preprocessing._stroke_width.StrokeWidthNormalizer",
    "ensemble_hwr.preprocessing._gradient.GradientFeatures",
    "ensemble_hwr.reading._candidates.CandidateFeatures",
    "ensemble_hwr.tuning._classifier.TunedClassifier",
    "ensemble_hwr.adaptation._classifier.AdaptedClassifier",
    "ensemble_hwr.alphabets.AlphabetClassifier",
)
# Types that were moved or renamed: files saved before are read with the present type.
_RENAMED_TYPES = {
    "ensemble_hwr.config._more_letters.MoreLetters": "ensemble_hwr.config._additional_letters.AdditionalLetters",
}
_CALIBRATION_TYPES = ("sklearn.calibration._CalibratedClassifier", "sklearn.calibration._SigmoidCalibration")
_COMMITTEE_TYPES = ("sklearn.utils._bunch.Bunch",)  # named_estimators_ of a VotingClassifier
_SPLITTERS = (  # the parameter `cv`
    *("KFold", "StratifiedKFold", "GroupKFold", "StratifiedGroupKFold", "RepeatedKFold", "RepeatedStratifiedKFold"),
    *("ShuffleSplit", "StratifiedShuffleSplit", "GroupShuffleSplit", "PredefinedSplit", "TimeSeriesSplit"),
    *("LeaveOneOut", "LeavePOut", "LeaveOneGroupOut", "LeavePGroupsOut"),
)
_SPLITTER_TYPES = tuple(f"sklearn.model_selection._split.{name}" for name in _SPLITTERS)
_TRUSTED_TYPES = [*_OWN_TYPES, *_CALIBRATION_TYPES, *_COMMITTEE_TYPES, *_SPLITTER_TYPES]  # in addition to skops' own

_TRAINING_STATE = ("_optimizer", "_best_coefs", "_best_intercepts", "_random_state", "loss_curve_")


def dump(model: Any, file: Path) -> bytes:
    """Return a model as bytes; raise ModelError if it could not be loaded safely."""
    import skops.io

    where = f"{file}: cannot save a {type(model).__name__}"
    try:
        data = _compact(skops.io.dumps(_without_training_state(model, {})))
        foreign = set(skops.io.get_untrusted_types(data=data)) - set(_TRUSTED_TYPES)
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _refuse_swelling(archive, file)
    except RecursionError:
        raise ModelError(f"{where}: it holds objects that refer to each other in a circle") from None
    except Exception as error:
        raise ModelError(f"{where}: {error}") from error
    if foreign:
        raise ModelError(f"{where}: it holds {', '.join(sorted(foreign))}, {_advice(foreign)}")
    return data


def build(data: bytes, file: Path) -> Any:
    """Return the model of bytes from any origin; only types of the fixed list are built."""
    import skops.io
    from sklearn.exceptions import InconsistentVersionWarning

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            refuse_compression(archive, file)
            _refuse_swelling(archive, file)
            data = _with_present_types(archive, data)
        foreign = set(skops.io.get_untrusted_types(data=data)) - set(_TRUSTED_TYPES)
        if not foreign:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", InconsistentVersionWarning)
                return skops.io.loads(data, trusted=_TRUSTED_TYPES)
    except ModelError:
        raise
    except Exception as error:  # a crafted file can raise any error in the reader
        raise ModelError(f"{file}: the model in it cannot be read: {type(error).__name__}: {error}") from error
    raise ModelError(
        f"{file}: holds types that are not trusted: {', '.join(sorted(foreign))}; nothing was loaded. "
        "Load only models that ensemble_hwr saved"
    )


def check_is_model(model: Any, where: str) -> None:
    """Raise ModelError unless `model` is a fitted estimator with predict."""
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    if isinstance(model, type) or not (hasattr(model, "fit") and hasattr(model, "predict")):
        raise ModelError(f"{where}: got a {type(model).__name__}, not a model with fit and predict")
    try:
        check_is_fitted(model)
    except NotFittedError:
        raise ModelError(f"{where}: the {type(model).__name__} is not fitted; call fit first") from None


def _advice(foreign: set[str]) -> str:
    """Return why types cannot be saved, and what to do."""
    if any(name.startswith(("sklearn.tree.", "sklearn.ensemble._hist_gradient_boosting.")) for name in foreign):
        return "decision trees, which cannot be loaded safely; use classifiers without trees"
    noun = "a type" if len(foreign) == 1 else "types"
    return f"{noun} that cannot be loaded safely; use estimators of scikit-learn and of ensemble_hwr only"


def _refuse_swelling(archive: zipfile.ZipFile, file: Path) -> None:
    """Raise ModelError for a model larger in memory than its file: arrays built twice, or compressed arrays."""
    built: dict[str, Any] = {}
    for part in _parts(json.loads(archive.read(_SCHEMA))):
        if part.get("__loader__") == "SparseMatrixNode":
            raise ModelError(f"{file}: holds a sparse matrix, which is compressed; use members of dense arrays")
        if isinstance(name := part.get("file"), str):
            number = part.get("__id__")  # parts with one number are one object, which is built once
            if number is None or built.setdefault(name, number) != number:
                raise ModelError(f"{file}: builds its part {name!r} more than once, as no saved model does")


def _with_present_types(archive: zipfile.ZipFile, data: bytes) -> bytes:
    """Return the bytes of a model with the present names of types that were renamed."""
    schema = json.loads(archive.read(_SCHEMA))
    renamed = False
    for part in _parts(schema):
        present = _RENAMED_TYPES.get(f"{part.get('__module__')}.{part.get('__class__')}")
        if present is not None:
            part["__module__"], _, part["__class__"] = present.rpartition(".")
            renamed = True
    if not renamed:
        return data
    content = {name: archive.read(name) for name in archive.namelist()}
    return pack({**content, _SCHEMA: json.dumps(schema).encode()})


def _parts(schema: Any) -> Iterator[dict[str, Any]]:
    """Yield all mappings within the schema of a model."""
    waiting: list[Any] = [schema]
    while waiting:
        part = waiting.pop()
        waiting += part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
        if isinstance(part, dict):
            yield part


def _compact(data: bytes) -> bytes:
    """Return the bytes of a model without the indentation of its schema, two thirds of its length."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(packed, "w") as target:
        for entry in source.infolist():
            content = source.read(entry)
            if entry.filename == _SCHEMA:
                content = json.dumps(json.loads(content), separators=(",", ":")).encode()
            target.writestr(entry.filename, content)
    return packed.getvalue()


def _without_training_state(part: Any, done: dict[int, Any]) -> Any:
    """Return copies of estimators and their containers without training state; other objects are shared."""
    from sklearn.base import BaseEstimator
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.utils import Bunch

    if id(part) in done:
        return done[id(part)]
    changed = part
    if isinstance(part, BaseEstimator) and not isinstance(part, type):
        _refuse_study(part)
        changed = done[id(part)] = copy.copy(part)
        if isinstance(changed, MLPClassifier | MLPRegressor):
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


def _refuse_study(estimator: Any) -> None:
    """Raise ModelError for a search with its study as an attribute, which cannot be loaded safely."""
    if "study_" in vars(estimator) and hasattr(estimator, "best_estimator_"):
        kind = type(estimator).__name__
        raise ModelError(f"a {kind} holds its Optuna study; save its best_estimator_, the fitted classifier")


def _is_plain(item: Any) -> bool:
    return item is None or isinstance(item, str | bytes | int | float)
