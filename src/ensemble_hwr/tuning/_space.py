"""From a space to values and back: what is asked of a trial, and what a study stores."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Protocol

from ensemble_hwr.config.search_space import Choices, Entry, Layers, Range, Space, conditions

Scalar = str | int | float | bool


class Asked(Protocol):
    """Whatever suggests values, as a trial of Optuna does."""

    def suggest_categorical(self, name: str, choices: Any) -> Any:
        """Return one of the choices."""

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:
        """Return a whole number."""

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        """Return a number."""


def choose(trial: Asked, space: Space) -> dict[str, Any]:
    """Ask a trial for a value of every setting whose condition holds.

    Parameters
    ----------
    trial : Asked
    space : dict of str to Range, Choices or Layers

    Returns
    -------
    dict of str to object
        Layers are lists.

    Examples
    --------
    >>> import optuna
    >>> from ensemble_hwr.config.search_space import parse_entry
    >>> from ensemble_hwr.tuning._space import choose
    >>> space = {"hidden_layer_sizes": parse_entry({"n": [1, 2], "width": [10, 20]}), "alpha": parse_entry([0.1])}
    >>> stored = {"hidden_layer_sizes.n": 2, "hidden_layer_sizes.1": 10, "hidden_layer_sizes.2": 20, "alpha": 0.1}
    >>> choose(optuna.trial.FixedTrial(stored), space)
    {'hidden_layer_sizes': [10, 20], 'alpha': 0.1}
    """
    chosen: dict[str, Any] = {}
    for name, entry in space.items():
        if _applies(entry, chosen):
            chosen[name] = _layers(trial, name, entry) if isinstance(entry, Layers) else _one(trial, name, entry)
    return chosen


def stored(space: Space, values: Mapping[str, Any]) -> dict[str, Scalar] | None:
    """Return what a study would store of given values; None where the space does not hold them.

    Parameters
    ----------
    space : dict of str to Range, Choices or Layers
    values : mapping of str to object
        A value of every setting; those whose condition does not hold are left out.

    Returns
    -------
    dict of str to scalar, or None
    """
    answers = _Answers(space, values)
    try:
        choose(answers, space)
    except LookupError:
        return None
    return answers.given


class _Answers:
    """Answers with given values, and keeps what was answered."""

    def __init__(self, space: Space, values: Mapping[str, Any]) -> None:
        self._values: dict[str, Any] = {}
        for name, entry in space.items():
            value = values.get(name)
            if isinstance(entry, Layers):
                widths = list(value) if isinstance(value, list | tuple) else [value]
                self._values[f"{name}.n"] = len(widths)
                self._values |= {f"{name}.{i}": width for i, width in enumerate(widths, start=1)}
            else:
                self._values[name] = _label(entry, value) if isinstance(entry, Choices) else value
        self.given: dict[str, Scalar] = {}

    def suggest_categorical(self, name: str, choices: Any) -> Any:
        return self._give(name, self._values[name] in choices)

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:
        value = self._values[name]
        whole = isinstance(value, int) and not isinstance(value, bool)
        return int(self._give(name, whole and low <= value <= high and (value - low) % step == 0))

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        value = self._values[name]
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return float(self._give(name, number and low <= value <= high and step is None))

    def _give(self, name: str, held: bool) -> Any:
        if not held:
            raise LookupError(name)
        self.given[name] = self._values[name]
        return self._values[name]


def _applies(entry: Entry, chosen: Mapping[str, Any]) -> bool:
    return all(other in chosen and chosen[other] in conditions(wanted) for other, wanted in entry.when.items())


def _layers(trial: Asked, name: str, entry: Layers) -> list[int]:
    fewest, most = entry.n
    n = trial.suggest_int(f"{name}.n", fewest, most)
    return [_one(trial, f"{name}.{i}", entry.width) for i in range(1, n + 1)]


def _one(trial: Asked, name: str, entry: Range | Choices) -> Any:
    if isinstance(entry, Choices):
        labels = [_label(entry, choice) for choice in entry.choices]
        return _plain(entry.choices[labels.index(trial.suggest_categorical(name, labels))])
    if entry.is_whole:
        return trial.suggest_int(name, entry.low, entry.high, step=entry.step or 1, log=entry.log)
    step = None if entry.step is None else float(entry.step)
    return trial.suggest_float(name, float(entry.low), float(entry.high), step=step, log=entry.log)


def _label(entry: Choices, value: Any) -> Scalar:
    """Return what stands for a choice: itself where all are of one plain type, else its text as JSON."""
    kinds = {type(choice) for choice in entry.choices}
    if len(kinds) == 1 and kinds <= {str, int, float, bool}:
        return value  # type: ignore[no-any-return]
    return json.dumps(value, sort_keys=True)


def _plain(value: Any) -> Any:
    """Return a choice as a config would have it."""
    return list(value) if isinstance(value, tuple) else value
