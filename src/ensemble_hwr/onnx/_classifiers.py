"""Probabilities of fitted classifiers as operators, whatever they are made of."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.ensemble import VotingClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline

from ensemble_hwr.ensemble import AugmentedMLPClassifier, HierarchicalEnsembleClassifier
from ensemble_hwr.exceptions import ModelError
from ensemble_hwr.onnx._foreign import convert
from ensemble_hwr.onnx._graph import Graph, Tensor
from ensemble_hwr.onnx._hierarchy import Hierarchy
from ensemble_hwr.onnx._views import Chain, Path, Step, Views
from ensemble_hwr.preprocessing import AugmentedClassifier

_ACTIVATIONS = {"relu": "Relu", "tanh": "Tanh", "logistic": "Sigmoid"}


class Classifiers:
    """Writes classifiers into a graph, each with what it sees."""

    def __init__(self, graph: Graph, views: Views) -> None:
        self._graph = graph
        self._views = views

    def probabilities(self, classifier: Any, chain: Chain = (), path: Path = ()) -> Tensor:
        """Return the tensor of a classifier's probabilities, of float64; columns follow its ``classes_``.

        Parameters
        ----------
        classifier : estimator
            Fitted.
        chain : tuple of Step
            What was done to the rows before they come to it.
        path : tuple of str
            The rows it is asked about.
        """
        match classifier:
            case HierarchicalEnsembleClassifier():
                return self._hierarchical(classifier, chain, path)
            case Pipeline():
                steps = [step for _, step in classifier.steps[:-1] if step not in (None, "passthrough")]
                return self.probabilities(classifier.steps[-1][1], _longer(chain, *steps), path)
            case AugmentedClassifier():
                return self.probabilities(classifier.estimator_, chain, path)
            case AugmentedMLPClassifier():
                seen = chain if classifier.features_ is None else _longer(chain, classifier.features_)
                return self.probabilities(classifier.mlp_, seen, path)
            case VotingClassifier(voting="soft"):
                return self._committee(classifier, chain, path)
        rows = self._views.see(chain, path)
        return self._graph.cast(self._alone(classifier, rows), np.float64)

    def _alone(self, classifier: Any, rows: Tensor) -> Tensor:
        """Return the probabilities of a classifier that is not made of others."""
        if isinstance(classifier, MLPClassifier):
            return _network(self._graph, classifier, rows)
        if not hasattr(classifier, "predict_proba"):
            raise ModelError(f"a {type(classifier).__name__} cannot be exported: it has no predict_proba.")
        return convert(self._graph, classifier, rows, "probabilities")

    def _committee(self, committee: VotingClassifier, chain: Chain, path: Path) -> Tensor:
        weights = (
            np.ones(len(committee.estimators_))
            if committee._weights_not_none is None
            else np.asarray(committee._weights_not_none, dtype=np.float64)
        )
        shares = weights / weights.sum()
        opinions = [
            self._graph("Mul", self.probabilities(member, chain, path), np.float64(share))
            for member, share in zip(committee.estimators_, shares, strict=True)
        ]
        return self._graph("Sum", *opinions)

    def _hierarchical(self, ensemble: HierarchicalEnsembleClassifier, chain: Chain, path: Path) -> Tensor:
        """Let the router answer, then the members speak in turn on the rows that are open to them."""
        hierarchy = Hierarchy(self._graph, ensemble)
        answered = self.probabilities(hierarchy.router, chain, path)
        current = hierarchy.routed(answered)
        winners = hierarchy.winners(current)
        for member, trust in hierarchy.speakers():
            mask = hierarchy.open_rows(member, current, winners)
            opinion = self.probabilities(member.estimator, chain, (*path, mask))
            current = hierarchy.told(member, trust, current, mask, opinion)
        return hierarchy.tempered(current)


def _longer(chain: Chain, *transformers: Any) -> Chain:
    """Return a chain with more steps; Pipelines among them are taken apart."""
    for transformer in transformers:
        if isinstance(transformer, Pipeline):
            chain = _longer(chain, *(step for _, step in transformer.steps if step not in (None, "passthrough")))
        else:
            chain = (*chain, Step.of(transformer))
    return chain


def _network(graph: Graph, network: MLPClassifier, rows: Tensor) -> Tensor:
    """Return what an MLP makes of rows."""
    if network.out_activation_ == "logistic" and network.n_outputs_ != 1:
        raise ModelError("an MLP of several labels for a row cannot be exported; fit it on one label for each row.")
    *hidden, (weights, offsets) = zip(network.coefs_, network.intercepts_, strict=True)
    for weights_below, offsets_below in hidden:
        rows = graph("Gemm", rows, weights_below.astype(np.float32), offsets_below.astype(np.float32))
        if network.activation != "identity":
            rows = graph(_ACTIVATIONS[network.activation], rows)
    if network.n_outputs_ == 1:
        # The softmax of -x/2 and x/2 is the sigmoid of -x and x; runtimes approximate the sigmoid, badly near 0.
        weights, offsets = (np.concatenate([-half, half], axis=-1) for half in (weights / 2, offsets / 2))
    rows = graph("Gemm", rows, weights.astype(np.float32), offsets.astype(np.float32))
    return graph("Softmax", rows, axis=1)
