"""Plan and run the fits of one ensemble: rows, labels, random states and metadata of each member."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import get_config
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import check_cv
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing

from ensemble_hwr._composites import params_of_rows, seed_all, weight_params
from ensemble_hwr._typing import IntArray
from ensemble_hwr.ensemble._members import Member, default_estimator
from ensemble_hwr.ensemble._mlp import MemberMLPClassifier
from ensemble_hwr.ensemble._parallel import FitTask, run_tasks
from ensemble_hwr.ensemble._templates import HierarchySettings


@dataclass(frozen=True)
class FitPlan:
    """The fits of some members on some parts of the rows.

    Attributes
    ----------
    members : sequence of Member
        Not fitted.
    tasks : sequence of sequence of FitTask or None
        For each part one of every member; None where the part has no row of its set.
    """

    members: Sequence[Member]
    tasks: Sequence[Sequence[FitTask | None]]


@dataclass(frozen=True)
class Trainer:
    """Everything that the fits of one ensemble share.

    Attributes
    ----------
    X : array-like of shape (n_samples, n_features)
        Training rows.
    codes : ndarray of shape (n_samples,)
        Column of each row's class.
    params_of : callable
        Returns the further keywords of a member's fit, for all rows.
    n_jobs, verbose : int
        For joblib.
    rng : RandomState or None
        Source of the members' random states.
    """

    X: Any
    codes: IntArray
    params_of: Callable[[Member], Mapping[str, Any]]
    n_jobs: int | None
    verbose: int
    rng: np.random.RandomState | None

    def plan(self, members: Sequence[Member], target: NDArray[Any], parts: Sequence[IntArray]) -> FitPlan:
        """Plan the fits of every member on every part of the rows, restricted to the classes of its set.

        Random states are drawn here, so they depend on the order of plans and not on that of fits.
        """
        return FitPlan(members, [[self._task(member, target, rows) for member in members] for rows in parts])

    def fit(self, *plans: FitPlan) -> list[list[list[Member]]]:
        """Run the fits of several plans in parallel.

        Returns
        -------
        list of list of list of Member
            For each plan and each of its parts the fitted members; an estimator is None where a part had no row.
        """
        tasks = [task for plan in plans for part in plan.tasks for task in part if task is not None]
        fitted = iter(run_tasks(tasks, self.X, self.n_jobs, self.verbose))
        return [
            [
                [
                    replace(member, estimator=None if task is None else next(fitted))
                    for member, task in zip(plan.members, part, strict=True)
                ]
                for part in plan.tasks
            ]
            for plan in plans
        ]

    def _task(self, member: Member, target: NDArray[Any], rows: IntArray) -> FitTask | None:
        params = self.params_of(member)
        own = _without_weight_zero(rows[np.isin(self.codes[rows], member.columns)], params)
        n_targets = len(np.unique(target[own]))
        if n_targets == 0:
            return None
        if n_targets == 1:
            return FitTask(member.name, DummyClassifier(), own, target[own], {})
        template = default_estimator(len(own)) if member.estimator is None else member.estimator
        own_params = params_of_rows(params, own, len(target))
        return FitTask(member.name, seed_all(template, self.rng), own, target[own], own_params)


def _without_weight_zero(rows: IntArray, params: Mapping[str, Any]) -> IntArray:
    """Return the rows whose weight is not 0; a batch of rows without any weight has no loss."""
    for name, value in params.items():
        if name.split("__")[-1] == "sample_weight":
            rows = rows[np.asarray(value)[rows] != 0]
    return rows


@dataclass(frozen=True)
class FitParams:
    """Metadata of the fits of one ensemble, for all rows.

    Attributes
    ----------
    of_member : callable
        Returns the keywords of a member's fit.
    of_splitter : mapping of str to object
        Keywords of the splitter's split.
    """

    of_member: Callable[[Member], Mapping[str, Any]]
    of_splitter: Mapping[str, Any]


def fit_params_for(ensemble: Any, fit_params: Mapping[str, Any]) -> FitParams:
    """Assign the keywords of the ensemble's fit to its members and its splitter."""
    given = {name: value for name, value in fit_params.items() if value is not None}
    if get_config()["enable_metadata_routing"]:
        routed = process_routing(ensemble, "fit", **given)
        return FitParams(lambda member: routed.get(member.name, routed.get(member.role)).fit, routed.splitter.split)
    unknown = sorted(set(given) - {"sample_weight", "groups"})
    if unknown:
        raise TypeError(
            f"fit got {unknown}; without metadata routing it accepts sample_weight and groups only, "
            "enable routing by sklearn.set_config(enable_metadata_routing=True)"
        )
    splitter = {"groups": given["groups"]} if "groups" in given else {}
    if "sample_weight" not in given:
        return FitParams(lambda _: {}, splitter)
    weight = given["sample_weight"]
    return FitParams(lambda member: weight_params(member.estimator, weight, member.name), splitter)


def metadata_router(ensemble: HierarchySettings) -> MetadataRouter:
    """Return the routes from the ensemble's fit to its members and its splitter; default members get weights."""
    router = MetadataRouter(owner=ensemble)
    fit = MethodMapping().add(caller="fit", callee="fit")
    default = MemberMLPClassifier()
    if get_config()["enable_metadata_routing"]:
        default.set_fit_request(sample_weight=True)
    for role in ("router", "specialist", "expert"):
        declared = getattr(ensemble, role)
        if role == "expert" and ensemble.confusables is None:
            declared = None  # without sets no member is made from the template, so its requests do not matter
        named = (
            {f"{role}:{name}": estimator for name, estimator in declared.items()}
            if isinstance(declared, Mapping)
            else {role: declared}
        )
        router.add(method_mapping=fit, **{name: default if given is None else given for name, given in named.items()})
    own_splitter = ensemble.cv is not None and not isinstance(ensemble.cv, str | float)
    return router.add(
        splitter=check_cv(ensemble.cv if own_splitter else None, classifier=True),
        method_mapping=MethodMapping().add(caller="fit", callee="split"),
    )
