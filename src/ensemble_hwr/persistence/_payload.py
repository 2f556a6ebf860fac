"""Models as bytes in the format of skops, which names types and arrays instead of code to run."""

from __future__ import annotations

import copy
import io
import json
import warnings
import zipfile
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from ensemble_hwr.exceptions import ModelError
from ensemble_hwr.persistence._archive import pack, refuse_expansion, refuse_long_directory
from ensemble_hwr.persistence._description import (
    DESCRIPTION,
    DescriptionError,
    UntrustedTypes,
    check_nodes,
    nodes_of,
    prepare,
    read_description,
    renumber,
    type_of,
)
from ensemble_hwr.persistence._schemas import CONTAINERS, SCHEMAS, SPLITTERS

# Types that were moved or renamed: files saved before are read with the present type.
_RENAMED_TYPES = {
    "ensemble_hwr.config._more_letters.MoreLetters": "ensemble_hwr.config._additional_letters.AdditionalLetters",
}
_TRUSTED_TYPES = frozenset({*SCHEMAS, *SPLITTERS, *CONTAINERS})  # in addition to those that skops itself trusts

_TRAINING_STATE = (
    *("_optimizer", "_best_coefs", "_best_intercepts", "_random_state", "_loss_function_", "_sample_weight"),
    "loss_curve_",  # of networks; that of an AugmentedMLPClassifier is kept
)


def dump(model: Any, file: Path) -> bytes:
    """Return a model as bytes, equal ones for equal models; raise ModelError if it could not be loaded safely."""
    import skops.io

    from ensemble_hwr.persistence._checker import Checker, UnsoundModel

    where = f"{file}: cannot save a {type(model).__name__}"
    try:
        stripped = _without_training_state(model, {})
        with zipfile.ZipFile(io.BytesIO(skops.io.dumps(stripped))) as archive:
            description = json.loads(archive.read(DESCRIPTION))
            data = pack(renumber(description, {name: archive.read(name) for name in archive.namelist()}))
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            check_nodes(list(nodes_of(read_description(archive))), archive)
        Checker().check(stripped)
    except RecursionError:
        raise ModelError(f"{where}: it holds objects that refer to each other in a circle") from None
    except UntrustedTypes as error:
        raise ModelError(f"{where}: it holds {error}, {_advice(set(str(error).split(', ')))}") from None
    except (UnsoundModel, DescriptionError) as error:
        raise ModelError(f"{where}: it could not be loaded again, since {error}") from None
    except ModelError:
        raise
    except Exception as error:
        raise ModelError(f"{where}: {error}") from error
    return data


def build(data: bytes, file: Path, *, shipped: bool = False) -> Any:
    """Return the model of bytes from any origin; types, arrays and attributes are checked by their schemas.

    A shipped model is checked in the same way, but built without skops, whose import takes longer than reading a word.
    """
    from ensemble_hwr.persistence._checker import Checker, UnsoundModel, try_out

    try:
        model = _build(data, file, shipped)
        check_is_model(model, f"{file}: cannot load")
        Checker().check(model)
        try_out(model)
        return model
    except ModelError:
        raise
    except UntrustedTypes as error:
        raise ModelError(
            f"{file}: holds types that are not trusted: {error}; nothing was loaded. "
            "Load only models that ensemble_hwr saved"
        ) from None
    except (UnsoundModel, DescriptionError) as error:
        raise ModelError(f"{file}: the model in it is not loaded, since {error}") from None
    except Exception as error:  # a crafted file can raise any error in the reader
        raise ModelError(f"{file}: the model in it cannot be read: {type(error).__name__}: {error}") from error


def _build(data: bytes, file: Path, shipped: bool) -> Any:
    """Build the objects of a model after its description has been checked."""
    from sklearn.exceptions import InconsistentVersionWarning

    stream = io.BytesIO(data)
    refuse_long_directory(stream, file, len(data))
    with zipfile.ZipFile(stream) as archive:
        refuse_expansion(archive, file, len(data))
        description = read_description(archive)
        nodes = list(nodes_of(description))
        if prepare(nodes, _RENAMED_TYPES):
            nodes = list(nodes_of(description))
            content = {name: archive.read(name) for name in archive.namelist()}
            data = pack({**content, DESCRIPTION: json.dumps(description).encode()})
        check_nodes(nodes, archive)
        types = {type_of(node) for node in nodes}  # all of which are in the fixed list
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InconsistentVersionWarning)
        if shipped and all(map(Builder.can_build, nodes)):
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                return Builder(archive).build(description)
        import skops.io

        return skops.io.loads(data, trusted=sorted(types.intersection(_TRUSTED_TYPES)))


class Builder:
    """Builds the objects of a checked description as skops does, each of them once.

    Parameters
    ----------
    archive : ZipFile
        Holds the arrays.
    """

    _TYPES: Mapping[str, frozenset[str]] = {  # of the nodes of shipped models; skops builds others
        "ObjectNode": frozenset({*SCHEMAS, *SPLITTERS}),
        "DictNode": CONTAINERS,
        "ListNode": frozenset({"builtins.list"}),
        "TupleNode": frozenset({"builtins.tuple"}),
        "JsonNode": frozenset({"builtins.str"}),
        "TypeNode": frozenset({"builtins.str"}),
        "NdArrayNode": frozenset({"numpy.ndarray", "numpy.float64"}),
    }

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._built: dict[int, Any] = {}

    @classmethod
    def can_build(cls, node: Mapping[str, Any]) -> bool:
        """Return whether a node is of a kind that is built here."""
        kind = node["__loader__"]
        return type_of(node) in cls._TYPES.get(kind, ()) and (kind != "NdArrayNode" or node.get("type") == "numpy")

    def build(self, node: Mapping[str, Any]) -> Any:
        """Return the object of a node."""
        number = node["__id__"]
        if number not in self._built:
            self._built[number] = getattr(self, f"_{node['__loader__']}")(node)
        return self._built[number]

    def _ObjectNode(self, node: Mapping[str, Any]) -> Any:
        kind: Any = _type(node)
        built = kind.__new__(kind)
        if hasattr(built, "__setstate__"):
            built.__setstate__(self.build(node["content"]))
        else:
            vars(built).update(self.build(node["content"]))
        return built

    def _DictNode(self, node: Mapping[str, Any]) -> Any:
        built, keys = _type(node)(), self.build(node["key_types"])
        built.update((kind(key), self.build(item)) for kind, (key, item) in zip(keys, node["content"].items()))  # noqa: B905
        return built

    def _ListNode(self, node: Mapping[str, Any]) -> list[Any]:
        return [self.build(item) for item in node["content"]]

    def _TupleNode(self, node: Mapping[str, Any]) -> tuple[Any, ...]:
        return tuple(self.build(item) for item in node["content"])

    def _JsonNode(self, node: Mapping[str, Any]) -> Any:
        return json.loads(node["content"])

    def _TypeNode(self, node: Mapping[str, Any]) -> type[str]:
        return str

    def _NdArrayNode(self, node: Mapping[str, Any]) -> Any:
        array = np.load(io.BytesIO(self._archive.read(node["file"])), allow_pickle=False)
        return array if type_of(node) == "numpy.ndarray" else np.float64(array)


def _type(node: Mapping[str, Any]) -> type:
    """Import the type of a node, which is in the fixed list."""
    found: type = getattr(import_module(node["__module__"]), node["__class__"])
    return found


def check_is_model(model: Any, where: str) -> None:
    """Raise ModelError unless `model` is a fitted estimator with predict."""
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    try:
        is_model = not isinstance(model, type) and hasattr(model, "fit") and hasattr(model, "predict")
        if is_model:
            check_is_fitted(model)
    except NotFittedError:
        raise ModelError(f"{where}: the {type(model).__name__} is not fitted; call fit first") from None
    if not is_model:
        raise ModelError(f"{where}: got a {type(model).__name__}, not a model with fit and predict")


def _advice(foreign: set[str]) -> str:
    """Return why types cannot be saved, and what to do."""
    if any(name.startswith(("sklearn.tree.", "sklearn.ensemble._hist_gradient_boosting.")) for name in foreign):
        return "decision trees, which cannot be loaded safely; use classifiers without trees"
    noun = "a type" if len(foreign) == 1 else "types"
    return f"{noun} that cannot be loaded safely; use estimators of scikit-learn and of ensemble_hwr only"


def _without_training_state(part: Any, done: dict[int, Any]) -> Any:
    """Return copies of estimators and their containers without training state; other objects are shared."""
    from sklearn.base import BaseEstimator
    from sklearn.neural_network import MLPClassifier
    from sklearn.utils import Bunch

    if id(part) in done:
        return done[id(part)]
    changed = part
    is_estimator = isinstance(part, BaseEstimator) or f"{type(part).__module__}.{type(part).__name__}" in SCHEMAS
    if is_estimator and not isinstance(part, type):
        _refuse_study(part)
        changed = done[id(part)] = copy.copy(part)
        for name in _TRAINING_STATE[: None if isinstance(changed, MLPClassifier) else -1]:
            vars(changed).pop(name, None)
        if isinstance(vars(changed).get("random_state"), np.random.RandomState):
            changed.random_state = None  # a generator, which predictions do not use
        for name, value in list(vars(changed).items()):
            vars(changed)[name] = _without_training_state(value, done)
    elif isinstance(part, np.ndarray) and part.dtype == object and part.size and all(map(_is_text, part.flat)):
        changed = done[id(part)] = part.astype(np.str_)
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


def _is_text(item: Any) -> bool:
    return isinstance(item, str)
