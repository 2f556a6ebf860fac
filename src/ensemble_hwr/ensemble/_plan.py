"""A fitted ensemble made ready to predict: members whose views are shared, and what need not be worked out again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from ensemble_hwr._typing import FloatArray, IntArray
from ensemble_hwr.ensemble._answers import Answer, answer_of
from ensemble_hwr.ensemble._consulting import Gate
from ensemble_hwr.ensemble._growing import answers_of_router, gate_of
from ensemble_hwr.ensemble._members import ROUTER, Member, Opinion, Shares, checked_answer
from ensemble_hwr.ensemble._views import Views

if TYPE_CHECKING:
    from ensemble_hwr.ensemble._hierarchical import HierarchicalEnsembleClassifier


@dataclass(frozen=True)
class Plan:
    """How a fitted ensemble is asked.

    Attributes
    ----------
    made_of : tuple
        The members and sets that it was made of.
    router : Member
        The router.
    speakers : tuple of Member
        Specialists and experts in the order in which they speak.
    answers : mapping of str to callable
        What answers for each member.
    columns : mapping of str to ndarray
        Columns of the classes that each of `speakers` knows.
    shares : Shares
        What each class gets of the router's answer.
    gate : Gate
        When members spoke by the settings that the ensemble had when the plan was made.
    """

    made_of: tuple[Any, ...]
    router: Member
    speakers: tuple[Member, ...]
    answers: Mapping[str, Answer]
    columns: Mapping[str, IntArray]
    shares: Shares
    gate: Gate

    def route(self, views: Views) -> FloatArray:
        """Return the router's probabilities of all classes."""
        return self.shares.of(self._ask(self.router, views, None))

    def opinion(self, views: Views, member: Member, rows: IntArray) -> Opinion:
        """Return columns of the classes that a member knows, and its probabilities over them."""
        return self.columns[member.name], self._ask(member, views, rows)

    def _ask(self, member: Member, views: Views, rows: IntArray | None) -> FloatArray:
        answered = self.answers[member.name](views, rows)
        return checked_answer(member.name, member.estimator, answered, len(views) if rows is None else len(rows))


_PLANS: WeakKeyDictionary[HierarchicalEnsembleClassifier, Plan] = WeakKeyDictionary()


def plan_of(ensemble: HierarchicalEnsembleClassifier) -> Plan:
    """Return the plan of a fitted ensemble; it is made once, and again when members or sets are others.

    It is kept beside the ensemble, not in it: prediction leaves an estimator as it was, and files hold no plans.
    """
    made_of = _parts(ensemble)
    plan = _PLANS.get(ensemble)
    if plan is None or not _are_the_same(plan.made_of, made_of):
        plan = _PLANS[ensemble] = _made(ensemble, made_of)
    return plan


def _parts(ensemble: HierarchicalEnsembleClassifier) -> tuple[Any, ...]:
    return (
        ensemble.classes_,
        ensemble._router_target,
        *ensemble.members_.values(),
        *ensemble.groups_.values(),
        *ensemble.confusables_.values(),
    )


def _are_the_same(these: tuple[Any, ...], those: tuple[Any, ...]) -> bool:
    return len(these) == len(those) and all(a is b for a, b in zip(these, those, strict=True))


def _made(ensemble: HierarchicalEnsembleClassifier, made_of: tuple[Any, ...]) -> Plan:
    classes = ensemble.classes_
    targets = answers_of_router(ensemble._router_target, ensemble.groups_, classes)
    speakers = tuple(ensemble._speakers())
    return Plan(
        made_of,
        Member(ROUTER, ROUTER, np.arange(len(classes)), ensemble.members_[ROUTER]),
        speakers,
        {name: answer_of(estimator) for name, estimator in ensemble.members_.items()},
        {member.name: np.searchsorted(classes, member.estimator.classes_) for member in speakers},
        Shares.among_classes(ensemble.members_[ROUTER].classes_, targets, len(classes)),
        gate_of(ensemble, ensemble.groups_, classes, ensemble._router_target),
    )
