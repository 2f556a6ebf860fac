"""The stages of tuning, in the order in which members speak, and what each member is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ensemble_hwr._composites import seed_all
from ensemble_hwr._typing import FloatArray, Fold, IntArray
from ensemble_hwr.config import ExperimentConfig, build_hierarchy, build_member
from ensemble_hwr.config.building import declared_confusables, declared_groups
from ensemble_hwr.config.schema import member_of
from ensemble_hwr.config.search_space import WHOLE
from ensemble_hwr.ensemble.held_out import (
    Gate,
    Member,
    columns_by_router_label,
    declare_members,
    fixed_trusts,
    gate_of,
    pool,
)
from ensemble_hwr.exceptions import ConfigError, HierarchyError
from ensemble_hwr.hierarchy import derive_confusables, derive_groups
from ensemble_hwr.tuning._choice import space_of, with_choice
from ensemble_hwr.tuning._question import Letters, Part, Question, fit_part, trust_of

ROUTER = "router"
Run = Callable[["Stage"], Mapping[str, Any]]


@dataclass(frozen=True)
class Stage:
    """One member to tune, or the whole, with the config as the stages before it have left it."""

    name: str
    config: ExperimentConfig
    question: Question


@dataclass(frozen=True)
class MemberMaker:
    """Makes a member of a config with given settings."""

    config: ExperimentConfig
    name: str

    def __call__(self, chosen: Mapping[str, Any]) -> Any:
        """Return the member, not fitted."""
        config = with_choice(self.config, self.name, chosen) if chosen else self.config
        return build_member(config, member_of(config, self.name))


@dataclass(frozen=True)
class WholeMaker:
    """Makes the hierarchy of a config with given settings."""

    config: ExperimentConfig
    classes: NDArray[Any]
    sources: Sequence[str | None] | None = None

    def __call__(self, chosen: Mapping[str, Any]) -> Any:
        """Return the ensemble, not fitted."""
        config = with_choice(self.config, WHOLE, chosen) if chosen else self.config
        return build_hierarchy(without_strangers(config, self.classes), self.classes.tolist(), sources=self.sources)


def without_strangers(config: ExperimentConfig, classes: NDArray[Any]) -> ExperimentConfig:
    """Return a config without differences for members that its groups and confusable sets do not make."""
    declared = {"specialist": groups_of(config, classes), "expert": confusables_of(config, classes)}
    strange = [
        name for name in config.members if name.partition(":")[2] not in (declared[name.partition(":")[0]] or {})
    ]
    if not strange:
        return config
    members = {name: change for name, change in config.members.items() if name not in strange}
    return config.model_copy(update={"members": members})


def groups_of(config: ExperimentConfig, classes: NDArray[Any]) -> Any:
    """Return the groups of a config; None where they are derived."""
    return declared_groups(config, classes.tolist())


def confusables_of(config: ExperimentConfig, classes: NDArray[Any]) -> Any:
    """Return the confusable sets of a config; None where they are derived."""
    return declared_confusables(config, classes.tolist())


class Stages:
    """Walks through the members of a config, tunes those that have a space, and keeps what the ensemble believes.

    Parameters
    ----------
    config : ExperimentConfig
    letters : Letters
    folds : sequence of (ndarray, ndarray)
    sources : sequence of str or None
        Of each letter; None where they have none.
    seed : int
    n_jobs : int
        Processes for the fits between two stages.
    """

    def __init__(
        self,
        config: ExperimentConfig,
        letters: Letters,
        folds: Sequence[Fold],
        *,
        sources: Sequence[str | None] | None,
        seed: int,
        n_jobs: int,
    ) -> None:
        self.config = config
        self._sources = sources
        self._letters = letters
        self._folds = folds
        self._seed = seed
        self._n_jobs = n_jobs
        self._classes = np.unique(letters.labels)
        self._codes = np.searchsorted(self._classes, letters.labels)

    def names(self) -> list[str]:
        """Return whom there is to tune, as far as it is known before the sets are derived."""
        wanted = [ROUTER, *self._members("specialist"), *self._members("expert"), WHOLE]
        return [name for name in wanted if space_of(self.config, name) is not None]

    def check(self) -> None:
        """Refuse spaces of members that do not exist, and groups or sets that do not fit the classes.

        Raises
        ------
        ConfigError
        """
        spaces = {} if self.config.tune is None else self.config.tune.spaces
        for name in spaces:
            role = name.partition(":")[0]
            if ":" in name and self._sets(role) is None:
                raise ConfigError(f'tune."{name}": its sets are derived, so their names are not known; tune [{role}].')
            if ":" in name and name not in self._members(role):
                known = ", ".join(self._members(role)) or "none"
                raise ConfigError(f'tune."{name}": there is no such member; there are: {known}.')
            if name in ("specialist", "expert") and self._sets(name) is not None and not self._members(name):
                raise ConfigError(f"tune.{name}: the hierarchy has no {name}; declare sets, or leave it out.")
        for setting, entry in (space_of(self.config, WHOLE) or {}).items():
            for value in entry.probes() if setting in ("groups", "confusables") else ():
                try:
                    WholeMaker(self.config, self._classes, self._sources)({setting: value})
                except (ConfigError, HierarchyError) as error:
                    raise ConfigError(f"tune.hierarchy.{setting}: {error}") from None

    def run(self, tune: Run) -> ExperimentConfig:
        """Tune everybody in turn; return the config with everything that was chosen."""
        everything = np.arange(len(self._classes))
        targets = self._targets()
        parts = [Part(fit, judge) for fit, judge in self._folds]
        question = Question(ROUTER, self._classes, everything, parts, targets=targets)
        self._tune(question, tune)
        if any(name not in (ROUTER, WHOLE) for name in (self.config.tune.spaces if self.config.tune else {})):
            self._run_members(question, tune)
        if space_of(self.config, WHOLE) is not None:
            self._tune(Question(WHOLE, self._classes, everything, parts), tune)
            self.config = without_strangers(self.config, self._classes)
        return self.config

    def _tune(self, question: Question, tune: Run) -> None:
        if space_of(self.config, question.name) is not None:
            chosen = tune(Stage(question.name, self.config, question))
            self.config = with_choice(self.config, question.name, chosen)

    def _run_members(self, router: Question, tune: Run) -> None:
        """Tune specialists, then experts, each on the rows that are really sent to it."""
        believed = self._fit(MemberMaker(self.config, ROUTER)({}), router)
        self._declare_sets(believed)
        ensemble = build_hierarchy(self.config, self._classes.tolist(), sources=self._sources)
        gate = gate_of(ensemble, groups_of(self.config, self._classes), self._classes, ensemble.router_target)
        winners = [gate.winners(probabilities) for probabilities in believed]
        members = [
            *declare_members("specialist", None, groups_of(self.config, self._classes), self._classes),
            *declare_members("expert", None, confusables_of(self.config, self._classes), self._classes),
        ]
        fixed = fixed_trusts(ensemble.trust, members, ensemble.router_target == "groups")
        tuned = [i for i, member in enumerate(members) if space_of(self.config, member.name) is not None]
        for i, member in enumerate(members[: max(tuned) + 1]):
            heard = self._heard(gate, member, believed, winners)
            question = self._question(member, fixed.get(member.name), heard, believed)
            if question.n_judged:
                self._tune(question, tune)
            if any(members[later].role == "expert" for later in tuned if later > i):
                self._speak(member, question, heard, believed)

    def _heard(
        self, gate: Gate, member: Member, believed: Sequence[FloatArray], winners: Sequence[IntArray]
    ) -> list[IntArray]:
        """Return, for every fold, which of its judged rows the member is asked about."""
        return [gate.rows(member, probabilities, first) for probabilities, first in zip(believed, winners, strict=True)]

    def _question(
        self, member: Member, trust: float | None, heard: Sequence[IntArray], believed: Sequence[FloatArray]
    ) -> Question:
        """Ask a member about the rows sent to it whose letter is in its set; others it can neither help nor harm."""
        parts = []
        for (fit, judge), rows, probabilities in zip(self._folds, heard, believed, strict=True):
            own = fit[np.isin(self._codes[fit], member.columns)]
            mine = rows[np.isin(self._codes[judge[rows]], member.columns)]
            parts.append(Part(own, judge[mine], probabilities[mine]))
        return Question(member.name, self._classes, member.columns, parts, trust=trust)

    def _speak(
        self, member: Member, question: Question, heard: Sequence[IntArray], believed: Sequence[FloatArray]
    ) -> None:
        """Let a member change what is believed, with the trust that it has earned."""
        asked = Question(
            member.name,
            self._classes,
            member.columns,
            [
                Part(part.fit, judge[rows], probabilities[rows])
                for part, (_, judge), rows, probabilities in zip(
                    question.parts, self._folds, heard, believed, strict=True
                )
            ],
            trust=question.trust,
        )
        opinions = self._fit(MemberMaker(self.config, member.name)({}), asked)
        known = [np.isin(part.judge, own.judge) for part, own in zip(asked.parts, question.parts, strict=True)]
        judged = [opinion[mask] for opinion, mask in zip(opinions, known, strict=True)]
        trust = trust_of(question, self._letters, judged)
        for rows, probabilities, opinion in zip(heard, believed, opinions, strict=True):
            if len(rows):
                seen = ~np.isnan(opinion[0])
                probabilities[rows] = pool(probabilities[rows], member.columns[seen], opinion[:, seen], trust)

    def _fit(self, estimator: Any, question: Question) -> list[FloatArray]:
        """Fit a member on every fold; return its opinions of the judged rows."""
        jobs = [
            delayed(_fit_one)(
                seed_all(estimator, np.random.RandomState([self._seed, number])), question, part, self._letters
            )
            for number, part in enumerate(question.parts)
        ]
        return list(Parallel(n_jobs=self._n_jobs)(jobs))

    def _declare_sets(self, believed: Sequence[FloatArray]) -> None:
        """Derive groups and confusable sets from what routers said of letters they had not seen."""
        section = self.config.hierarchy
        codes = np.concatenate([self._codes[judge] for _, judge in self._folds])
        confusion = np.eye(len(self._classes))[codes].T @ np.concatenate(believed)
        derived: dict[str, Any] = {}
        if section.groups == "derived":
            derived["groups"] = derive_groups(confusion, self._classes, section.group_size)
        if section.confusables == "derived":
            derived["confusables"] = derive_confusables(confusion, self._classes, max_sets=section.max_confusables)
        if derived:
            named = {
                key: {name: labels.tolist() for name, labels in sets.items()} or "none" for key, sets in derived.items()
            }
            self.config = with_choice(self.config, WHOLE, named)

    def _targets(self) -> dict[Any, IntArray] | None:
        """Return the classes behind each label of a router of groups; None for one of classes."""
        if self.config.hierarchy.router_target == "classes":
            return None
        return columns_by_router_label("groups", groups_of(self.config, self._classes), self._classes)

    def _sets(self, role: str) -> Any:
        find = groups_of if role == "specialist" else confusables_of
        return find(self.config, self._classes)

    def _members(self, role: str) -> list[str]:
        """Return the members of a role by name, or the role where they are not known yet."""
        sets = self._sets(role)
        if sets is None:
            return [role]
        return [member.name for member in declare_members(role, None, sets, self._classes)]


def _fit_one(estimator: Any, question: Question, part: Part, letters: Letters) -> FloatArray:
    with threadpool_limits(1):
        return fit_part(estimator, question, part, letters)
