"""The stages of tuning: members in the order in which they are applied, each with its objective."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from ensemble_hwr._composites import seed_all
from ensemble_hwr._processes import worker_backend
from ensemble_hwr._typing import FloatArray, Fold, IntArray
from ensemble_hwr.config import ExperimentConfig, build_hierarchy
from ensemble_hwr.config.building import declared_confusables, declared_groups
from ensemble_hwr.config.search_space import WHOLE
from ensemble_hwr.ensemble.held_out import (
    HeldOutPool,
    Member,
    MemberProblem,
    declare_members,
    fixed_trusts,
    gate_of,
    soft_confusion,
)
from ensemble_hwr.exceptions import ConfigError, HierarchyError
from ensemble_hwr.hierarchy import NamedSets, derive_confusables, derive_groups
from ensemble_hwr.tuning._objective import FoldRows, Objective, TrainingData, fit_predict, without_batch_warnings
from ensemble_hwr.tuning._params import (
    ROUTER,
    EnsembleFactory,
    MemberFactory,
    drop_unknown_members,
    space_of,
    with_params,
)


@dataclass(frozen=True)
class Stage:
    """One member to tune, or the whole ensemble.

    Attributes
    ----------
    name : str
        Name of the member, or ``"hierarchy"``.
    config : ExperimentConfig
        The config with the parameters of the earlier stages.
    objective : Objective
        What is minimised.
    """

    name: str
    config: ExperimentConfig
    objective: Objective

    def factory(self, sources: Sequence[str | None] | None) -> MemberFactory | EnsembleFactory:
        """Return the factory of the estimator of a trial."""
        if self.name == WHOLE:
            return EnsembleFactory(self.config, self.objective.problem.classes, sources)
        return MemberFactory(self.config, self.name)


class Stages:
    """Iterate over the members of a config that have a search space, in the order in which they are applied.

    Between two stages, `set_params` must be called with the best parameters of the first one: the objectives of the
    later members depend on the probabilities of the tuned earlier ones.

    Parameters
    ----------
    config : ExperimentConfig
        The config.
    data : TrainingData
        Rows and labels.
    folds : sequence of (ndarray, ndarray)
        Rows to train on and rows to evaluate on.
    sources : sequence of str or None, or None
        Source of each row; None if rows have no sources.
    random_state : int
        Seed of the fits between two stages.
    n_jobs : int
        Processes for these fits.

    Attributes
    ----------
    config : ExperimentConfig
        The config with all parameters that were set.
    """

    def __init__(
        self,
        config: ExperimentConfig,
        data: TrainingData,
        folds: Sequence[Fold],
        *,
        sources: Sequence[str | None] | None,
        random_state: int,
        n_jobs: int,
    ) -> None:
        self.config = config
        self._data = data
        self._folds = folds
        self._sources = sources
        self._random_state = random_state
        self._n_jobs = n_jobs
        self._classes = np.unique(data.y)
        self._codes = np.searchsorted(self._classes, data.y)

    def names(self) -> list[str]:
        """Return the names of the stages; the role for members whose sets are still to be derived."""
        names = [ROUTER, *self._names_of("specialist"), *self._names_of("expert"), WHOLE]
        return [name for name in names if space_of(self.config, name) is not None]

    def check(self) -> None:
        """Raise an error for spaces of unknown members, and for searched groups or sets that do not fit the classes.

        Raises
        ------
        ConfigError
            If there is any.
        """
        spaces = {} if self.config.tune is None else self.config.tune.spaces
        for name in spaces:
            role = name.partition(":")[0]
            if ":" in name and self._sets(role) is None:
                raise ConfigError(
                    f'tune."{name}": its sets are derived, so their names are not known yet; write [tune.{role}]'
                )
            if ":" in name and name not in self._names_of(role):
                known = ", ".join(self._names_of(role)) or "none"
                raise ConfigError(f'tune."{name}": there is no such member; there are: {known}')
            if name in ("specialist", "expert") and self._sets(name) is not None and not self._names_of(name):
                raise ConfigError(f"tune.{name}: the hierarchy has no {name}; declare sets, or remove this space")
        for parameter, entry in (space_of(self.config, WHOLE) or {}).items():
            for value in entry.probes() if parameter in ("groups", "confusables") else ():
                try:
                    EnsembleFactory(self.config, self._classes, self._sources)({parameter: value})
                except (ConfigError, HierarchyError) as error:
                    raise ConfigError(f"tune.hierarchy.{parameter}: {error}") from None

    def __iter__(self) -> Iterator[Stage]:
        """Yield a stage for every member with a space: router, specialists, experts, then the whole ensemble."""
        folds = [FoldRows(train, valid) for train, valid in self._folds]
        router = Objective(self._problem_of(ROUTER), folds)
        yield from self._stage(router)
        if any(name not in (ROUTER, WHOLE) for name in (self.config.tune.spaces if self.config.tune else {})):
            yield from self._members(router)
        if space_of(self.config, WHOLE) is not None:
            yield from self._stage(Objective(self._problem_of(WHOLE), folds))
            self.config = drop_unknown_members(self.config, self._classes)

    def set_params(self, name: str, params: Mapping[str, Any]) -> None:
        """Set the best parameters of a stage in the config."""
        self.config = with_params(self.config, name, params)

    def _problem_of(self, name: str) -> MemberProblem:
        """Return the problem of the router or of the whole ensemble, which have all classes."""
        if name == ROUTER and self.config.hierarchy.router_target == "groups":
            return MemberProblem.of_router(self._classes, "groups", self._sets("specialist"))
        return MemberProblem.of_member(Member(name, name, np.arange(len(self._classes)), None), self._classes)

    def _stage(self, objective: Objective) -> Iterator[Stage]:
        if space_of(self.config, objective.name) is not None:
            yield Stage(objective.name, self.config, objective)

    def _members(self, router: Objective) -> Iterator[Stage]:
        """Yield specialists, then experts, each with the rows on which it is applied after the members before it."""
        probabilities = [np.nan_to_num(predicted) for predicted in self._predictions(router)]
        self._declare_sets(probabilities)
        groups, confusables = self._sets("specialist"), self._sets("expert")
        assert groups is not None
        assert confusables is not None
        ensemble = build_hierarchy(self.config, self._classes.tolist(), sources=self._sources)
        held_out = HeldOutPool(probabilities, gate_of(ensemble, groups, self._classes, ensemble.router_target))
        members = [
            *declare_members("specialist", None, groups, self._classes),
            *declare_members("expert", None, confusables, self._classes),
        ]
        fixed = fixed_trusts(ensemble.trust, members, ensemble.router_target == "groups")
        tuned = [i for i, member in enumerate(members) if space_of(self.config, member.name) is not None]
        for i, member in enumerate(members[: max(tuned) + 1]):
            open_rows = held_out.open_rows(member)
            applied = self._objective(member, fixed.get(member.name), open_rows, held_out.probabilities)
            evaluated = self._objective_within_set(applied)
            if evaluated.n_valid:
                yield from self._stage(evaluated)
            if any(members[later].role == "expert" for later in tuned if later > i):
                predictions = self._predictions(applied)
                trust = self._trust(evaluated, applied, predictions)
                held_out.apply(member.columns, open_rows, predictions, trust)

    def _objective(
        self, member: Member, trust: float | None, open_rows: Sequence[IntArray], probabilities: Sequence[FloatArray]
    ) -> Objective:
        """Return the objective of a member on all rows on which it is applied."""
        problem = MemberProblem.of_member(member, self._classes)
        folds = [
            FoldRows(problem.select(self._codes, train), valid[rows], prior[rows])
            for (train, valid), rows, prior in zip(self._folds, open_rows, probabilities, strict=True)
        ]
        return Objective(problem, folds, trust)

    def _objective_within_set(self, applied: Objective) -> Objective:
        """Return the objective on the rows whose class is in the member's set; it cannot change the loss of others."""
        folds = []
        for fold in applied.folds:
            assert fold.prior is not None
            inside = np.isin(self._codes[fold.valid], applied.problem.columns)
            folds.append(FoldRows(fold.train, fold.valid[inside], fold.prior[inside]))
        return Objective(applied.problem, folds, applied.trust)

    def _trust(self, evaluated: Objective, applied: Objective, predictions: Sequence[FloatArray]) -> float:
        """Return the trust of a member, from its predictions of the rows whose class is in its set."""
        inside = [np.isin(self._codes[fold.valid], applied.problem.columns) for fold in applied.folds]
        return evaluated.trust_of(self._data, [p[mask] for p, mask in zip(predictions, inside, strict=True)])

    def _predictions(self, objective: Objective) -> list[FloatArray]:
        """Fit a member with its current parameters in every fold; return its predictions of the evaluated rows."""
        estimator = MemberFactory(self.config, objective.name)({})
        jobs = [
            delayed(_fit_predict)(
                seed_all(estimator, np.random.RandomState([self._random_state, number])), objective, number, self._data
            )
            for number in range(len(objective.folds))
        ]
        return list(Parallel(n_jobs=self._n_jobs, backend=worker_backend())(jobs))

    def _declare_sets(self, probabilities: Sequence[FloatArray]) -> None:
        """Derive groups and confusable sets from the router's out-of-fold probabilities, and declare them."""
        section = self.config.hierarchy
        codes = [self._codes[valid] for _, valid in self._folds]
        confusion = soft_confusion(probabilities, codes, len(self._classes))
        derived: dict[str, Any] = {}
        if section.groups == "derived":
            derived["groups"] = derive_groups(confusion, self._classes, section.group_size)
        if section.confusables == "derived":
            derived["confusables"] = derive_confusables(confusion, self._classes, max_sets=section.max_confusables)
        if derived:
            named = {
                key: {name: labels.tolist() for name, labels in sets.items()} or "none" for key, sets in derived.items()
            }
            self.set_params(WHOLE, named)

    def _sets(self, role: str) -> NamedSets | None:
        """Return the sets of a role; None if they are still to be derived."""
        declared = declared_groups if role == "specialist" else declared_confusables
        return declared(self.config, self._classes.tolist())

    def _names_of(self, role: str) -> list[str]:
        """Return the names of the members of a role, or the role if they are not known yet."""
        sets = self._sets(role)
        if sets is None:
            return [role]
        return [member.name for member in declare_members(role, None, sets, self._classes)]


def _fit_predict(estimator: Any, objective: Objective, number: int, data: TrainingData) -> FloatArray:
    with threadpool_limits(1), without_batch_warnings():
        return fit_predict(estimator, objective.problem, objective.folds[number], data)
