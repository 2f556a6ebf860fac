"""Grow a hierarchy from labelled rows: router, sets, members and their trust, in that order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr._sklearn import _safe_indexing
from ensemble_hwr._typing import FloatArray, Fold, IntArray
from ensemble_hwr.ensemble._consulting import Gate
from ensemble_hwr.ensemble._fitting import Plan, Trainer
from ensemble_hwr.ensemble._folds import held_out_folds
from ensemble_hwr.ensemble._held_out import HeldOut, learn_trusts
from ensemble_hwr.ensemble._members import (
    ROUTER,
    Member,
    check_prefit,
    declare_members,
    fixed_trusts,
    router_probabilities,
)
from ensemble_hwr.ensemble._temperature import learn_temperature
from ensemble_hwr.ensemble._threads import one_thread
from ensemble_hwr.exceptions import HierarchyError
from ensemble_hwr.hierarchy import (
    NamedSets,
    batches,
    derive_confusables,
    derive_groups,
    resolve_confusables,
    resolve_groups,
)

if TYPE_CHECKING:
    from ensemble_hwr.ensemble._hierarchical import HierarchicalEnsembleClassifier


@dataclass(frozen=True)
class Hierarchy:
    """A fitted hierarchy.

    Attributes
    ----------
    groups, confusables : dict of str to ndarray
        Classes of each set.
    router : Member
        Fitted on all rows.
    members : sequence of Member
        Specialists and experts, fitted on all rows of their sets, in the order in which they speak.
    trust : dict of str to float
        Trust of each of `members`.
    temperature : float
        Of the probabilities in the end; 1 where it is not learned.
    """

    groups: NamedSets
    confusables: NamedSets
    router: Member
    members: Sequence[Member]
    trust: dict[str, float]
    temperature: float


def grow(
    settings: HierarchicalEnsembleClassifier,
    trainer: Trainer,
    labels: NDArray[Any],
    *,
    classes: NDArray[Any],
    weight: FloatArray,
    split_params: Mapping[str, Any],
) -> Hierarchy:
    """Fit router and members, derive the sets that are not declared, and learn trust from held-out rows.

    Parameters
    ----------
    settings : HierarchicalEnsembleClassifier
        Whose parameters say what to grow.
    trainer : Trainer
        The rows, and how members are fitted on them.
    labels : ndarray of shape (n_samples,)
        Label of each row.
    classes : ndarray of shape (n_classes,)
        Sorted labels.
    weight : ndarray of shape (n_samples,)
        Weight of each row where trust is learned.
    split_params : mapping
        Given to the splitter.

    Returns
    -------
    Hierarchy
        All of it fitted.
    """
    groups = _declared_groups(settings, classes)
    confusables = _declared_confusables(settings, classes)
    folds = _folds(settings, trainer, groups, confusables, split_params)
    growth = _Growth(settings, trainer, labels, classes, folds)
    with one_thread():
        return growth.grow(groups, confusables, weight)


@dataclass(frozen=True)
class _Growth:
    """The steps of growing one hierarchy; `folds` are pairs of rows to fit on and rows to judge on."""

    settings: HierarchicalEnsembleClassifier
    trainer: Trainer
    labels: NDArray[Any]
    classes: NDArray[Any]
    folds: Sequence[Fold]

    def grow(self, groups: NamedSets | None, confusables: NamedSets | None, weight: FloatArray) -> Hierarchy:
        """Fit router and members side by side where all sets are declared; else members after the router."""
        targets = answers_of_router(self.settings.router_target, groups, self.classes)
        routers = self._plan_router(groups, targets)
        if groups is None or confusables is None:
            (fitted_routers,) = self._fit(routers)
            heard = self._hear(fitted_routers, targets)
            if groups is None:
                groups = derive_groups(self._confusion(heard), self.classes, self.settings.group_size)
            if confusables is None:
                most = self.settings.max_confusables
                confusables = derive_confusables(self._confusion(heard), self.classes, max_sets=most)
            members, fixed = self._plan_members(groups, confusables)
            (fitted_members,) = self._fit(members)
        else:
            members, fixed = self._plan_members(groups, confusables)
            fitted_routers, fitted_members = self._fit(routers, members)
            heard = self._hear(fitted_routers, targets)
        trust, temperature = self._learn_trusts(fitted_members, fixed, heard, groups, weight)
        return Hierarchy(groups, confusables, fitted_routers[0][0], fitted_members[0], trust, temperature)

    def _plan_router(self, groups: NamedSets | None, targets: Mapping[Any, IntArray]) -> Plan:
        """Plan the router, and one for each fold."""
        target = self.labels
        if groups is not None and self.settings.router_target == "groups":
            target = _group_names(targets)[self.trainer.codes]
        declared = Member(ROUTER, ROUTER, np.arange(len(self.classes)), self.settings.router)
        if is_prefit(self.settings):
            check_prefit(declared, list(targets))
        return self._plan([declared], target, self.folds)

    def _plan_members(self, groups: NamedSets, confusables: NamedSets) -> tuple[Plan, dict[str, float]]:
        """Plan specialists and experts, for folds that teach anything too, and return the trusts that are fixed."""
        declared = [
            *declare_members("specialist", self.settings.specialist, groups, self.classes),
            *declare_members("expert", self.settings.expert, confusables, self.classes),
        ]
        if is_prefit(self.settings):
            for member in declared:
                check_prefit(member, self.classes[member.columns].tolist())
        fixed = fixed_trusts(self.settings.trust, declared, self.settings.router_target == "groups")
        learns = len(fixed) < len(declared) or self.settings.calibration is not None
        return self._plan(declared, self.labels, self.folds if learns else ()), fixed

    def _plan(self, members: Sequence[Member], target: NDArray[Any], folds: Sequence[Fold]) -> Plan:
        """Plan members on all rows, and on those of each fold."""
        parts = [np.arange(len(target)), *(train for train, _ in folds)]
        if is_prefit(self.settings):
            return Plan(members, [[] for _ in parts])
        return self.trainer.plan(members, target, parts)

    def _fit(self, *plans: Plan) -> list[list[list[Member]]]:
        """Make the fits of plans; members that come fitted are those of every part."""
        if is_prefit(self.settings):
            return [[list(plan.members) for _ in plan.jobs] for plan in plans]
        return self.trainer.fit(*plans)

    def _hear(self, routers: Sequence[Sequence[Member]], targets: Mapping[Any, IntArray]) -> list[FloatArray]:
        """Return what the routers of the folds say of the rows they have not seen."""
        return [
            router_probabilities(router.estimator, self._rows(test), targets, len(self.classes))
            for (router,), (_, test) in zip(routers[1:], self.folds, strict=True)
        ]

    def _confusion(self, heard: Sequence[FloatArray]) -> FloatArray:
        """Sum the routers' probabilities by true class."""
        codes = np.concatenate([self.trainer.codes[test] for _, test in self.folds])
        matrix: FloatArray = np.eye(len(self.classes))[codes].T @ np.concatenate(heard)
        return matrix

    def _learn_trusts(
        self,
        fitted: Sequence[Sequence[Member]],
        fixed: dict[str, float],
        heard: Sequence[FloatArray],
        groups: NamedSets,
        weight: FloatArray,
    ) -> tuple[dict[str, float], float]:
        """Learn the trusts that are not fixed, then the temperature, from the members of the folds."""
        if len(fitted) == 1:
            return fixed, 1.0
        held_out = [
            HeldOut(self._rows(test), self.trainer.codes[test], weight[test], P, members)
            for members, (_, test), P in zip(fitted[1:], self.folds, heard, strict=True)
        ]
        gate = gate_of(self.settings, groups, self.classes, self.settings.router_target)
        trust = learn_trusts(held_out, fixed, classes=self.classes, gate=gate)
        return trust, 1.0 if self.settings.calibration is None else _temperature(held_out)

    def _rows(self, rows: IntArray) -> Any:
        return _safe_indexing(self.trainer.X, rows)


def _temperature(folds: Sequence[HeldOut]) -> float:
    """Learn the temperature from what the members left of the folds' probabilities."""
    return learn_temperature(
        np.concatenate([fold.probabilities for fold in folds]),
        np.concatenate([fold.y for fold in folds]),
        np.concatenate([fold.weight for fold in folds]),
    )


def is_prefit(settings: HierarchicalEnsembleClassifier) -> bool:
    """Whether members come fitted."""
    return isinstance(settings.cv, str)


def answers_of_router(router_target: str, groups: NamedSets | None, classes: NDArray[Any]) -> dict[Any, IntArray]:
    """Return the columns of the classes behind each label that the router may answer."""
    if router_target == "classes" or groups is None:
        return {label: np.array([column]) for column, label in enumerate(classes.tolist())}
    return {name: np.searchsorted(classes, labels) for name, labels in groups.items()}


def gate_of(
    settings: HierarchicalEnsembleClassifier, groups: NamedSets, classes: NDArray[Any], router_target: str
) -> Gate:
    """Say when members speak."""
    group_of = np.empty(len(classes), dtype=np.intp)
    for number, labels in enumerate(groups.values()):
        group_of[np.searchsorted(classes, labels)] = number
    return Gate(
        settings.min_mass,
        settings.confidence_threshold,
        group_of,
        hard=settings.routing == "top_down",
        blind=router_target == "groups",
    )


def _group_names(targets: Mapping[str, IntArray]) -> NDArray[np.str_]:
    """Name of each class's group."""
    names = np.empty(sum(len(columns) for columns in targets.values()), dtype=object)
    for name, columns in targets.items():
        names[columns] = name
    return names.astype(str)


def _declared_groups(settings: HierarchicalEnsembleClassifier, classes: NDArray[Any]) -> NamedSets | None:
    """Return the groups, or None if they are to be derived."""
    blind = settings.router_target == "groups"
    if isinstance(settings.groups, str):
        if settings.groups == "derived":
            if blind:
                raise HierarchyError(
                    "groups='derived' needs a router that tells classes apart, and router_target='groups' makes one "
                    "that does not; declare the groups or use router_target='classes'."
                )
            return None
        groups = batches(classes, settings.group_size)
    else:
        groups = resolve_groups(settings.groups, classes)
    if blind and len(groups) < 2:
        raise HierarchyError("router_target='groups' needs two groups or more to choose from; declare them.")
    return groups


def _declared_confusables(settings: HierarchicalEnsembleClassifier, classes: NDArray[Any]) -> NamedSets | None:
    """Return the confusable sets, or None if they are to be derived."""
    if settings.confusables is None:
        return {}
    if not isinstance(settings.confusables, str):
        return resolve_confusables(settings.confusables, classes)
    if settings.router_target == "groups":
        raise HierarchyError(
            "confusables='derived' needs a router that tells classes apart, and router_target='groups' makes one "
            "that does not; declare the sets or use router_target='classes'."
        )
    return None


def _folds(
    settings: HierarchicalEnsembleClassifier,
    trainer: Trainer,
    groups: NamedSets | None,
    confusables: NamedSets | None,
    split_params: Mapping[str, Any],
) -> list[Fold]:
    """Return the folds, or none where nothing is learned from held-out rows."""
    if is_prefit(settings):
        everything = np.arange(len(trainer.codes))
        return [(everything[:0], everything)]
    derives = groups is None or confusables is None
    blind = settings.router_target == "groups"  # then trust in specialists is given
    learns = isinstance(settings.trust, str) and (bool(confusables) or (len(groups or ()) > 1 and not blind))
    if not derives and not learns and settings.calibration is None:
        return []
    return held_out_folds(settings.cv, trainer.X, trainer.codes, trainer.rng, **split_params)
