"""Convert between a search space, the parameters drawn from it, and their form in a study."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Protocol

from ensemble_hwr.config.search_space import Choices, Entry, Layers, Range, Space, conditions

Scalar = str | int | float | bool


class Suggester(Protocol):
    """The part of an Optuna trial that suggests values."""

    def suggest_categorical(self, name: str, choices: Any) -> Any:
        """Return one of the choices."""

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:
        """Return an integer."""

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        """Return a number."""


def suggest_params(trial: Suggester, space: Space) -> dict[str, Any]:
    """Draw every parameter whose condition holds.

    Parameters
    ----------
    trial : Suggester
        A trial of Optuna.
    space : dict of str to Range, Choices or Layers
        The search space.

    Returns
    -------
    dict of str to object
        Values by parameter; layers are lists.

    Examples
    --------
    >>> import optuna
    >>> from ensemble_hwr.config.search_space import parse_entry
    >>> from ensemble_hwr.tuning._space import suggest_params
    >>> space = {"hidden_layer_sizes": parse_entry({"n": [1, 2], "width": [10, 20]}), "alpha": parse_entry([0.1])}
    >>> stored = {"hidden_layer_sizes.n": 2, "hidden_layer_sizes.1": 10, "hidden_layer_sizes.2": 20, "alpha": 0.1}
    >>> suggest_params(optuna.trial.FixedTrial(stored), space)
    {'hidden_layer_sizes': [10, 20], 'alpha': 0.1}
    """
    params: dict[str, Any] = {}
    for name, entry in space.items():
        if _applies(entry, params):
            params[name] = _layers(trial, name, entry) if isinstance(entry, Layers) else _value(trial, name, entry)
    return params


def stored_params(space: Space, params: Mapping[str, Any]) -> dict[str, Scalar] | None:
    """Return parameters in the form that a study stores; None if the space does not contain them.

    Parameters
    ----------
    space : dict of str to Range, Choices or Layers
        The search space.
    params : mapping of str to object
        A value of every parameter; those whose condition does not hold are left out.

    Returns
    -------
    dict of str to scalar, or None
    """
    recorder = _Recorder(space, params)
    try:
        suggest_params(recorder, space)
    except LookupError:
        return None
    return recorder.recorded


class _Recorder:
    """Suggests given values and records them."""

    def __init__(self, space: Space, params: Mapping[str, Any]) -> None:
        self._values: dict[str, Any] = {}
        for name, entry in space.items():
            value = params.get(name)
            if isinstance(entry, Layers):
                widths = list(value) if isinstance(value, list | tuple) else [value]
                self._values[f"{name}.n"] = len(widths)
                self._values |= {f"{name}.{i}": width for i, width in enumerate(widths, start=1)}
            else:
                self._values[name] = _label(entry, value) if isinstance(entry, Choices) else value
        self.recorded: dict[str, Scalar] = {}

    def suggest_categorical(self, name: str, choices: Any) -> Any:
        return self._record(name, self._values[name] in choices)

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:
        value = self._values[name]
        is_integer = isinstance(value, int) and not isinstance(value, bool)
        return int(self._record(name, is_integer and low <= value <= high and (value - low) % step == 0))

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        value = self._values[name]
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return float(self._record(name, is_number and low <= value <= high and step is None))

    def _record(self, name: str, in_space: bool) -> Any:
        if not in_space:
            raise LookupError(name)
        self.recorded[name] = self._values[name]
        return self._values[name]


def _applies(entry: Entry, params: Mapping[str, Any]) -> bool:
    return all(other in params and params[other] in conditions(wanted) for other, wanted in entry.when.items())


def _layers(trial: Suggester, name: str, entry: Layers) -> list[int]:
    fewest, most = entry.n
    n = trial.suggest_int(f"{name}.n", fewest, most)
    return [_value(trial, f"{name}.{i}", entry.width) for i in range(1, n + 1)]


def _value(trial: Suggester, name: str, entry: Range | Choices) -> Any:
    if isinstance(entry, Choices):
        labels = [_label(entry, choice) for choice in entry.choices]
        choice = entry.choices[labels.index(trial.suggest_categorical(name, labels))]
        return list(choice) if isinstance(choice, tuple) else choice
    if entry.is_whole:
        return trial.suggest_int(name, entry.low, entry.high, step=entry.step or 1, log=entry.log)
    step = None if entry.step is None else float(entry.step)
    return trial.suggest_float(name, float(entry.low), float(entry.high), step=step, log=entry.log)


def _label(entry: Choices, value: Any) -> Scalar:
    """Return the stored form of a choice: the choice itself if all are of one scalar type, else its JSON text."""
    kinds = {type(choice) for choice in entry.choices}
    if len(kinds) == 1 and kinds <= {str, int, float, bool}:
        return value  # type: ignore[no-any-return]
    return json.dumps(value, sort_keys=True)
