"""The stages of tuning: members in the order in which they are applied, each with its objective."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

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
from ensemble_hwr.tuning._objective import FoldRows, Objective, TrainingData
from ensemble_hwr.tuning._out_of_fold import OutOfFold, role_of
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
    fits : OutOfFold
        Fits members between two stages.
    has_time : callable
        Called with the name of the next member to tune before fits that its objective depends on. If it returns False,
        no further member is tuned.

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
        fits: OutOfFold,
        has_time: Callable[[str], bool],
    ) -> None:
        self.config = config
        self._data = data
        self._folds = folds
        self._sources = sources
        self._fits = fits
        self._has_time = has_time
        self._classes = np.unique(data.y)
        self._codes = np.searchsorted(self._classes, data.y)
        self._to_fit = self._expected_fits()  # share of the letters of every member whose predictions are needed

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
            self._to_fit = {}
        if space_of(self.config, WHOLE) is not None:
            yield from self._stage(Objective(self._problem_of(WHOLE), folds))
            self.config = drop_unknown_members(self.config, self._classes)

    def set_params(self, name: str, params: Mapping[str, Any]) -> None:
        """Set the best parameters of a stage in the config."""
        self.config = with_params(self.config, name, params)

    def share_to_fit(self) -> float:
        """Return the sum of the shares of the letters of all members that are still to be fitted between stages."""
        return sum(self._to_fit.values())

    def seconds_to_fit(self, before: str | None = None) -> float:
        """Estimate the time of the fits between stages that are still to come: all, or those before a member's stage.

        It is 0 as long as no member was tuned or fitted.
        """
        names = list(self._to_fit)
        shares: dict[str, float] = {}
        for name in names[: names.index(before)] if before in names else names:
            shares[role_of(name)] = shares.get(role_of(name), 0.0) + self._to_fit[name]
        return self._fits.expected_seconds(shares)

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
        if not self._has_time(next(name for name in self.names() if name != ROUTER)):
            return
        probabilities = [np.nan_to_num(predicted) for predicted in self._predictions(router)]
        self._declare_sets(probabilities)
        groups, confusables = self._sets("specialist"), self._sets("expert")
        assert groups is not None
        assert confusables is not None
        ensemble = build_hierarchy(self.config, self._classes.tolist(), sources=self._sources)
        held_out = HeldOutPool(probabilities, gate_of(ensemble, groups, self._classes, ensemble.router_target))
        members = self._declared(groups, confusables)
        fixed = fixed_trusts(ensemble.trust, members, ensemble.router_target == "groups")
        self._to_fit = self._before_last_expert(members)
        for i, member in enumerate(members):
            tuned = [later.name for later in members[i:] if space_of(self.config, later.name) is not None]
            if not tuned or not self._has_time(tuned[0]):
                return
            open_rows = held_out.open_rows(member)
            applied = self._objective(member, fixed.get(member.name), open_rows, held_out.probabilities)
            evaluated = self._objective_within_set(applied)
            if evaluated.n_valid:
                yield from self._stage(evaluated)
            if member.name in self._to_fit:
                predictions = self._predictions(applied)
                del self._to_fit[member.name]
                trust = self._trust(evaluated, applied, predictions)
                held_out.apply(member.columns, open_rows, predictions, trust)

    def _expected_fits(self) -> dict[str, float]:
        """Return the share of the letters of each member to be fitted; of all members of a role with derived sets."""
        names = [name for name in self.names() if name not in (ROUTER, WHOLE)]
        if not names:
            return {}
        if not any(role_of(name) == "expert" for name in names):
            return {ROUTER: 1.0}
        groups, confusables = self._sets("specialist"), self._sets("expert")
        specialists = {"specialist": 1.0} if groups is None else self._shares(self._declared(groups, {}))
        if confusables is None:
            experts = {"expert": min(1.0, 2 * (self.config.hierarchy.max_confusables - 1) / len(self._classes))}
        else:
            experts = self._before_last_expert(self._declared({}, confusables))
        return {ROUTER: 1.0} | specialists | experts

    def _declared(self, groups: NamedSets, confusables: NamedSets) -> list[Member]:
        return [
            *declare_members("specialist", None, groups, self._classes),
            *declare_members("expert", None, confusables, self._classes),
        ]

    def _before_last_expert(self, members: Sequence[Member]) -> dict[str, float]:
        """Return the share of the letters of each member before the last tuned expert; its predictions are needed."""
        tuned = [i for i, one in enumerate(members) if one.role == "expert" and space_of(self.config, one.name)]
        return self._shares(members[: max(tuned, default=0)])

    def _shares(self, members: Sequence[Member]) -> dict[str, float]:
        """Return the share of the letters of each member."""
        return {member.name: self._fits.share(self._classes[member.columns]) for member in members}

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
        """Return the out-of-fold predictions of a member with its current parameters."""
        return self._fits.predictions(MemberFactory(self.config, objective.name)({}), objective)

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
