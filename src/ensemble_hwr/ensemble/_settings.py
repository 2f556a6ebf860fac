"""Protocols for the parameters and attributes of the estimator that other modules read without importing it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from numpy.typing import NDArray

from ensemble_hwr.hierarchy import NamedSets


class GateSettings(Protocol):
    """Parameters that decide on which rows members are applied."""

    min_mass: float
    confidence_threshold: float
    routing: str


class HierarchySettings(GateSettings, Protocol):
    """Parameters of :class:`~ensemble_hwr.HierarchicalEnsembleClassifier` that its fit reads."""

    router: Any
    specialist: Any
    expert: Any
    groups: Any
    group_size: int | None
    confusables: Any
    max_confusables: int
    router_target: str
    trust: Any
    cv: Any
    calibration: str | None


class FittedEnsemble(GateSettings, Protocol):
    """Fitted attributes of :class:`~ensemble_hwr.HierarchicalEnsembleClassifier` that prediction reads."""

    classes_: NDArray[Any]
    groups_: NamedSets
    subgroups_: NamedSets
    confusables_: NamedSets
    members_: Mapping[str, Any]
    trust_: Mapping[str, float]
    temperature_: float
    _router_target: str
