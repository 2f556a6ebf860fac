"""Members on held-out rows: folds, out-of-fold probabilities, the pool, and the estimation of trust.

:class:`~ensemble_hwr.HierarchicalEnsembleClassifier` estimates trust and derives sets with these functions;
hyperparameter tuning evaluates single members with them.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.model_selection import StratifiedKFold, check_cv

from ensemble_hwr._composites import weight_params
from ensemble_hwr._sklearn import _num_samples, _safe_indexing
from ensemble_hwr._typing import FloatArray, Fold, IntArray
from ensemble_hwr.ensemble._members import ROUTER as ROUTER
from ensemble_hwr.ensemble._members import ClassExpansion, checked_probabilities, fit_member
from ensemble_hwr.ensemble._members import Member as Member
from ensemble_hwr.ensemble._members import columns_by_router_label as columns_by_router_label
from ensemble_hwr.ensemble._members import declare_members as declare_members
from ensemble_hwr.ensemble._members import fixed_trusts as fixed_trusts
from ensemble_hwr.ensemble._pooling import Descent, Opinion, redistribute
from ensemble_hwr.ensemble._pooling import Gate as Gate
from ensemble_hwr.ensemble._pooling import gate_of as gate_of
from ensemble_hwr.ensemble._trust import learn_temperature as learn_temperature
from ensemble_hwr.ensemble._trust import learn_trust as learn_trust
from ensemble_hwr.ensemble._trust import temper as temper
from ensemble_hwr.exceptions import HierarchyError
from ensemble_hwr.hierarchy import NamedSets

DEFAULT_FOLDS = 3
MANY_ROWS = 5000  # from here on one held-out half serves as well, for half the fits


def held_out_folds(
    cv: Any, X: Any, codes: IntArray, rng: np.random.RandomState | None, **split_params: Any
) -> list[Fold]:
    """Split rows into folds: pairs of a part to fit on and a part to evaluate on.

    Parameters
    ----------
    cv : None, int, float, splitter or iterable
        Number of stratified folds; the share of rows of a single held-out part; or anything that scikit-learn accepts
        as ``cv``. None is 3 folds, or from 5,000 rows on one held-out half.
    X : array-like of shape (n_samples, n_features)
        Rows.
    codes : ndarray of shape (n_samples,)
        Column of each row's class.
    rng : RandomState or None
        Source of the shuffle.
    **split_params
        Such as ``groups``, for splitters that keep writers together.

    Returns
    -------
    list of (ndarray, ndarray)
        Positions of the rows to fit on, and of the rows to evaluate on.

    Raises
    ------
    HierarchyError
        If no class has two rows, or the folds are not pairs of positions without overlap.
    """
    if cv is not None and not isinstance(cv, Real):
        drawn = check_cv(cv, codes, classifier=True).split(X, codes, **split_params)
        return _checked_folds(drawn, len(codes))
    if cv is None and len(codes) >= MANY_ROWS:
        cv = 0.5
    wanted = DEFAULT_FOLDS if cv is None else int(cv) if isinstance(cv, Integral) else max(2, round(1 / float(cv)))
    n_folds = min(wanted, int(np.bincount(codes).max()))
    if n_folds < 2:
        raise HierarchyError(
            "trust and derived sets need held-out rows, but no class has two rows; give more rows, or set trust to a "
            "number and declare the sets"
        )
    seed = None if rng is None else int(rng.randint(np.iinfo(np.int32).max))
    with warnings.catch_warnings():
        # A class with fewer rows than folds is absent from some folds, which members allow for.
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        folds = list(StratifiedKFold(n_folds, shuffle=True, random_state=seed).split(np.empty(len(codes)), codes))
    return folds if cv is None or isinstance(cv, Integral) else folds[:1]


def _checked_folds(drawn: Iterable[Any], n_samples: int) -> list[Fold]:
    """Return folds as arrays of positions, each row on one side at most."""
    folds: list[Fold] = []
    for fold in drawn:
        train, test = (np.asarray(part) for part in fold)
        masks = train.dtype == test.dtype == bool
        if masks and train.shape == test.shape == (n_samples,):
            train, test = np.flatnonzero(train), np.flatnonzero(test)
        for part in (train, test):
            if part.ndim != 1 or part.dtype.kind not in "iu" or not len(part):
                raise _wrong_fold(len(folds), f"got a part of shape {part.shape} and dtype {part.dtype}")
            if part.min() < 0 or part.max() >= n_samples:
                raise _wrong_fold(len(folds), f"got positions {part.min()} to {part.max()} of {n_samples} rows")
        both = np.intersect1d(train, test)
        if len(both):
            raise _wrong_fold(len(folds), f"row {both[0]} is on both sides")
        folds.append((train, test))
    if not folds:
        raise HierarchyError("cv: got no folds; give at least one pair of rows to fit on and rows to evaluate on")
    return folds


def _wrong_fold(number: int, got: str) -> HierarchyError:
    return HierarchyError(
        f"cv: fold {number}: {got}; a fold is a pair of rows to fit on and other rows to evaluate on, "
        "each one or more positions"
    )


@dataclass(frozen=True)
class MemberProblem:
    """The classification problem of one member: its rows, its labels and the columns of its probabilities.

    Attributes
    ----------
    name : str
        Name of the member.
    classes : ndarray of shape (n_classes,)
        Sorted labels of the ensemble.
    columns : ndarray of shape (n_set,)
        Positions of the member's classes.
    columns_by_label : mapping of label to ndarray, or None
        For a router the columns of the classes that each of its labels stands for; None for other members.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.ensemble.held_out import MemberProblem
    >>> classes = np.array(list("ABCD"))
    >>> router = MemberProblem.of_router(classes, "groups", {"x": classes[:1], "y": classes[1:]})
    >>> router.target(np.array(["A", "C"])).tolist()
    ['x', 'y']
    >>> router.expand(np.array([[0.4, 0.6]]), np.array(["x", "y"])).round(2).tolist()
    [[0.4, 0.2, 0.2, 0.2]]
    """

    name: str
    classes: NDArray[Any]
    columns: IntArray
    columns_by_label: Mapping[Any, IntArray] | None = None

    @classmethod
    def of_router(
        cls, classes: NDArray[Any], router_target: str = "classes", groups: NamedSets | None = None
    ) -> MemberProblem:
        """Return the problem of a router of classes or of groups."""
        by_label = columns_by_router_label(router_target, groups, classes)
        return cls(ROUTER, classes, np.arange(len(classes)), by_label)

    @classmethod
    def of_member(cls, member: Member, classes: NDArray[Any]) -> MemberProblem:
        """Return the problem of a specialist or an expert."""
        return cls(member.name, classes, member.columns)

    @property
    def labels(self) -> NDArray[Any]:
        """Labels of the columns of the member's probabilities."""
        own: NDArray[Any] = self.classes[self.columns]
        return own

    @property
    def router_of_groups(self) -> bool:
        """Whether this is a router that predicts groups."""
        by_label = self.columns_by_label or {}
        return any(self.classes[columns].tolist() != [label] for label, columns in by_label.items())

    def select(self, codes: IntArray, rows: IntArray) -> IntArray:
        """Return those of the rows whose class is in the set; `codes` are the columns of all rows' classes."""
        return rows[np.isin(codes[rows], self.columns)]

    def target(self, labels: NDArray[Any]) -> NDArray[Any]:
        """Return the labels to train on: the rows' own, or the names of their groups for a router of groups."""
        if not self.router_of_groups or self.columns_by_label is None:
            return labels
        names = np.empty(len(self.classes), dtype=object)
        for name, columns in self.columns_by_label.items():
            names[columns] = name
        grouped: NDArray[Any] = names.astype(str)[np.searchsorted(self.classes, labels)]
        return grouped

    def truth(self, labels: NDArray[Any]) -> IntArray:
        """Return the column, within the set, of each row's label."""
        codes: IntArray = np.searchsorted(self.labels, labels)
        return codes

    def expand(self, probabilities: FloatArray, labels: NDArray[Any]) -> FloatArray:
        """Place probabilities of some labels in the columns of the set.

        Parameters
        ----------
        probabilities : ndarray of shape (n_rows, n_labels)
            Of a fitted classifier.
        labels : ndarray of shape (n_labels,)
            Its ``classes_``.

        Returns
        -------
        ndarray of shape (n_rows, n_set)
            NaN in the columns of classes that the classifier was not fitted on; of a router 0, and rows sum to 1.
        """
        if self.columns_by_label is not None:
            return ClassExpansion.of(labels, self.columns_by_label, len(self.classes))(probabilities)
        placed = np.full((len(probabilities), len(self.columns)), np.nan)
        placed[:, np.searchsorted(self.labels, labels)] = probabilities
        return placed

    def predict(self, fitted: BaseEstimator, X: Any) -> FloatArray:
        """Return a fitted member's probabilities of some rows, checked and placed as by `expand`."""
        if _num_samples(X) == 0:
            return np.empty((0, len(self.columns)))
        probabilities = checked_probabilities(self.name, fitted, fitted.predict_proba(X), _num_samples(X))
        return self.expand(probabilities, fitted.classes_)

    def fit_predict(
        self,
        estimator: BaseEstimator,
        X: Any,
        labels: NDArray[Any],
        fold: Fold,
        sample_weight: FloatArray | None = None,
    ) -> FloatArray:
        """Fit an estimator on one part of the rows and return its probabilities of the other.

        Parameters
        ----------
        estimator : classifier
            Is fitted itself, not a clone.
        X : array-like of shape (n_samples, n_features)
            All rows.
        labels : ndarray of shape (n_samples,)
            Their labels.
        fold : (ndarray, ndarray)
            Positions of the rows to fit on, and of those to predict.
        sample_weight : ndarray of shape (n_samples,), optional
            Weight of each row.

        Returns
        -------
        ndarray of shape (n_test, n_set)
            As of `predict`.
        """
        train, test = fold
        weights = {} if sample_weight is None else weight_params(estimator, sample_weight[train], self.name)
        rows, target = _safe_indexing(X, train), self.target(labels[train])
        return self.predict(fit_member(self.name, estimator, rows, target, weights), _safe_indexing(X, test))


@dataclass(frozen=True)
class HeldOutOpinion:
    """Held-out rows of one fold before a member is applied, and its probabilities of them.

    Attributes
    ----------
    prior : ndarray of shape (n_rows, n_classes)
        Probabilities before.
    opinion : ndarray of shape (n_rows, n_set)
        The member's; NaN in the columns of classes that it was not fitted on.
    truth : ndarray of shape (n_rows,)
        Column of each row's class, among all classes.
    weight : ndarray of shape (n_rows,), optional
        Weight of each row.
    """

    prior: FloatArray
    opinion: FloatArray
    truth: IntArray
    weight: FloatArray | None = None

    def evidence(self, columns: IntArray) -> tuple[FloatArray, FloatArray, IntArray, FloatArray]:
        """Return prior, opinion, truth and weight, over a set, of the rows whose class the member has."""
        has = _has(self.opinion)
        relevant = np.isin(self.truth, columns[has])
        truth = self.truth[relevant]
        inside = self.prior[relevant][:, columns[has]]
        total = inside.sum(axis=1, keepdims=True)
        prior = np.zeros((len(truth), len(columns)))
        opinion = np.zeros_like(prior)
        prior[:, has] = inside / np.where(total > 0, total, 1)
        opinion[:, has] = self.opinion[relevant][:, has]
        weight = np.ones(len(truth)) if self.weight is None else self.weight[relevant]
        return prior, opinion, np.searchsorted(columns, truth), weight


def optimal_trust(columns: IntArray, opinions: Sequence[HeldOutOpinion]) -> float:
    """Return the trust of a member that minimises log-loss on held-out rows.

    Parameters
    ----------
    columns : ndarray of shape (n_set,)
        Columns of its set.
    opinions : sequence of HeldOutOpinion
        One for each fold, of the rows on which the member is applied.

    Returns
    -------
    float
        Trust in [0, 1]; 0 without rows of the set.
    """
    evidence = [opinion.evidence(columns) for opinion in opinions]
    return learn_trust(*(np.concatenate(part) for part in zip(*evidence, strict=True))) if evidence else 0.0


def pool(prior: FloatArray, columns: IntArray, opinion: FloatArray, trust: float) -> FloatArray:
    """Return the probabilities of all classes after a member is applied.

    Parameters
    ----------
    prior : ndarray of shape (n_rows, n_classes)
        Probabilities before; not changed.
    columns : ndarray of shape (n_set,)
        Columns of the member's set.
    opinion : ndarray of shape (n_rows, n_set)
        Its probabilities; columns of NaN are left as they were.
    trust : float
        Its trust in [0, 1].

    Returns
    -------
    ndarray of shape (n_rows, n_classes)
        Probabilities after.
    """
    has = _has(opinion)
    return redistribute(prior, columns[has], opinion[:, has], trust)


def pool_within(prior: FloatArray, columns: IntArray, opinion: FloatArray, trust: float) -> FloatArray:
    """Return the probabilities of the set's classes after a member is applied, scaled to sum to 1.

    Parameters are those of `pool`; the result has shape (n_rows, n_set), and rows of 0 where the set holds nothing.
    """
    after = pool(prior, columns, opinion, trust)[:, columns]
    total = after.sum(axis=1, keepdims=True)
    shares: FloatArray = np.divide(after, total, out=np.zeros_like(after), where=total > 0)
    return shares


def soft_confusion(
    probabilities: Sequence[FloatArray],
    codes: Sequence[IntArray],
    n_classes: int,
    weight: Sequence[FloatArray] | None = None,
) -> FloatArray:
    """Sum out-of-fold probabilities by true class.

    Parameters
    ----------
    probabilities : sequence of ndarray of shape (n_rows, n_classes)
        Of the held-out rows of each fold.
    codes : sequence of ndarray of shape (n_rows,)
        Columns of their classes.
    n_classes : int
        Number of classes.
    weight : sequence of ndarray of shape (n_rows,), optional
        Weights of these rows.

    Returns
    -------
    ndarray of shape (n_classes, n_classes)
        Row: true class, column: predicted class.
    """
    truth = np.eye(n_classes)[np.concatenate(codes)]
    if weight is not None:
        truth *= np.concatenate(weight)[:, None]
    matrix: FloatArray = truth.T @ np.concatenate(probabilities)
    return matrix


class HeldOutPool:
    """Out-of-fold probabilities of several folds, to which members are applied one by one.

    Parameters
    ----------
    probabilities : sequence of ndarray of shape (n_rows, n_classes)
        The router's, of the held-out rows of each fold; changed in place.
    gate : Gate
        Decides on which rows a member is applied.
    """

    def __init__(self, probabilities: Sequence[FloatArray], gate: Gate) -> None:
        self.probabilities = probabilities
        self._gate = gate
        self._descents = [Descent(gate, routed) for routed in probabilities]

    def open_rows(self, member: Member) -> list[IntArray]:
        """Return the rows of each fold on which a member is applied."""
        return [
            self._gate.rows(member, probabilities, descent.winners(member, probabilities))
            for probabilities, descent in zip(self.probabilities, self._descents, strict=True)
        ]

    def apply(self, columns: IntArray, rows: Sequence[IntArray], opinions: Sequence[FloatArray], trust: float) -> None:
        """Redistribute the probability of a set in some rows of each fold, as by `pool`."""
        for probabilities, where, opinion in zip(self.probabilities, rows, opinions, strict=True):
            if len(where):
                probabilities[where] = pool(probabilities[where], columns, opinion, trust)


@dataclass(frozen=True)
class HeldOutFold:
    """The held-out rows of one fold, the router's probabilities of them, and the fold's fitted members.

    Attributes
    ----------
    X : array-like of shape (n_rows, n_features)
        The rows.
    y : ndarray of shape (n_rows,)
        Column of each row's class.
    weight : ndarray of shape (n_rows,)
        Weight of each row.
    probabilities : ndarray of shape (n_rows, n_classes)
        Changed in place as members are applied.
    members : sequence of Member
        Fitted on the other rows; an estimator is None where these had no row of its set.
    """

    X: Any
    y: IntArray
    weight: FloatArray
    probabilities: FloatArray
    members: Sequence[Member]


def learn_trusts(
    folds: Sequence[HeldOutFold], fixed: Mapping[str, float], *, classes: NDArray[Any], gate: Gate
) -> dict[str, float]:
    """Learn the trusts of members in the order in which they are applied.

    A member is evaluated on the probabilities after the members before it, on the rows that the gate selects for it,
    so that trust means the same at prediction time.

    Parameters
    ----------
    folds : sequence of HeldOutFold
        All with the same members; their probabilities are changed in place.
    fixed : mapping of str to float
        Trusts that are not learned.
    classes : ndarray of shape (n_classes,)
        Sorted labels.
    gate : Gate
        Decides on which rows a member is applied.

    Returns
    -------
    dict of str to float
        Trust of each member by name.
    """
    trusts: dict[str, float] = {}
    pooled = HeldOutPool([fold.probabilities for fold in folds], gate)
    for i, member in enumerate(folds[0].members):
        rows = [
            found if fold.members[i].estimator is not None else found[:0]
            for fold, found in zip(folds, pooled.open_rows(member), strict=True)
        ]
        problem = MemberProblem.of_member(member, classes)
        opinions = [
            problem.predict(fold.members[i].estimator, _safe_indexing(fold.X, where))
            if len(where)
            else np.empty((0, len(member.columns)))
            for fold, where in zip(folds, rows, strict=True)
        ]
        if member.name in fixed:
            trusts[member.name] = fixed[member.name]
        else:
            evidence = [
                HeldOutOpinion(fold.probabilities[where], opinion, fold.y[where], fold.weight[where])
                for fold, where, opinion in zip(folds, rows, opinions, strict=True)
            ]
            trusts[member.name] = optimal_trust(member.columns, evidence)
        pooled.apply(member.columns, rows, opinions, trusts[member.name])
    return trusts


def opinion_of(member: Member, X: Any, classes: NDArray[Any]) -> Opinion:
    """Return the columns of the classes that a fitted member has, and its probabilities over them."""
    probabilities = member.estimator.predict_proba(X)
    checked = checked_probabilities(member.name, member.estimator, probabilities, _num_samples(X))
    return np.searchsorted(classes, member.estimator.classes_), checked


def _has(opinion: FloatArray) -> NDArray[np.bool_]:
    """Return which columns of an opinion are of classes that the member was fitted on."""
    return np.asarray(~np.isnan(opinion[:1]).any(axis=0))
