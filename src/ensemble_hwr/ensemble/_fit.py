"""Fit a hierarchy from labelled rows: router, sets, members, trust and temperature, in that order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.multiclass import check_classification_targets

from ensemble_hwr._sklearn import _check_sample_weight, _safe_indexing
from ensemble_hwr._typing import FloatArray, Fold, IntArray
from ensemble_hwr.ensemble._members import ROUTER, Member, check_prefit, declare_members, fixed_trusts
from ensemble_hwr.ensemble._parallel import one_thread
from ensemble_hwr.ensemble._pooling import gate_of
from ensemble_hwr.ensemble._templates import HierarchySettings
from ensemble_hwr.ensemble._trainer import FitPlan, Trainer
from ensemble_hwr.ensemble._trust import learn_temperature
from ensemble_hwr.ensemble.held_out import HeldOutFold, MemberProblem, held_out_folds, learn_trusts, soft_confusion
from ensemble_hwr.exceptions import HierarchyError
from ensemble_hwr.hierarchy import (
    NamedSets,
    batches,
    derive_confusables,
    derive_groups,
    resolve_confusables,
    resolve_groups,
    top_level,
)


@dataclass(frozen=True)
class FittedHierarchy:
    """A fitted hierarchy.

    Attributes
    ----------
    groups, confusables : dict of str to ndarray
        Classes of each set; groups within groups follow level by level.
    router : Member
        Fitted on all rows.
    members : sequence of Member
        Specialists and experts, fitted on all rows of their sets, in the order in which they are applied.
    trust : dict of str to float
        Trust of each of `members`.
    temperature : float
        Of the final probabilities; 1 where it is not learned.
    """

    groups: NamedSets
    confusables: NamedSets
    router: Member
    members: Sequence[Member]
    trust: dict[str, float]
    temperature: float


def sorted_classes(labels: NDArray[Any]) -> tuple[NDArray[Any], IntArray]:
    """Return the sorted classes, and the position of each label among them.

    Raises
    ------
    ValueError
        If the labels cannot be sorted, or are all the same.
    """
    try:
        check_classification_targets(labels)
        classes, codes = np.unique(labels, return_inverse=True)
    except TypeError as error:
        if "not supported between" not in str(error):
            raise
        types = sorted({type(label).__name__ for label in labels.tolist()})
        raise ValueError(
            f"y mixes labels of the types {', '.join(types)}, which cannot be sorted; "
            "make them all one type, such as str"
        ) from None
    if len(classes) < 2:
        raise ValueError(f"fit needs two classes or more, but y holds 1 class only: {classes.tolist()[0]!r}")
    return classes, codes


def checked_weight(sample_weight: ArrayLike | None, X: Any) -> FloatArray:
    """Return the weight of each row, 1 by default.

    Raises
    ------
    ValueError
        If a weight is negative, or all are 0.
    """
    weight: FloatArray = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
    if not weight.any():
        raise ValueError("sample_weight is 0 for every row; give some rows a weight above 0")
    return weight


def fit_hierarchy(
    settings: HierarchySettings,
    trainer: Trainer,
    labels: NDArray[Any],
    *,
    classes: NDArray[Any],
    weight: FloatArray,
    split_params: Mapping[str, Any],
) -> FittedHierarchy:
    """Fit router and members, derive sets that are not declared, and learn trust from held-out rows.

    Parameters
    ----------
    settings : HierarchySettings
        The ensemble's parameters.
    trainer : Trainer
        Runs the fits.
    labels : ndarray of shape (n_samples,)
        Label of each row.
    classes : ndarray of shape (n_classes,)
        Sorted labels.
    weight : ndarray of shape (n_samples,)
        Weight of each row where sets are derived and trust is learned.
    split_params : mapping
        Keywords of the splitter's split.

    Returns
    -------
    FittedHierarchy
        Router, members, sets, trust and temperature.
    """
    groups = _declared_groups(settings, classes)
    confusables = _declared_confusables(settings, classes)
    folds = _folds(settings, trainer, groups, confusables, split_params)
    fit = _Fit(settings, trainer, labels, classes, folds)
    with one_thread():
        return fit.run(groups, confusables, weight)


@dataclass(frozen=True)
class _Fit:
    """The steps of fitting one hierarchy; `folds` are pairs of rows to fit on and rows to evaluate on."""

    settings: HierarchySettings
    trainer: Trainer
    labels: NDArray[Any]
    classes: NDArray[Any]
    folds: Sequence[Fold]

    def run(self, groups: NamedSets | None, confusables: NamedSets | None, weight: FloatArray) -> FittedHierarchy:
        """Fit router and members in parallel where all sets are declared; else members after the router."""
        problem = MemberProblem.of_router(self.classes, self.settings.router_target, groups)
        routers = self._plan_router(problem)
        if groups is None or confusables is None:
            (fitted_routers,) = self._fit(routers)
            oof = self._oof_probabilities(fitted_routers, problem)
            if groups is None:
                groups = derive_groups(self._confusion(oof, weight), self.classes, self.settings.group_size)
            if confusables is None:
                most = self.settings.max_confusables
                confusables = derive_confusables(self._confusion(oof, weight), self.classes, max_sets=most)
            members, fixed = self._plan_members(groups, confusables)
            (fitted_members,) = self._fit(members)
        else:
            members, fixed = self._plan_members(groups, confusables)
            fitted_routers, fitted_members = self._fit(routers, members)
            oof = self._oof_probabilities(fitted_routers, problem)
        trust, temperature = self._learn_trusts(fitted_members, fixed, oof, groups, weight)
        return FittedHierarchy(groups, confusables, fitted_routers[0][0], fitted_members[0], trust, temperature)

    def _plan_router(self, problem: MemberProblem) -> FitPlan:
        """Plan the router, and one for each fold."""
        declared = Member(ROUTER, ROUTER, problem.columns, self.settings.router)
        if is_prefit(self.settings):
            check_prefit(declared, list(problem.columns_by_label or ()))
        return self._plan([declared], problem.target(self.labels), self.folds)

    def _plan_members(self, groups: NamedSets, confusables: NamedSets) -> tuple[FitPlan, dict[str, float]]:
        """Plan specialists and experts, also for the folds if trust is learned; return the fixed trusts."""
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

    def _plan(self, members: Sequence[Member], target: NDArray[Any], folds: Sequence[Fold]) -> FitPlan:
        """Plan members on all rows, and on those of each fold."""
        parts = [np.arange(len(target)), *(train for train, _ in folds)]
        if is_prefit(self.settings):
            return FitPlan(members, [[] for _ in parts])
        return self.trainer.plan(members, target, parts)

    def _fit(self, *plans: FitPlan) -> list[list[list[Member]]]:
        """Run the fits of plans; prefit members are the same for every part."""
        if is_prefit(self.settings):
            return [[list(plan.members) for _ in plan.tasks] for plan in plans]
        return self.trainer.fit(*plans)

    def _oof_probabilities(self, routers: Sequence[Sequence[Member]], problem: MemberProblem) -> list[FloatArray]:
        """Return the out-of-fold probabilities of the routers of the folds."""
        return [
            problem.predict(router.estimator, self._rows(test))
            for (router,), (_, test) in zip(routers[1:], self.folds, strict=True)
        ]

    def _confusion(self, oof: Sequence[FloatArray], weight: FloatArray) -> FloatArray:
        """Sum the routers' out-of-fold probabilities by true class."""
        codes = [self.trainer.codes[test] for _, test in self.folds]
        return soft_confusion(oof, codes, len(self.classes), [weight[test] for _, test in self.folds])

    def _learn_trusts(
        self,
        fitted: Sequence[Sequence[Member]],
        fixed: dict[str, float],
        oof: Sequence[FloatArray],
        groups: NamedSets,
        weight: FloatArray,
    ) -> tuple[dict[str, float], float]:
        """Learn the trusts that are not fixed, then the temperature, from the members of the folds."""
        if len(fitted) == 1:
            return fixed, 1.0
        held_out = [
            HeldOutFold(self._rows(test), self.trainer.codes[test], weight[test], P, members)
            for members, (_, test), P in zip(fitted[1:], self.folds, oof, strict=True)
        ]
        gate = gate_of(self.settings, groups, self.classes, self.settings.router_target)
        trust = learn_trusts(held_out, fixed, classes=self.classes, gate=gate)
        return trust, 1.0 if self.settings.calibration is None else _temperature(held_out)

    def _rows(self, rows: IntArray) -> Any:
        return _safe_indexing(self.trainer.X, rows)


def _temperature(folds: Sequence[HeldOutFold]) -> float:
    """Learn the temperature from the folds' probabilities after all members were applied."""
    return learn_temperature(
        np.concatenate([fold.probabilities for fold in folds]),
        np.concatenate([fold.y for fold in folds]),
        np.concatenate([fold.weight for fold in folds]),
    )


def is_prefit(settings: HierarchySettings) -> bool:
    """Return whether members are fitted already."""
    return isinstance(settings.cv, str)


def _declared_groups(settings: HierarchySettings, classes: NDArray[Any]) -> NamedSets | None:
    """Return the declared groups, or None if they are to be derived."""
    router_of_groups = settings.router_target == "groups"
    if isinstance(settings.groups, str):
        if settings.groups == "derived":
            if router_of_groups:
                raise HierarchyError(
                    "groups='derived' needs a router of classes, and router_target='groups' makes a router of "
                    "groups; declare the groups or use router_target='classes'"
                )
            return None
        groups = batches(classes, settings.group_size)
    else:
        groups = resolve_groups(settings.groups, classes)
    if router_of_groups and len(top_level(groups)) < 2:
        raise HierarchyError("router_target='groups' needs two groups or more to choose from; declare them")
    return groups


def _declared_confusables(settings: HierarchySettings, classes: NDArray[Any]) -> NamedSets | None:
    """Return the declared confusable sets, or None if they are to be derived."""
    if settings.confusables is None:
        return {}
    if not isinstance(settings.confusables, str):
        return resolve_confusables(settings.confusables, classes)
    if settings.router_target == "groups":
        raise HierarchyError(
            "confusables='derived' needs a router of classes, and router_target='groups' makes a router of groups; "
            "declare the sets or use router_target='classes'"
        )
    return None


def _folds(
    settings: HierarchySettings,
    trainer: Trainer,
    groups: NamedSets | None,
    confusables: NamedSets | None,
    split_params: Mapping[str, Any],
) -> list[Fold]:
    """Return the folds; none if no trust, set or temperature is estimated."""
    if is_prefit(settings):
        everything = np.arange(len(trainer.codes))
        return [(everything[:0], everything)]
    derives = groups is None or confusables is None
    learns = isinstance(settings.trust, str) and (bool(confusables) or _has_free_specialists(settings, groups or {}))
    if not derives and not learns and settings.calibration is None:
        return []
    return held_out_folds(settings.cv, trainer.X, trainer.codes, trainer.rng, **split_params)


def _has_free_specialists(settings: HierarchySettings, groups: NamedSets) -> bool:
    """Return whether the trust of a specialist can be learned; a router of groups fixes that of the first level."""
    if settings.router_target == "groups":
        return len(groups) > len(top_level(groups))
    return len(groups) > 1
