"""Representation of rows by the hidden layers of a fitted classifier, as unit vectors that can be compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self, TypeAlias
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn import config_context
from sklearn.ensemble import VotingClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.utils import gen_batches
from sklearn.utils.validation import validate_data

from ensemble_hwr._composites import unwrap
from ensemble_hwr._typing import FloatArray
from ensemble_hwr.ensemble import HierarchicalEnsembleClassifier
from ensemble_hwr.ensemble.held_out import temper
from ensemble_hwr.ensemble.predictor import Chain, Transform, Views, predictor_of

Representation: TypeAlias = Literal["auto", "hidden", "probabilities", "rows"]
Networks: TypeAlias = tuple[tuple[Chain, MLPClassifier], ...]

ROWS_AT_ONCE = 1024

_LEAST_PROBABILITY = 1e-6
_SOFTENING = 3.0  # temperature of probabilities that are compared
_LEVELS = 127  # of a component: it is stored in one byte
_CHAINS: WeakKeyDictionary[HierarchicalEnsembleClassifier, tuple[Any, Networks]] = WeakKeyDictionary()
_ACTIVATIONS = {"identity": lambda values: values, "relu": lambda values: np.maximum(values, 0), "tanh": np.tanh,
                "logistic": expit}  # fmt: skip


@dataclass(frozen=True)
class Vectors:
    """Unit vectors of samples, rounded to one byte for each component.

    Attributes
    ----------
    codes : ndarray of int8, shape (n_samples, n_components)
    scales : ndarray of float32, shape (n_samples, 1)
        Step of each vector.
    """

    codes: NDArray[np.int8]
    scales: NDArray[np.float32]

    @classmethod
    def of(cls, values: NDArray[np.floating]) -> Self:
        """Round vectors."""
        largest = np.abs(values).max(axis=1, keepdims=True, initial=0.0)
        scales = np.where(largest > 0, largest, 1.0) / _LEVELS
        return cls(np.rint(values / scales).astype(np.int8), scales.astype(np.float32))

    @classmethod
    def joined(cls, first: Self, second: Self) -> Self:
        """Return the vectors of both."""
        return cls(np.concatenate([first.codes, second.codes]), np.concatenate([first.scales, second.scales]))

    def values(self) -> FloatArray:
        """Return the rounded vectors."""
        return self.codes.astype(np.float64) * self.scales


def log_probabilities(probability: NDArray[np.floating]) -> FloatArray:
    """Return logarithms of probabilities, those below one millionth raised to it."""
    found: FloatArray = np.log(np.maximum(np.asarray(probability, dtype=np.float64), _LEAST_PROBABILITY))
    return found


def represent(model: Any, X: Any, probability: NDArray[np.floating], kind: Representation = "auto") -> FloatArray:
    """Return a unit vector for each row.

    Parameters
    ----------
    model : classifier
        Fitted.
    X : array-like of shape (n_rows, n_features)
        Rows.
    probability : ndarray of shape (n_rows, n_classes)
        The model's probabilities of the rows.
    kind : {"auto", "hidden", "probabilities", "rows"}, default="auto"
        "hidden" takes the last hidden layers of the networks in the model, each scaled to the same length;
        "probabilities" the square roots of softened probabilities; "rows" the rows themselves. "auto" is "hidden" for
        models with networks, and "probabilities" for others.

    Returns
    -------
    ndarray of shape (n_rows, n_components)
    """
    if kind == "rows":
        return _unit(np.asarray(X, dtype=np.float64))
    networks = [] if kind == "probabilities" else list(networks_of(model))
    if not networks:
        if kind == "hidden":
            raise ValueError(
                f"representation='hidden' needs a network with a hidden layer, but the model is a "
                f"{type(model).__name__} without one; use 'auto', 'probabilities' or 'rows'"
            )
        return _unit(np.exp(log_probabilities(probability) / (2 * _SOFTENING)))
    return _joined([hidden_layer(network, _transformed(X, steps)) for steps, network in networks])


def evaluate(model: Any, X: Any, kind: Representation = "auto") -> tuple[NDArray[np.floating], FloatArray]:
    """Return a model's probabilities of rows, and a unit vector for each row as by `represent`.

    A hierarchical ensemble computes the features that its members and the vectors share once.

    Parameters
    ----------
    model : classifier
        Fitted.
    X : array-like of shape (n_rows, n_features)
        Rows.
    kind : {"auto", "hidden", "probabilities", "rows"}, default="auto"
        As for `represent`.

    Returns
    -------
    probability : ndarray of shape (n_rows, n_classes)
    vectors : ndarray of shape (n_rows, n_components)
    """
    chains = _chains(model) if kind in ("auto", "hidden") else ()
    if not chains:
        probability: NDArray[np.floating] = model.predict_proba(X)
        return probability, represent(model, X, probability, kind)
    X = validate_data(model, X, accept_sparse="csr", reset=False)
    predictor = predictor_of(model)
    found, vectors = [], []
    for rows in gen_batches(len(X), ROWS_AT_ONCE):
        views = Views(X[rows])
        part = predictor.route(views)
        for _ in predictor.apply_members(views, part):
            pass
        found.append(temper(part, predictor.temperature))
        vectors.append(_joined([hidden_layer(network, _as_array(views.features(chain))) for chain, network in chains]))
    return np.concatenate(found), np.concatenate(vectors)


def _chains(model: Any) -> Networks:
    """Return the networks for all classes in a hierarchical ensemble, each with the chain of transforms before it.

    They are kept until the ensemble is fitted again. Other models have none.
    """
    if type(model) is not HierarchicalEnsembleClassifier:
        return ()
    made_of = predictor_of(model).made_of
    kept = _CHAINS.get(model)
    if kept is None or kept[0] is not made_of:
        chains = tuple((tuple(map(Transform.of, steps)), network) for steps, network in networks_of(model))
        kept = _CHAINS[model] = made_of, chains
    return kept[1]


def networks_of(model: Any) -> Iterator[tuple[Sequence[Any], MLPClassifier]]:
    """Yield the networks for all classes in a fitted classifier, each with the transformers before it.

    Of a hierarchical ensemble these are the router and experts for all classes; of a soft vote, all voters.
    """
    steps, classifier = unwrap(model, networks=True)
    parts: list[Any] = []
    if isinstance(classifier, HierarchicalEnsembleClassifier):
        whole = [name for name, labels in classifier.confusables_.items() if len(labels) == len(classifier.classes_)]
        names = ["router", *(f"expert:{name}" for name in whole)]
        parts = [classifier.members_[name] for name in names if name in classifier.members_]
    elif isinstance(classifier, VotingClassifier):
        parts = list(classifier.estimators_)
    elif isinstance(classifier, MLPClassifier) and len(classifier.coefs_) > 1:
        yield steps, classifier
    for part in parts:
        for further, network in networks_of(part):
            yield [*steps, *further], network


def hidden_layer(network: MLPClassifier, rows: Any) -> NDArray[np.floating]:
    """Return the activations of the last hidden layer of a fitted network."""
    activate = _ACTIVATIONS[network.activation]
    for weights, offsets in zip(network.coefs_[:-1], network.intercepts_[:-1], strict=True):
        rows = activate(rows @ weights + offsets)
    return np.asarray(rows)


def _joined(layers: Sequence[NDArray[np.floating]]) -> FloatArray:
    """Return unit vectors of several layers, each scaled to the same length."""
    joined: FloatArray = np.hstack([_unit(layer) for layer in layers]) / np.sqrt(len(layers))
    return joined


def _transformed(X: Any, steps: Sequence[Any]) -> Any:
    with config_context(transform_output="default"):
        for step in steps:
            X = step.transform(X)
    return _as_array(X)


def _as_array(features: Any) -> NDArray[Any]:
    return features.to_numpy() if hasattr(features, "to_numpy") else np.asarray(features)


def _unit(values: NDArray[np.floating]) -> FloatArray:
    values = np.asarray(values, dtype=np.float64)
    lengths = np.linalg.norm(values, axis=1, keepdims=True)
    unit: FloatArray = values / np.where(lengths > 0, lengths, 1.0)
    return unit
