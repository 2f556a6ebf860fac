"""What a member is asked in tuning: the rows it learns from, those it is judged on, and what is believed before."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ensemble_hwr._sklearn import _safe_indexing
from ensemble_hwr._typing import FloatArray, IntArray
from ensemble_hwr._composites import seed_all, weight_params
from ensemble_hwr.ensemble import epoch_callback, fit_cache
from ensemble_hwr.ensemble.held_out import Member, MemberProblem, learn_trust, opinion_of, pool
from ensemble_hwr.tuning._folds import with_folds_of
from ensemble_hwr.tuning._learner import Onlooker
from ensemble_hwr.tuning._memory import of_this_process
from ensemble_hwr.tuning._score import Loss

Report = Callable[[int, int | None, float | None], None]


@dataclass(frozen=True)
class Part:
    """One fold for one member.

    Attributes
    ----------
    fit, judge : ndarray of int
        Rows to learn from and rows to be judged on.
    prior : ndarray of shape (n_judge, n_classes), or None
        What the ensemble believes of the judged rows before the member speaks; None where nobody speaks before it.
    """

    fit: IntArray
    judge: IntArray
    prior: FloatArray | None = None


@dataclass(frozen=True)
class Question:
    """What is asked of one member, or of the whole, in every fold.

    Attributes
    ----------
    name : str
        The member.
    classes : ndarray
        All labels.
    columns : ndarray of int
        Positions of the member's own classes.
    parts : sequence of Part
    trust : float or None
        The member's trust where it is given; else the best one is learned, as the ensemble does.
    targets : mapping of label to columns, or None
        For a router of groups: the classes behind each of its labels.
    """

    name: str
    classes: NDArray[Any]
    columns: IntArray
    parts: Sequence[Part]
    trust: float | None = None
    targets: Mapping[Any, IntArray] | None = None

    @property
    def n_judged(self) -> int:
        """Return how many rows it is judged on, in all folds."""
        return sum(len(part.judge) for part in self.parts)


@dataclass(frozen=True)
class Letters:
    """The rows that are learned from in tuning; no test letter is among them.

    Attributes
    ----------
    rows : array-like of shape (n, n_features)
    labels : ndarray of shape (n,)
    weight : ndarray of shape (n,), or None
    """

    rows: Any
    labels: NDArray[Any]
    weight: FloatArray | None = None


def evaluate(  # what a trial is
    estimator: Any, question: Question, letters: Letters, loss: Loss, *, seed: int, report: Report
) -> float:
    """Cross-validate a member.

    Parameters
    ----------
    estimator : classifier
        Not fitted; every fold gets a clone.
    question : Question
    letters : Letters
    loss : callable
        See `loss_of`.
    seed : int
        The same for all trials, so that they differ by their settings alone.
    report : callable
        Told the fold, the epoch (None at the fold's end) and the loss so far: the mean of the folds that are done and
        the current one; None where the epoch is that of one member of a whole. What it raises ends the evaluation.

    Returns
    -------
    float
        Mean loss of the folds, weighted by the rows judged.
    """
    opinions: list[FloatArray] = []
    value = 0.0
    for number, part in enumerate(question.parts):
        fitted = seed_all(estimator, np.random.RandomState([seed, number]))
        onlooker = Onlooker(fitted, _safe_indexing(letters.rows, part.judge))
        epochs = 0

        def after_epoch(network: Any, part: Part = part, onlooker: Onlooker = onlooker, number: int = number) -> None:
            nonlocal epochs
            answered = onlooker.answers(network) if len(part.judge) else None
            if answered is None:
                report(number, epochs, None)
            else:
                known = known_columns(question, network_labels(network))
                now = spread(question, known, np.asarray(answered, dtype=float))
                report(number, epochs, _loss_so_far(question, letters, [*opinions, now], loss))
                epochs += 1

        with epoch_callback(after_epoch), fit_cache(of_this_process), threadpool_limits(1):
            opinions.append(fit_part(fitted, question, part, letters))
        value = _loss_so_far(question, letters, opinions, loss)
        report(number, None, value)
    return value


def fit_part(fitted: Any, question: Question, part: Part, letters: Letters) -> FloatArray:
    """Fit a member on one fold; return its opinion of the judged rows over its own columns, NaN where it knows none."""
    target = _target(question, letters.labels[part.fit])
    weighted = {} if letters.weight is None else weight_params(fitted, letters.weight[part.fit], question.name)
    with_folds_of(fitted, part.fit).fit(_safe_indexing(letters.rows, part.fit), target, **weighted)
    if not len(part.judge):
        return np.empty((0, len(question.columns)))
    judged = _safe_indexing(letters.rows, part.judge)
    if question.targets is not None:
        return MemberProblem(question.name, question.classes, question.columns, question.targets).predict(fitted, judged)
    known, opinion = opinion_of(
        Member(question.name, question.name.partition(":")[0], question.columns, fitted), judged, question.classes
    )
    return spread(question, known, opinion)


def network_labels(network: Any) -> NDArray[Any]:
    """Return the labels of a network's columns."""
    labels: NDArray[Any] = network.classes_
    return labels


def known_columns(question: Question, labels: NDArray[Any]) -> Any:
    """Return the columns of what a member answers."""
    return labels if question.targets is not None else np.searchsorted(question.classes, labels)


def spread(question: Question, known: Any, opinion: FloatArray) -> FloatArray:
    """Put an opinion into all columns of the member's set; NaN where a fold's part had no such class."""
    if question.targets is not None:
        shared = np.zeros((len(opinion), len(question.classes)))
        for label, share in zip(np.asarray(known).tolist(), opinion.T, strict=True):
            shared[:, question.targets[label]] = share[:, None] / len(question.targets[label])
        return shared
    wide = np.full((len(opinion), len(question.columns)), np.nan)
    wide[:, np.searchsorted(question.columns, known)] = opinion
    return wide


def trust_of(question: Question, letters: Letters, opinions: Sequence[FloatArray]) -> float:
    """Return the trust that a member has earned in the folds that are done: given, or the best."""
    if question.trust is not None:
        return question.trust
    pairs = [_pool(question, part, opinion) for part, opinion in zip(question.parts, opinions, strict=False)]
    truths = [_truth(question, part, letters) for part, _ in zip(question.parts, opinions, strict=False)]
    priors, views = (np.concatenate([pair[i] for pair in pairs]) for i in (0, 1))
    weight = None
    if letters.weight is not None:
        weight = np.concatenate([letters.weight[part.judge] for part, _ in zip(question.parts, opinions, strict=False)])
    return learn_trust(priors, views, np.concatenate(truths), weight)


def _loss_so_far(question: Question, letters: Letters, opinions: Sequence[FloatArray], loss: Loss) -> float:
    """Return the mean loss of the folds that have an opinion; 0 as long as no letter was sent to the member."""
    judged = [(part, opinion) for part, opinion in zip(question.parts, opinions, strict=False) if len(part.judge)]
    if not judged:
        return 0.0
    own = question.classes[question.columns]
    trust = trust_of(question, letters, opinions) if question.parts[0].prior is not None else 1.0
    losses = []
    for part, opinion in judged:
        answered = opinion
        if part.prior is not None:
            answered = _redistributed(part.prior, question.columns, opinion, trust)
        answered = np.nan_to_num(answered)
        weight = None if letters.weight is None else letters.weight[part.judge]
        losses.append(loss(letters.labels[part.judge], answered, own, weight))
    return float(np.average(losses, weights=[len(part.judge) for part, _ in judged]))


def _redistributed(prior: FloatArray, columns: IntArray, opinion: FloatArray, trust: float) -> FloatArray:
    """Return what is believed of the set's classes after the member spoke, as shares of the set."""
    known = ~np.isnan(opinion[0])
    after = pool(prior, columns[known], opinion[:, known], trust)[:, columns]
    total = after.sum(axis=1, keepdims=True)
    shares: FloatArray = np.divide(after, total, out=np.zeros_like(after), where=total > 0)
    return shares


def _pool(question: Question, part: Part, opinion: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return prior and opinion over the set, both without what the fold's member does not know."""
    assert part.prior is not None
    if not len(opinion):
        return np.zeros_like(opinion), np.zeros_like(opinion)
    known = ~np.isnan(opinion[0])
    inside = np.where(known, part.prior[:, question.columns], 0.0)
    total = inside.sum(axis=1, keepdims=True)
    return inside / np.where(total > 0, total, 1), np.where(known, opinion, 0.0)


def _truth(question: Question, part: Part, letters: Letters) -> IntArray:
    codes: IntArray = np.searchsorted(question.classes[question.columns], letters.labels[part.judge])
    return codes


def _target(question: Question, labels: NDArray[Any]) -> NDArray[Any]:
    """Return what is learned: the labels, or for a router of groups the group of each."""
    if question.targets is None:
        return labels
    names = np.empty(len(question.classes), dtype=object)
    for name, columns in question.targets.items():
        names[columns] = name
    grouped: NDArray[Any] = names[np.searchsorted(question.classes, labels)].astype(str)
    return grouped
