"""Prediction of a fitted ensemble; features that several members share are computed once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from operator import is_
from typing import Any
from weakref import WeakKeyDictionary

import joblib
import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.ensemble import VotingClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline

from ensemble_hwr._composites import steps_of, wrapped_classifier
from ensemble_hwr._sklearn import _num_samples
from ensemble_hwr._typing import FloatArray, IntArray
from ensemble_hwr.ensemble._members import (
    ROUTER,
    ClassExpansion,
    Member,
    checked_probabilities,
    columns_by_router_label,
)
from ensemble_hwr.ensemble._mlp import MemberMLPClassifier, network_probabilities
from ensemble_hwr.ensemble._parallel import read_only
from ensemble_hwr.ensemble._pooling import Gate, Opinion, apply_members, gate_of
from ensemble_hwr.ensemble._pooling import MemberStep as MemberStep
from ensemble_hwr.ensemble._templates import FittedEnsemble
from ensemble_hwr.hierarchy import NamedSets, levels_of


@dataclass(frozen=True)
class Transform:
    """A fitted transformer. Two transforms are equal if their transformers have the same type and content.

    Attributes
    ----------
    transformer : transformer
        Fitted.
    key : str
        A hash of its type and of all it holds.
    """

    transformer: Any = field(compare=False)
    key: str

    @classmethod
    def of(cls, transformer: Any) -> Transform:
        """Make a transform of a fitted transformer."""
        try:
            return cls(transformer, joblib.hash(transformer))
        except Exception:  # a transformer that cannot be pickled equals only itself; pickling can raise any error
            return cls(transformer, f"id {id(transformer)}")

    def __call__(self, rows: Any) -> Any:
        """Transform rows; transformers of this library do not validate float32 rows again."""
        if self.is_fast(rows):
            return self.transformer._transform_checked(rows)
        return self.transformer.transform(rows)

    def is_fast(self, rows: Any) -> bool:
        """Return whether the transformer is of this library and does not have to validate these rows."""
        is_own = hasattr(self.transformer, "_transform_checked")
        return is_own and isinstance(rows, np.ndarray) and rows.dtype == np.float32


Chain = tuple[Transform, ...]


class Views:
    """Cache of the features that chains of transforms compute from one block of rows.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_rows, n_features)
        The rows of the block, validated.
    """

    def __init__(self, X: Any) -> None:
        self._X = read_only(X)
        self._kept: dict[Chain, _Kept] = {}
        self._is_checked = False

    def __len__(self) -> int:
        n_rows: int = _num_samples(self._X)
        return n_rows

    def features(self, chain: Chain, rows: IntArray | None = None) -> Any:
        """Return the features of a chain for some of the rows; for all where `rows` is None."""
        if not chain:
            return self._X if rows is None else self._X[rows]
        if len(chain) == 1:
            self._check_ink(chain[0])
        kept = self._kept.setdefault(chain, _Kept(len(self)))
        missing = kept.missing(rows)
        if missing is None or len(missing):
            made = chain[-1](self.features(chain[:-1], missing))
            if not _can_be_kept(made):  # sparse, or a frame, which the next transformer may have been fitted on
                return made if missing is rows else chain[-1](self.features(chain[:-1], rows))
            kept.put(made, missing)
        return kept.get(rows)

    def compute(self, chain: Chain, rows: IntArray) -> None:
        """Compute the features of a chain for some of the rows at once, where they are certain to be kept."""
        if chain and len(rows) and all(transform.is_fast(self._X) for transform in chain):
            kept = self._kept.get(chain)
            missing = rows if kept is None else kept.missing(rows)
            if missing is not None and len(missing):
                self.features(chain, missing)

    def _check_ink(self, first: Transform) -> None:
        """Warn once about rows that are probably not ink, before a transformer that does not validate them."""
        if not self._is_checked and first.is_fast(self._X):
            self._is_checked = True
            first.transformer._check_ink(self._X)


class _Kept:
    """The rows of one view that were computed so far."""

    def __init__(self, n_rows: int) -> None:
        self._known = np.zeros(n_rows, dtype=bool)
        self._values: NDArray[Any] | None = None

    def missing(self, rows: IntArray | None) -> IntArray | None:
        """Return those of the rows that are not computed; None for all there are."""
        if self._values is None:
            return rows
        return np.flatnonzero(~self._known) if rows is None else rows[~self._known[rows]]

    def put(self, made: NDArray[Any], rows: IntArray | None) -> None:
        if rows is None:
            self._values = made
            self._known[:] = True
            return
        if self._values is None:
            self._values = np.empty((len(self._known), made.shape[1]), dtype=made.dtype)
        self._values[rows] = made
        self._known[rows] = True

    def get(self, rows: IntArray | None) -> NDArray[Any]:
        assert self._values is not None
        return read_only(self._values) if rows is None else self._values[rows]


def _can_be_kept(made: Any) -> bool:
    return type(made) is np.ndarray and made.ndim == 2


PredictProba = Callable[[Views, IntArray | None], Any]


@dataclass(frozen=True)
class FromViews:
    """A function that computes probabilities from views, and the chains whose features it takes from them."""

    compute: PredictProba
    chains: tuple[Chain, ...]

    def __call__(self, views: Views, rows: IntArray | None) -> Any:
        """Return the probabilities of some of the rows; of all where `rows` is None."""
        return self.compute(views, rows)


def predict_proba_fn(estimator: Any, chain: Chain = ()) -> FromViews:
    """Return a function that computes a classifier's ``predict_proba`` from views that other members share.

    Pipelines, committees and wrappers of a network are split into features and network, so that the features can be
    shared. For any other classifier, its ``predict_proba`` is called.

    Parameters
    ----------
    estimator : classifier
        Fitted.
    chain : tuple of Transform
        Applied to the rows before the classifier.
    """
    kind = type(estimator)
    if kind is Pipeline:
        before = [part for _, step in estimator.steps[:-1] for part in steps_of(step)]
        return predict_proba_fn(estimator.steps[-1][1], _longer(chain, before))
    if kind is VotingClassifier and estimator.voting == "soft":
        voters = [predict_proba_fn(voter, chain) for voter in estimator.estimators_]
        return _average(voters, estimator._weights_not_none)
    if "_features_network" in vars(kind):
        _, features, network = kind._features_network
        return predict_proba_fn(getattr(estimator, network), _longer(chain, steps_of(getattr(estimator, features))))
    if hasattr(kind, "_wraps"):
        return predict_proba_fn(wrapped_classifier(estimator), chain)
    if _is_plain_network(kind):
        return FromViews(
            lambda views, rows: network_probabilities(estimator, _as_array(views.features(chain, rows))), (chain,)
        )
    return FromViews(lambda views, rows: estimator.predict_proba(views.features(chain, rows)), (chain,))


def _as_array(features: Any) -> Any:
    """Convert a data frame to an array; return anything else unchanged."""
    return features.to_numpy() if hasattr(features, "to_numpy") else features


def _longer(chain: Chain, transformers: Sequence[Any]) -> Chain:
    return (*chain, *(Transform.of(transformer) for transformer in transformers))


def _average(voters: Sequence[FromViews], weights: Sequence[float] | None) -> FromViews:
    return FromViews(
        lambda views, rows: np.average([voter(views, rows) for voter in voters], axis=0, weights=weights),
        tuple(chain for voter in voters for chain in voter.chains),
    )


def _is_plain_network(kind: Any) -> bool:
    """Return whether a class predicts as scikit-learn's MLPClassifier or the library's own, unchanged."""
    return issubclass(kind, MLPClassifier) and (
        kind.predict_proba in (MLPClassifier.predict_proba, MemberMLPClassifier.predict_proba)
        and kind._forward_pass_fast is MLPClassifier._forward_pass_fast
    )


@dataclass(frozen=True)
class Predictor:
    """A view of a fitted ensemble from which probabilities are computed.

    Attributes
    ----------
    classes : ndarray of shape (n_classes,)
        Sorted labels.
    router : Member
        The router.
    members : tuple of Member
        Specialists and experts in the order in which they are applied.
    columns : mapping of str to ndarray
        Columns of the classes that each of `members` was fitted on.
    expansion : ClassExpansion
        From the router's labels to classes.
    gate : Gate
        Decides on which rows a member is applied, by the ensemble's current parameters.
    trust : mapping of str to float
        Trust of each of `members`.
    temperature : float
        Of the final probabilities.
    functions : mapping of str to callable
        Computes the probabilities of each member.
    chains : mapping of str to tuple of Chain
        Chains of transforms from which each member's features come.
    made_of : tuple
        The members and sets that this was made of.
    snapshots : tuple
        The attributes of the members when this was made.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from ensemble_hwr import HierarchicalEnsembleClassifier
    >>> from ensemble_hwr.ensemble.predictor import predictor_of
    >>> lr = LogisticRegression(max_iter=1000)
    >>> model = HierarchicalEnsembleClassifier(lr, lr, lr, confusables=[[1, 2]], trust=1.0)
    >>> model = model.fit(*load_iris(return_X_y=True))
    >>> [(member.name, member.columns.tolist()) for member in predictor_of(model).members]
    [('expert:1/2', [1, 2])]
    """

    classes: NDArray[Any]
    router: Member
    members: tuple[Member, ...]
    columns: Mapping[str, IntArray]
    expansion: ClassExpansion
    gate: Gate
    trust: Mapping[str, float]
    temperature: float
    functions: Mapping[str, PredictProba] = field(repr=False)
    chains: Mapping[str, tuple[Chain, ...]] = field(repr=False)
    made_of: tuple[Any, ...] = field(repr=False)
    snapshots: tuple[_Snapshot, ...] = field(repr=False)

    def is_current(self, made_of: tuple[Any, ...]) -> bool:
        """Return whether members and sets are the same, and no member was fitted again."""
        return _are_the_same(self.made_of, made_of) and all(snapshot.is_current() for snapshot in self.snapshots)

    def route(self, views: Views) -> FloatArray:
        """Return the router's probabilities of all classes."""
        return self.expansion(self._probabilities(self.router, views, None))

    def apply_members(self, views: Views, probabilities: FloatArray) -> Iterator[MemberStep]:
        """Apply the members in turn, and yield the change of each; `probabilities` changes in place."""
        return apply_members(
            self.members,
            self.trust,
            probabilities,
            predict=partial(self._opinion, views),
            gate=self.gate,
            prepare=partial(self._compute_features, views),
        )

    def _compute_features(self, views: Views, applied: Sequence[tuple[Member, IntArray]]) -> None:
        """Compute the features that several members take from one chain for all their rows at once."""
        rows_of: dict[Chain, list[IntArray]] = {}
        for member, rows in applied:
            if len(rows):
                for chain in self.chains[member.name]:
                    rows_of.setdefault(chain, []).append(rows)
        for chain, parts in rows_of.items():
            if len(parts) > 1:
                views.compute(chain, np.unique(np.concatenate(parts)))

    def _opinion(self, views: Views, member: Member, rows: IntArray) -> Opinion:
        """Return the columns of the classes that a member has, and its probabilities over them."""
        return self.columns[member.name], self._probabilities(member, views, rows)

    def _probabilities(self, member: Member, views: Views, rows: IntArray | None) -> FloatArray:
        found = self.functions[member.name](views, rows)
        return checked_probabilities(member.name, member.estimator, found, len(views) if rows is None else len(rows))


_PREDICTORS: WeakKeyDictionary[FittedEnsemble, Predictor] = WeakKeyDictionary()


def predictor_of(ensemble: FittedEnsemble) -> Predictor:
    """Return the predictor of a fitted ensemble.

    It is built once, and again when members or sets have changed or a member was fitted again. The result is stored
    outside of the ensemble, so that prediction leaves it unchanged and files hold no predictors.

    Parameters
    ----------
    ensemble : HierarchicalEnsembleClassifier
        Fitted.

    Returns
    -------
    Predictor
        By the ensemble's current parameters, trust and temperature.
    """
    made_of = _parts(ensemble)
    predictor = _PREDICTORS.get(ensemble)
    if predictor is None or not predictor.is_current(made_of):
        predictor = _PREDICTORS[ensemble] = _made(ensemble, made_of)
    gate = replace(
        predictor.gate,
        min_mass=ensemble.min_mass,
        confidence_threshold=ensemble.confidence_threshold,
        top_down=ensemble.routing == "top_down",
    )
    return replace(predictor, gate=gate, trust=ensemble.trust_, temperature=ensemble.temperature_)


def _parts(ensemble: FittedEnsemble) -> tuple[Any, ...]:
    """Return the members and sets that a predictor is made of."""
    return (
        ensemble.classes_,
        ensemble._router_target,
        *ensemble.members_.values(),
        *nodes_of(ensemble).values(),
        *ensemble.confusables_.values(),
    )


@dataclass(frozen=True)
class _Snapshot:
    """The attributes of an estimator at some time. A fit rebinds attributes, so comparing identities detects it."""

    attributes: Mapping[str, Any]
    values: tuple[Any, ...]

    def is_current(self) -> bool:
        return len(self.attributes) == len(self.values) and all(map(is_, self.attributes.values(), self.values))


def _snapshots(part: Any) -> Iterator[_Snapshot]:
    """Yield a snapshot of every estimator that a member is or holds."""
    if isinstance(part, BaseEstimator) and not isinstance(part, type):
        yield _Snapshot(vars(part), tuple(vars(part).values()))
        for value in vars(part).values():
            yield from _snapshots(value)
    elif isinstance(part, list | tuple):
        for item in part:
            yield from _snapshots(item)


def _are_the_same(these: tuple[Any, ...], those: tuple[Any, ...]) -> bool:
    return len(these) == len(those) and all(map(is_, these, those))


def _made(ensemble: FittedEnsemble, made_of: tuple[Any, ...]) -> Predictor:
    classes, router = ensemble.classes_, ensemble.members_[ROUTER]
    by_label = columns_by_router_label(ensemble._router_target, ensemble.groups_, classes)
    members = _members(ensemble)
    functions = {name: predict_proba_fn(estimator) for name, estimator in ensemble.members_.items()}
    return Predictor(
        classes=classes,
        router=Member(ROUTER, ROUTER, np.arange(len(classes)), router),
        members=members,
        columns={member.name: np.searchsorted(classes, member.estimator.classes_) for member in members},
        expansion=ClassExpansion.of(router.classes_, by_label, len(classes)),
        gate=gate_of(ensemble, nodes_of(ensemble), classes, ensemble._router_target),
        trust=ensemble.trust_,
        temperature=ensemble.temperature_,
        functions=functions,
        chains={name: function.chains for name, function in functions.items()},
        made_of=made_of,
        snapshots=tuple(shot for member in ensemble.members_.values() for shot in _snapshots(member)),
    )


def _members(ensemble: FittedEnsemble) -> tuple[Member, ...]:
    """Return the fitted specialists and experts in the order in which they are applied."""
    sets = sets_of_members(ensemble)
    levels = {f"specialist:{name}": level for name, level in levels_of(nodes_of(ensemble)).items()}
    return tuple(
        Member(name, name.split(":")[0], np.searchsorted(ensemble.classes_, sets[name]), estimator, levels.get(name, 1))
        for name, estimator in ensemble.members_.items()
        if name != ROUTER
    )


def nodes_of(ensemble: FittedEnsemble) -> NamedSets:
    """Return the groups of all levels of a fitted ensemble, level by level.

    Ensembles saved by versions without groups in groups have no ``subgroups_``.
    """
    return {**ensemble.groups_, **getattr(ensemble, "subgroups_", {})}


def sets_of_members(ensemble: FittedEnsemble) -> NamedSets:
    """Return the classes of each group and confusable set of a fitted ensemble, by the name of its member."""
    return {
        **{f"specialist:{name}": labels for name, labels in nodes_of(ensemble).items()},
        **{f"expert:{name}": labels for name, labels in ensemble.confusables_.items()},
    }
