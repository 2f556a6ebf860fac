"""Check the attributes of a model by the schemas of its estimators, before anything is predicted with it."""

from __future__ import annotations

import warnings
from functools import singledispatchmethod
from inspect import signature
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr.persistence._schemas import SCHEMAS, SPLITTERS
from ensemble_hwr.persistence._specifications import (
    COMMON,
    Array,
    Classes,
    Derived,
    Each,
    Either,
    Fitted,
    Named,
    Number,
    OneOf,
    Plain,
    Schema,
)

MAX_CLASSES = 10_000
MAX_ESTIMATORS = 20_000  # counted as often as they are used
_NOT_FROM_FILES = ("n_jobs", "memory", "storage")  # parameters that are set to None
_MAX_WHOLE = 2**53
_MAX_DEPTH = 50
_PLAIN = (bool, int, float, str, np.number, np.bool_)
_MAX_CHARACTER = 0x10FFFF


class UnsoundModel(ValueError):
    """An attribute or a parameter of a model does not fit its schema."""


class Checker:
    """Checks the estimators of one model, each of them once."""

    def __init__(self) -> None:
        self._sizes: dict[int, int] = {}  # estimators that each holds, counted as often as they are used
        self._open: set[int] = set()

    def check(self, model: Any) -> None:
        """Raise UnsoundModel unless a model fits its schemas.

        Arrays of objects that are texts are replaced by arrays of texts, and tiny weights of networks by 0.

        Parameters
        ----------
        model : object
        """
        self._estimator(model, type(model).__name__)

    def _estimator(self, model: Any, where: str) -> int:
        """Check an estimator, and return the number of estimators in it."""
        if id(model) in self._open:
            raise UnsoundModel(f"{where} holds itself")
        if id(model) in self._sizes:
            return self._sizes[id(model)]
        schema = SCHEMAS.get(_name(type(model)))
        if schema is None:
            raise UnsoundModel(f"{where} is a {_name(type(model))}, which is not loaded")
        self._open.add(id(model))
        size = 1 + self._parameters(model, schema, where) + self._attributes(model, schema, where)
        if size > MAX_ESTIMATORS:
            raise UnsoundModel(f"{where} uses estimators more than {MAX_ESTIMATORS:,} times")
        self._open.discard(id(model))
        self._sizes[id(model)] = size
        return size

    def _parameters(self, model: Any, schema: Schema, where: str) -> int:
        """Check the parameters of an estimator by the constraints of its class and by the limits of its schema."""
        size = 0
        for name in _parameter_names(type(model)):
            if not hasattr(model, name):  # a class may have a default for files that are older than a parameter
                raise UnsoundModel(f"{where} has no parameter {name}")
            if name in _NOT_FROM_FILES:
                setattr(model, name, None)
            if name in schema.bounds:
                _bound(model, name)
            value = getattr(model, name)
            size += self._plain(value, f"{where}.{name}", 0)
            low, high = schema.limits.get(name, (-np.inf, np.inf))
            if isinstance(value, int | float) and not low <= value <= high:
                raise UnsoundModel(f"{where}.{name} is {value!r}; it must be from {low:g} to {high:g}")
        if hasattr(model, "_parameter_constraints"):
            try:
                model._validate_params()
            except (TypeError, ValueError) as error:
                raise UnsoundModel(f"{where}: {error}") from None
        return size

    def _attributes(self, model: Any, schema: Schema, where: str) -> int:
        """Check the attributes of an estimator, all of which its schema must name."""
        found = {name: value for name, value in vars(model).items() if name not in _parameter_names(type(model))}
        declared = {**COMMON, **schema.optional, **schema.fitted}
        unknown = [name for name in found if name not in declared]
        if unknown:
            raise UnsoundModel(f"{where} has an attribute {unknown[0][:100]!r}, which a {type(model).__name__} has not")
        fitted = any(name in found for name in schema.fitted)
        missing = [name for name in schema.fitted if name not in found]
        if fitted and missing:
            raise UnsoundModel(f"{where} has no {missing[0]}")
        within = _Attributes(self, model, where)
        size = sum(within.check(name, declared[name]) for name in sorted(found, key=_first_classes))
        wrong = schema.rule(model) if fitted and schema.rule is not None else None
        if wrong:
            raise UnsoundModel(f"{where}: {wrong}")
        if fitted and schema.finish is not None:
            schema.finish(model)
        return size

    def _plain(self, value: Any, where: str, depth: int) -> int:
        """Check numbers, texts, arrays, estimators and containers of them; return the number of estimators."""
        if isinstance(value, dict | list | tuple):
            if depth > _MAX_DEPTH:
                raise UnsoundModel(f"{where} is nested too deeply")
            items = [*value.keys(), *value.values()] if isinstance(value, dict) else value
            return sum(self._plain(item, where, depth + 1) for item in items)
        if _name(type(value)) in SPLITTERS:
            return self._plain(dict(vars(value)), where, depth + 1)
        if value is not None and not isinstance(value, (*_PLAIN, type, np.ndarray)):
            return self._estimator(value, where)
        if isinstance(value, int | np.integer) and abs(int(value)) > _MAX_WHOLE:
            raise UnsoundModel(f"{where} is too large a whole number")
        if isinstance(value, str):
            _check_text(value, where)
        elif isinstance(value, np.ndarray):
            _check_texts_of(value, where)
        return 0


class _Attributes:
    """Checks the attributes of one estimator, whose dimensions agree with each other."""

    def __init__(self, checker: Checker, model: Any, where: str) -> None:
        self._checker, self._model, self._where = checker, model, where
        self._labels: NDArray[Any] | None = None
        self._sizes: dict[str, int] = {}
        features = vars(model).get("n_features_in_")
        if isinstance(features, int | np.integer):
            self._sizes["features"] = int(features)

    def check(self, name: str, spec: Any) -> int:
        """Check one attribute; return the number of estimators in it."""
        value = vars(self._model)[name]
        if isinstance(value, np.ndarray) and value.dtype == object:
            value = _as_texts(value, f"{self._where}.{name}")
            if value is not None and not isinstance(spec, Plain):
                setattr(self._model, name, value)
        return self._value(spec, value, f"{self._where}.{name}")

    @singledispatchmethod
    def _value(self, spec: Any, value: Any, where: str) -> int:
        raise TypeError(f"no check of {spec!r}")

    @_value.register
    def _(self, spec: Plain, value: Any, where: str) -> int:
        return self._checker._plain(value, where, 0)

    @_value.register
    def _(self, spec: OneOf, value: Any, where: str) -> int:
        if not any(type(value) is type(choice) and value == choice for choice in spec.choices):
            raise UnsoundModel(f"{where} is {str(value)[:100]!r}; it must be one of {spec.choices}")
        return 0

    @_value.register
    def _(self, spec: Number, value: Any, where: str) -> int:
        if value is None and spec.or_none:
            return 0
        kinds = (int, np.integer) if spec.whole else (int, float, np.integer, np.floating)
        if not isinstance(value, kinds) or isinstance(value, bool) or not spec.low <= value <= spec.high:
            raise UnsoundModel(
                f"{where} is {str(value)[:100]!r}; it must be a number from {spec.low:g} to {spec.high:g}"
            )
        return 0

    @_value.register
    def _(self, spec: Classes, value: Any, where: str) -> int:
        check_classes(value, where)
        if not spec.own:
            if self._labels is None or not np.isin(value, self._labels).all():
                raise UnsoundModel(f"{where} has labels that are not among the classes")
        elif self._labels is None:
            n_classes = len(value)
            self._labels = value
            scores = 1 if n_classes == 2 else n_classes
            pairs = n_classes * (n_classes - 1) // 2
            self._sizes |= {"classes": n_classes, "scores": scores, "classes-1": n_classes - 1, "pairs": pairs}
        return 0

    @_value.register
    def _(self, spec: Each, value: Any, where: str) -> int:
        if not isinstance(value, list | tuple) or not value:
            raise UnsoundModel(f"{where} must be a list or tuple of at least one item")
        self._size(spec.length, len(value), where)
        return sum(self._value(spec.item, item, where) for item in value)

    @_value.register
    def _(self, spec: Named, value: Any, where: str) -> int:
        if not isinstance(value, dict) or not all(isinstance(name, str) for name in value):
            raise UnsoundModel(f"{where} must be a mapping of names")
        for name in value:
            _check_text(name, where)
        return sum(self._value(spec.value, item, f"{where}[{name!r}]") for name, item in value.items())

    @_value.register
    def _(self, spec: Fitted, value: Any, where: str) -> int:
        if value is None and spec.or_none:
            return 0
        size = self._checker._estimator(value, where)
        if not is_fitted(value) or (spec.transforms and not hasattr(value, "transform")):
            raise UnsoundModel(f"{where} is not a fitted {'transformer' if spec.transforms else 'estimator'}")
        if spec.classes != "free":
            labels = self._labels if self._labels is not None else np.arange(0)
            expected = labels if spec.classes == "same" else np.arange(len(labels))
            if not np.array_equal(getattr(value, "classes_", ()), expected):
                raise UnsoundModel(f"{where} has other classes than the estimator that holds it")
        return size

    @_value.register
    def _(self, spec: Derived, value: Any, where: str) -> int:
        return 0

    @_value.register
    def _(self, spec: Either, value: Any, where: str) -> int:
        try:
            return self._value(spec.first, value, where)
        except UnsoundModel:
            return self._value(spec.second, value, where)

    @_value.register
    def _(self, spec: Array, value: Any, where: str) -> int:
        if value is None and spec.or_none:
            return 0
        if not isinstance(value, np.ndarray) or value.dtype.kind not in spec.kinds or value.ndim != len(spec.shape):
            raise UnsoundModel(
                f"{where} must be an array of {len(spec.shape)} dimensions with the dtype of a saved model"
            )
        if spec.dtype is not None and value.dtype != spec.dtype:
            raise UnsoundModel(f"{where} has the dtype {value.dtype}; it must be {spec.dtype}")
        for size, length in zip(spec.shape, value.shape, strict=True):
            self._size(size, length, where)
        if value.dtype.kind == "U":
            _check_texts_of(value, where)
        elif value.size:
            high = spec.high if spec.below is None else self._sizes.get(spec.below, 0) - 1
            least, most = (np.nanmin(value), np.nanmax(value)) if spec.nan else (value.min(), value.max())
            if not (spec.nan and np.isnan(least)) and not spec.low <= least <= most <= high:
                got = f"values from {least:g} to {most:g}"
                raise UnsoundModel(f"{where} holds {got}; they must be finite, from {spec.low:g} to {high:g}")
        return 0

    def _size(self, size: str | int, length: int, where: str) -> None:
        """Check a dimension; the first array that has a dimension sets its length."""
        expected = size if isinstance(size, int) else length if size == "?" else self._sizes.setdefault(size, length)
        if length != expected:
            raise UnsoundModel(f"{where} has a dimension of {length}, other arrays one of {expected} ({size})")


def check_classes(labels: Any, where: str) -> None:
    """Raise UnsoundModel unless labels are sorted, unique and of a plain type."""
    if not isinstance(labels, np.ndarray) or labels.ndim != 1 or labels.dtype.kind not in "biufU":
        raise UnsoundModel(f"{where} must be an array of labels with one dimension")
    if not 1 <= len(labels) <= MAX_CLASSES:
        raise UnsoundModel(f"{where} has {len(labels):,} labels; a model has 1 to {MAX_CLASSES:,}")
    if labels.dtype.kind == "f" and not np.isfinite(labels).all():
        raise UnsoundModel(f"{where} holds labels that are not finite")
    _check_texts_of(labels, where)
    if not (labels[:-1] < labels[1:]).all():
        raise UnsoundModel(f"{where} must be sorted, each label once")


def is_fitted(model: Any) -> bool:
    """Return whether an estimator with valid attributes is fitted; of a pipeline, whether all steps are."""
    steps = vars(model).get("steps") if _name(type(model)) == "sklearn.pipeline.Pipeline" else None
    if steps is not None:
        return all(isinstance(step, str) or step is None or is_fitted(step) for _, step in steps)
    schema = SCHEMAS[_name(type(model))]
    return all(name in vars(model) for name in schema.fitted)


def try_out(model: Any) -> None:
    """Predict one blank row with a model and with each member of a hierarchy, so that parts that do not fit are found.

    Raises
    ------
    UnsoundModel
        If that fails, or gives other than one probability per class.
    """
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for part in (model, *_members_of(model)):
            rows = _one_row(part)
            if rows is None:
                continue
            try:
                _predict(part, rows)
            except UnsoundModel:
                raise
            except Exception as error:  # parts that do not fit each other raise any error
                raise UnsoundModel(f"a {type(part).__name__} cannot predict: {type(error).__name__}: {error}") from None


def _predict(model: Any, rows: Any) -> None:
    labels = np.asarray(model.predict(rows))
    if labels.shape != (1,):
        raise UnsoundModel(f"a {type(model).__name__} predicts labels of shape {labels.shape} for one row")
    if hasattr(model, "predict_proba"):
        probabilities = np.asarray(model.predict_proba(rows))
        if probabilities.shape != (1, len(model.classes_)) or not np.isfinite(probabilities).all():
            raise UnsoundModel(f"a {type(model).__name__} predicts probabilities that are not one number per class")


def _members_of(model: Any) -> list[Any]:
    """Return the members of the hierarchies within a model; pipelines and searches are looked into."""
    parts: list[Any] = [model]
    members: list[Any] = []
    while parts:
        part = parts.pop()
        attributes = vars(part) if hasattr(part, "__dict__") else {}
        of_part = attributes.get("members_")
        if isinstance(of_part, dict):
            members += of_part.values()
        for value in attributes.values():
            steps = [item[-1] for item in value if isinstance(item, tuple)] if isinstance(value, list) else [value]
            parts += [step for step in steps if _name(type(step)) in SCHEMAS and is_fitted(step)]
    return members


def _one_row(model: Any) -> Any:
    """Return an input of one row, or of one picture for a model that begins with a normalizer; None if unknown."""
    first = model
    while hasattr(first, "steps") or hasattr(first, "best_estimator_"):
        first = first.steps[0][1] if hasattr(first, "steps") else first.best_estimator_
    if type(first).__name__ == "LetterNormalizer":
        picture = np.full((24, 24), 255, np.uint8)
        picture[4:20, 10:14] = 0
        return [picture]
    try:
        n_features = int(model.n_features_in_)
    except Exception:
        return None
    return np.zeros((1, n_features), np.float32)


def _bound(model: Any, name: str) -> None:
    """Set a parameter of an estimator to the default of its class if it is larger, or None."""
    default, value = signature(type(model)).parameters[name].default, getattr(model, name)
    if value is None or (isinstance(value, int | float) and not value <= default):
        setattr(model, name, default)


def _check_text(text: str, where: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UnsoundModel(f"{where} holds a text that is not valid Unicode") from None


def _check_texts_of(array: NDArray[Any], where: str) -> None:
    """Raise UnsoundModel for an array of another kind, or with texts of code points beyond Unicode."""
    if array.dtype == object or isinstance(array, np.ma.MaskedArray):
        texts = _as_texts(np.ma.getdata(array), where)
        if texts is None:
            return
        array = texts
    if array.dtype.kind not in "biufU":
        raise UnsoundModel(f"{where} holds values of dtype {array.dtype}")
    if array.dtype.kind == "U" and array.size:
        points = np.frombuffer(np.ascontiguousarray(array).astype(array.dtype.newbyteorder("=")).tobytes(), np.uint32)
        if points.max() > _MAX_CHARACTER or ((points >= 0xD800) & (points <= 0xDFFF)).any():
            raise UnsoundModel(f"{where} holds a text that is not valid Unicode")


def _as_texts(array: NDArray[Any], where: str) -> NDArray[Any] | None:
    """Return an array of texts of an array of objects; None if the objects are other plain values."""
    items = array.ravel().tolist() if array.dtype == object else []
    if not all(item is None or isinstance(item, str | bool | int | float) for item in items):
        raise UnsoundModel(f"{where} is an array of objects; only arrays of texts and numbers are loaded")
    if not items or not all(isinstance(item, str) for item in items):
        return None if array.dtype == object else array
    for item in items:
        _check_text(item, where)
    return array.astype(np.str_)


def _parameter_names(kind: type) -> frozenset[str]:
    """Return the parameters of a class of estimators; one that is no estimator of scikit-learn has none."""
    if kind not in _NAMES:
        names = signature(kind).parameters if hasattr(kind, "get_params") else ()
        _NAMES[kind] = frozenset(names) - {"args", "kwargs"}
    return _NAMES[kind]


_NAMES: dict[type, frozenset[str]] = {}


def _first_classes(name: str) -> tuple[bool, str]:
    """Order attributes so that the classes, which set dimensions, are checked before those that depend on them."""
    return name not in ("classes_", "classes"), name


def _name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"
