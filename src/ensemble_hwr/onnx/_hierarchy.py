"""The hierarchy as operators: what the router answers, who speaks where, and what their words change.

As in the ensemble itself, a member is asked about the rows alone whose question is open to it: its rows are cut out,
and what becomes of them is put back. Probabilities are of float64.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ensemble_hwr.ensemble import HierarchicalEnsembleClassifier
from ensemble_hwr.ensemble.held_out import Member
from ensemble_hwr.ensemble.predictor import predictor_of
from ensemble_hwr.onnx._graph import Graph, Tensor


class Hierarchy:
    """Writes the parts of a fitted ensemble into a graph."""

    def __init__(self, graph: Graph, ensemble: HierarchicalEnsembleClassifier) -> None:
        self._graph = graph
        self._ensemble = ensemble
        self._classes = ensemble.classes_
        self._predictor = predictor_of(ensemble)
        self._gate = self._predictor.gate
        self.router = self._predictor.router.estimator

    def routed(self, answered: Tensor) -> Tensor:
        """Return the probabilities of all classes from what the router answered."""
        shares = self._predictor.expansion.matrix(len(self.router.classes_))
        spread = self._graph("MatMul", answered, shares)
        return self._graph("Div", spread, self._graph.sum(spread, 1))

    def winners(self, probabilities: Tensor) -> Tensor | None:
        """Return the number of the most probable group of each row, where only its specialist speaks."""
        if not self._gate.top_down:
            return None
        membership = np.eye(self._gate.group_of.max() + 1)[self._gate.group_of]
        return self._graph("ArgMax", self._graph("MatMul", probabilities, membership), axis=1, keepdims=1)

    def speakers(self) -> Iterator[tuple[Member, float]]:
        """Yield the members that have any trust, and how much."""
        for member in self._predictor.members:
            if self._ensemble.trust_[member.name]:
                yield member, self._ensemble.trust_[member.name]

    def open_rows(self, member: Member, probabilities: Tensor, winners: Tensor | None) -> Tensor:
        """Say of each row whether a member speaks on it."""
        graph, gate = self._graph, self._gate
        inside = graph("Gather", probabilities, member.columns.astype(np.int64), axis=1)
        mass = graph.sum(inside, 1)
        is_open = graph("Greater", mass, np.float64(0))
        if gate.min_mass > 0:
            is_open = graph("And", is_open, graph("GreaterOrEqual", mass, np.float64(gate.min_mass)))
        specialist = member.role == "specialist"
        if gate.confidence_threshold < 1 and not (specialist and gate.router_of_groups):
            sure = graph("Mul", mass, np.float64(gate.confidence_threshold))
            is_open = graph("And", is_open, graph("Less", graph.largest(inside, 1), sure))
        if specialist and winners is not None:
            own = np.int64(gate.group_of[member.columns[0]])
            is_open = graph("And", is_open, graph("Equal", winners, own))
        return graph("Squeeze", is_open, np.array([1]))

    def told(self, member: Member, trust: float, probabilities: Tensor, mask: Tensor, opinion: Tensor) -> Tensor:
        """Return the probabilities after a member spoke on the rows of a mask."""
        graph = self._graph
        columns = np.searchsorted(self._classes, member.estimator.classes_)
        before = graph("Compress", probabilities, mask, axis=0)
        inside = graph("Gather", before, columns.astype(np.int64), axis=1)
        shared = self._redistributed(inside, opinion, trust)
        # products with ones and zeros put the columns in their places, and change nothing
        places = np.eye(len(self._classes))[columns]
        outside = graph("Mul", before, 1 - places.sum(axis=0))
        after = graph("Add", outside, graph("MatMul", shared, places))
        rows = graph("Transpose", graph("NonZero", mask), perm=[1, 0])
        return graph("ScatterND", probabilities, rows, after)

    def tempered(self, probabilities: Tensor) -> Tensor:
        """Return the probabilities at the ensemble's temperature."""
        if self._ensemble.temperature_ == 1:
            return probabilities
        graph = self._graph
        shares = graph("Div", probabilities, graph.largest(probabilities, 1))
        powers = graph("Pow", shares, np.float64(1 / self._ensemble.temperature_))
        return graph("Div", powers, graph.sum(powers, 1))

    def _redistributed(self, inside: Tensor, opinion: Tensor, trust: float) -> Tensor:
        """Share what a set holds anew: ``P(S) * normalise(q**(1-w) * e**w)``."""
        graph = self._graph
        mass = graph.sum(inside, 1)
        share = opinion
        if trust < 1:
            prior = graph("Div", inside, self._or_one(mass))
            share = graph("Mul", graph("Pow", prior, np.float64(1 - trust)), graph("Pow", opinion, np.float64(trust)))
        total = graph.sum(share, 1)
        shared = graph("Div", graph("Mul", mass, share), self._or_one(total))
        return graph("Where", graph("Greater", total, np.float64(0)), shared, inside)

    def _or_one(self, values: Tensor) -> Tensor:
        return self._graph("Where", self._graph("Greater", values, np.float64(0)), values, np.float64(1))
