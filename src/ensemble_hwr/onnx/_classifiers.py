"""Probabilities of fitted classifiers as ONNX operators: networks, committees, hierarchies and alphabets."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.ensemble import VotingClassifier
from sklearn.neural_network import MLPClassifier

from ensemble_hwr._composites import unwrap, vote_weights
from ensemble_hwr.alphabets import AlphabetClassifier, parse_alphabet
from ensemble_hwr.ensemble import HierarchicalEnsembleClassifier
from ensemble_hwr.exceptions import ModelError
from ensemble_hwr.onnx._graph import OnnxGraph, Tensor, convert
from ensemble_hwr.onnx._hierarchy import HierarchyWriter
from ensemble_hwr.onnx._views import Chain, FeatureWriter, Path, longer

_ACTIVATIONS = {"relu": "Relu", "tanh": "Tanh", "logistic": "Sigmoid"}


class ClassifierWriter:
    """Write classifiers into a graph, each with its features."""

    def __init__(self, graph: OnnxGraph, features: FeatureWriter) -> None:
        self._graph = graph
        self._features = features

    def probabilities(self, classifier: Any, chain: Chain = (), path: Path = ()) -> Tensor:
        """Return the tensor of a classifier's probabilities, float64; columns follow its ``classes_``.

        Parameters
        ----------
        classifier : estimator
            Fitted.
        chain : tuple of Transform
            Transforms of the rows before the classifier.
        path : tuple of str
            Masks of the rows on which it is evaluated.

        Returns
        -------
        str
        """
        transformers, inner = unwrap(classifier, networks=True)
        chain = longer(chain, transformers)
        if isinstance(inner, HierarchicalEnsembleClassifier):
            return self._hierarchical(inner, chain, path)
        if isinstance(inner, VotingClassifier) and inner.voting == "soft":
            return self._committee(inner, chain, path)
        if isinstance(inner, AlphabetClassifier):
            return self._restricted(inner, self.probabilities(inner.estimator_, chain, path))
        return self._graph.cast(self._single(inner, self._features.features(chain, path)), np.float64)

    def _single(self, classifier: Any, rows: Tensor) -> Tensor:
        """Return the probabilities of a classifier that is not a composite."""
        if isinstance(classifier, MLPClassifier):
            return _network(self._graph, classifier, rows)
        reason = getattr(type(classifier), "_not_exported", None)  # such as that of an adapted model
        if reason is not None:
            raise ModelError(reason)
        if not hasattr(classifier, "predict_proba"):
            raise ModelError(f"a {type(classifier).__name__} cannot be exported: it has no predict_proba")
        # operators of skl2onnx may fail in onnxruntime without rows, so one row of zeros is evaluated in addition
        zeros = np.zeros((1, classifier.n_features_in_), np.float32)
        found = convert(self._graph, classifier, self._graph("Concat", rows, zeros, axis=0), "probabilities")
        return self._graph.slice(found, 0, 0, -1)

    def _committee(self, committee: VotingClassifier, chain: Chain, path: Path) -> Tensor:
        opinions = [
            self._graph("Mul", self.probabilities(member, chain, path), np.float64(weight))
            for member, weight in zip(committee.estimators_, vote_weights(committee), strict=True)
        ]
        return self._graph("Sum", *opinions)

    def _restricted(self, classifier: AlphabetClassifier, probabilities: Tensor) -> Tensor:
        """Sum the columns of each allowed class and scale the rows to a sum of 1, as `restrict` does."""
        if classifier.alphabet is None:
            return probabilities
        parts = dict(parse_alphabet(classifier.alphabet).parts)
        known, allowed = classifier.estimator_.classes_.tolist(), classifier.classes_.tolist()
        counted = np.array([[label in parts[answer] for answer in allowed] for label in known], dtype=np.float64)
        chosen = self._graph("MatMul", probabilities, counted)
        total = self._graph.sum(chosen, 1)
        possible = self._graph("Greater", total, np.float64(np.finfo(np.float64).tiny))
        shares = self._graph("Div", chosen, self._graph("Where", possible, total, np.float64(1)))
        return self._graph("Where", possible, shares, np.float64(1 / len(allowed)))

    def _hierarchical(self, ensemble: HierarchicalEnsembleClassifier, chain: Chain, path: Path) -> Tensor:
        """Evaluate the router, then apply each member to the rows that its gate opens."""
        hierarchy = HierarchyWriter(self._graph, ensemble)
        current = hierarchy.route(self.probabilities(hierarchy.router, chain, path))
        descent = hierarchy.descent(current)
        for member, trust in hierarchy.members_with_trust():
            mask = hierarchy.open_rows(member, current, descent.winners(member, current))
            opinion = self.probabilities(member.estimator, chain, (*path, mask))
            current = hierarchy.apply_member(member, trust, current, mask, opinion)
        return hierarchy.temper(current)


def _network(graph: OnnxGraph, network: MLPClassifier, rows: Tensor) -> Tensor:
    """Return the probabilities of an MLP."""
    if network.out_activation_ == "logistic" and network.n_outputs_ != 1:
        raise ModelError("a multi-label MLP cannot be exported; fit it with one label for each row")
    *hidden, (weights, offsets) = zip(network.coefs_, network.intercepts_, strict=True)
    for weights_below, offsets_below in hidden:
        rows = graph("Gemm", rows, weights_below.astype(np.float32), offsets_below.astype(np.float32))
        if network.activation != "identity":
            rows = graph(_ACTIVATIONS[network.activation], rows)
    if network.n_outputs_ == 1:
        # the softmax of -x/2 and x/2 is the sigmoid of -x and x; the sigmoid of runtimes is inaccurate near 0
        weights, offsets = (np.concatenate([-half, half], axis=-1) for half in (weights / 2, offsets / 2))
    rows = graph("Gemm", rows, weights.astype(np.float32), offsets.astype(np.float32))
    return graph("Softmax", rows, axis=1)
