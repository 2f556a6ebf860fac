"""Import estimators and transformers by name, check their parameters and build them."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import AfterValidator
from pydantic_core import InitErrorDetails

from ensemble_hwr.config._errors import did_you_mean, invalid_setting, setting_error, shorten
from ensemble_hwr.config.trusted_imports import PACKAGES, check_importable, forbidden_parameters, is_trusted
from ensemble_hwr.exceptions import ConfigError

CLASSIFIER = ("fit", "predict")
TRANSFORMER = ("fit", "transform")
SHORT_NAMES = {
    "mlp": "ensemble_hwr.ensemble.MemberMLPClassifier",
    "augmented_mlp": "ensemble_hwr.ensemble.AugmentedMLPClassifier",
    "deskew": "ensemble_hwr.preprocessing.Deskewer",
    "gradient": "ensemble_hwr.preprocessing.GradientFeatures",
    "size": "ensemble_hwr.preprocessing.SizeNormalizer",
    "stroke_width": "ensemble_hwr.preprocessing.StrokeWidthNormalizer",
    "standardize": "sklearn.preprocessing.StandardScaler",
    "pca": "sklearn.decomposition.PCA",
}
SHORT_PARAMS = {"mlp": {"hidden_layer_sizes": [100], "max_iter": 100}}
SHORT_CLASSIFIERS = ("mlp", "augmented_mlp")
SHORT_TRANSFORMERS = ("deskew", "gradient", "size", "stroke_width", "standardize", "pca")

ParameterError = tuple[tuple[str | int, ...], str, Any]  # path below the parameters, message, value


def find_class(name: str, methods: tuple[str, ...]) -> type[Any]:
    """Import an estimator class by short name or import path, if its package is trusted.

    Parameters
    ----------
    name : str
        A short name such as ``"mlp"``, or the public import path of an estimator of scikit-learn, this library and the
        other packages in ``PACKAGES``, or of a module that ``ENSEMBLE_HWR_TRUST`` names.
    methods : tuple of str
        Methods that the class must have: ``CLASSIFIER`` or ``TRANSFORMER``.

    Returns
    -------
    type

    Raises
    ------
    ConfigError
        If the class does not exist, lacks one of the methods, or may not be imported.

    Examples
    --------
    >>> from ensemble_hwr.config._estimators import CLASSIFIER, find_class
    >>> find_class("sklearn.svm.SVC", CLASSIFIER).__name__
    'SVC'
    """
    path = SHORT_NAMES.get(name, name)
    module_name, _, class_name = path.rpartition(".")
    if not module_name or not all(part.isidentifier() for part in path.split(".")):
        short = SHORT_CLASSIFIERS if methods is CLASSIFIER else SHORT_TRANSFORMERS
        raise ConfigError(
            f"got {name!r}; write an import path such as 'sklearn.svm.SVC', or a short name; "
            + did_you_mean(name, short)
        )
    check_importable(path, name)
    found = getattr(_import(module_name, name), class_name, None)
    if found is None:
        raise ConfigError(f"got {name!r}; module {module_name!r} has no {class_name!r}, check the spelling")
    missing = [method for method in methods if not callable(getattr(found, method, None))]
    if not inspect.isclass(found) or missing:
        raise ConfigError(
            f"got {name!r}; expected a class with the methods {' and '.join(methods)}, such as those of scikit-learn"
        )
    if not is_trusted(path) and found.__module__.partition(".")[0] not in PACKAGES:
        check_importable(f"{found.__module__}.{found.__name__}", name)
    return found


def importable(methods: tuple[str, ...]) -> AfterValidator:
    """Return a pydantic validator for the name of a class that has these methods."""

    def check(name: str) -> str:
        try:
            find_class(name, methods)
        except ConfigError as error:
            raise invalid_setting(str(error)) from None
        return name

    return AfterValidator(check)


def check_parameters(found: type[Any], params: Mapping[str, Any]) -> Iterator[ParameterError]:
    """Check parameters against a class: their names, and their values as far as the class validates them.

    Parameters
    ----------
    found : type
    params : mapping of str to object
        As a config gives them. A class whose ``__init__`` takes ``**kwargs`` accepts any name.

    Yields
    ------
    path, message, value
        One for each parameter that is unknown or has an invalid value.
    """
    allowed = list(_defaults(found))
    accepts_any = _takes_kwargs(found)
    known = {}
    for name, value in params.items():
        if accepts_any or name in allowed:
            known[name] = value
        else:
            yield (name,), f"{found.__name__} has no such parameter; {did_you_mean(name, allowed)}", value
    nested = list(_check_nested(known))
    if not is_trusted(f"{found.__module__}.{found.__name__}"):
        nested += forbidden_parameters(known)
    yield from nested
    if not nested:
        yield from _invalid_values(found, known)


def parameter_errors(found: type[Any], params: Mapping[str, Any], *prefix: str) -> list[InitErrorDetails]:
    """Check parameters as `check_parameters` does; `prefix` is their location within the section."""
    return [setting_error((*prefix, *path), text, got) for path, text, got in check_parameters(found, params)]


def build(name: str, params: Mapping[str, Any], methods: tuple[str, ...] = CLASSIFIER) -> Any:
    """Build an unfitted estimator from its name and parameters in a config.

    Examples
    --------
    >>> from ensemble_hwr.config._estimators import build
    >>> build("mlp", {"hidden_layer_sizes": [60]})
    MemberMLPClassifier(hidden_layer_sizes=(60,), max_iter=100)
    """
    return _construct(find_class(name, methods), {**SHORT_PARAMS.get(name, {}), **params})


def takes(found: type[Any], name: str) -> bool:
    """Whether ``__init__`` of a class has a parameter of that name; ``**kwargs`` does not count."""
    return name in _defaults(found)


def is_nested(value: Any) -> bool:
    """Whether the value of a parameter is a table that describes another estimator."""
    return isinstance(value, Mapping) and "estimator" in value and set(value) <= {"estimator", "params"}


def _import(module_name: str, name: str) -> Any:
    package = module_name.partition(".")[0]
    try:
        return importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name == package:
            raise ConfigError(f"got {name!r}; package {package!r} is not installed") from None
        raise ConfigError(f"got {name!r}; there is no module {error.name!r}, check the spelling") from None
    except (Exception, SystemExit) as error:
        raise ConfigError(f"got {name!r}; importing {module_name!r} failed: {error}") from error


def _defaults(found: type[Any]) -> dict[str, Any]:
    """Return the named parameters of ``__init__`` with their defaults."""
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    parameters = list(inspect.signature(found.__init__).parameters.values())[1:]
    return {parameter.name: parameter.default for parameter in parameters if parameter.kind in named}


def _takes_kwargs(found: type[Any]) -> bool:
    """Whether ``__init__`` takes any keyword, as those of LightGBM and XGBoost do."""
    parameters = inspect.signature(found.__init__).parameters.values()
    return any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters)


def _construct(found: type[Any], params: Mapping[str, Any]) -> Any:
    defaults = _defaults(found)
    return found(**{name: _revive(value, defaults.get(name)) for name, value in params.items()})


def _revive(value: Any, default: Any = None) -> Any:
    """Convert a TOML value to Python: tables to nested estimators, lists to tuples where the default is a tuple."""
    if is_nested(value):
        return build(value["estimator"], value.get("params", {}))
    if isinstance(value, list | tuple):
        revived = [_revive(item) for item in value]
        return tuple(revived) if isinstance(default, tuple) else revived
    if isinstance(value, Mapping):
        return {key: _revive(item) for key, item in value.items()}
    return value


def _check_nested(params: Mapping[str, Any]) -> Iterator[ParameterError]:
    for name, value in params.items():
        if not is_nested(value):
            continue
        if not isinstance(value["estimator"], str):
            yield (name, "estimator"), f"got {shorten(value['estimator'])}; write an import path", value
            continue
        try:
            found = find_class(value["estimator"], CLASSIFIER)
        except ConfigError as error:
            yield (name, "estimator"), str(error), value
            continue
        for path, message, got in check_parameters(found, value.get("params", {})):
            yield (name, "params", *path), message, got


def _invalid_values(found: type[Any], params: Mapping[str, Any]) -> Iterator[ParameterError]:
    """Find invalid values one by one: validate, remove the parameter that the message names, repeat."""
    left = dict(params)
    while True:
        error = _first_error(found, left)
        if error is None:
            return
        named = re.search(r"'(\w+)' parameter", error)
        if named is None or named[1] not in left:
            yield (), f"{found.__name__}: {error}", dict(left)
            return
        yield (named[1],), error, left.pop(named[1])


def _first_error(found: type[Any], params: Mapping[str, Any]) -> str | None:
    """Return the message of the first error in building and validating an estimator; None if it is valid."""
    required = [name for name, default in _defaults(found).items() if default is inspect.Parameter.empty]
    missing = [name for name in required if name not in params]
    if missing:
        return f"{found.__name__} needs the parameter {missing[0]!r}, which has no default"
    try:
        estimator = _construct(found, params)
        if hasattr(estimator, "_parameter_constraints"):  # scikit-learn's; other packages' estimators have none
            estimator._validate_params()
        elif hasattr(estimator, "get_params"):
            estimator.get_params(deep=False)  # fails where __init__ does not store a parameter under its name
    except Exception as error:  # classes of other packages may raise any exception
        return str(error).removesuffix(".")
    return None
