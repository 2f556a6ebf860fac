"""Hierarchies as ONNX operators: routing, gates of members, pooling and temperature.

As in the ensemble, a member is evaluated only on the rows that its gate opens: these rows are selected, and the results
are written back. Probabilities are float64.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ensemble_hwr.ensemble import HierarchicalEnsembleClassifier
from ensemble_hwr.ensemble.held_out import Gate, Member
from ensemble_hwr.ensemble.predictor import predictor_of
from ensemble_hwr.onnx._graph import OnnxGraph, Tensor


class Descent:
    """Write the number of the most probable group of each row, level by level, for top-down routing."""

    def __init__(self, graph: OnnxGraph, gate: Gate, probabilities: Tensor) -> None:
        self._graph = graph
        self._gate = gate
        self._level = 1
        self._winners = self._most_probable(probabilities) if gate.top_down else None

    def winners(self, member: Member, probabilities: Tensor) -> Tensor | None:
        """Return the winners of a member's level; None without top-down routing."""
        while self._winners is not None and member.role == "specialist" and self._level < member.level:
            above = self._gate.group_of_level(self._level).astype(np.int64)
            inside = self._graph("Equal", self._winners, above[None, :])
            self._level += 1
            self._winners = self._most_probable(self._graph("Where", inside, probabilities, np.float64(0)))
        return self._winners

    def _most_probable(self, probabilities: Tensor) -> Tensor:
        sums = self._graph("MatMul", probabilities, self._gate.membership(self._level))
        return self._graph("ArgMax", sums, axis=1, keepdims=1)


class HierarchyWriter:
    """Write the parts of a fitted ensemble into a graph."""

    def __init__(self, graph: OnnxGraph, ensemble: HierarchicalEnsembleClassifier) -> None:
        self._graph = graph
        self._ensemble = ensemble
        self._classes = ensemble.classes_
        self._predictor = predictor_of(ensemble)
        self._gate = self._predictor.gate
        self.router = self._predictor.router.estimator

    def route(self, predicted: Tensor) -> Tensor:
        """Return the probabilities of all classes from those of the router's labels."""
        shares = self._predictor.expansion.matrix(len(self.router.classes_))
        spread = self._graph("MatMul", predicted, shares)
        return self._graph("Div", spread, self._graph.sum(spread, 1))

    def descent(self, probabilities: Tensor) -> Descent:
        """Return the winning groups of each row, level by level, for top-down routing."""
        return Descent(self._graph, self._gate, probabilities)

    def members_with_trust(self) -> Iterator[tuple[Member, float]]:
        """Yield the members with a trust above 0, and their trust."""
        for member in self._predictor.members:
            if self._ensemble.trust_[member.name]:
                yield member, self._ensemble.trust_[member.name]

    def open_rows(self, member: Member, probabilities: Tensor, winners: Tensor | None) -> Tensor:
        """Return the mask of the rows on which a member is applied."""
        graph, gate = self._graph, self._gate
        inside = graph("Gather", probabilities, member.columns.astype(np.int64), axis=1)
        mass = graph.sum(inside, 1)
        is_open = graph("Greater", mass, np.float64(0))
        if gate.min_mass > 0:
            is_open = graph("And", is_open, graph("GreaterOrEqual", mass, np.float64(gate.min_mass)))
        specialist = member.role == "specialist"
        if gate.confidence_threshold < 1 and not (specialist and member.level == 1 and gate.router_of_groups):
            sure = graph("Mul", mass, np.float64(gate.confidence_threshold))
            is_open = graph("And", is_open, graph("Less", graph.largest(inside, 1), sure))
        if specialist and winners is not None:
            own = np.int64(gate.group_of_level(member.level)[member.columns[0]])
            is_open = graph("And", is_open, graph("Equal", winners, own))
        return graph("Squeeze", is_open, np.array([1]))

    def apply_member(
        self, member: Member, trust: float, probabilities: Tensor, mask: Tensor, opinion: Tensor
    ) -> Tensor:
        """Return the probabilities after a member is applied to the rows of a mask."""
        graph = self._graph
        columns = np.searchsorted(self._classes, member.estimator.classes_)
        before = graph("Compress", probabilities, mask, axis=0)
        inside = graph("Gather", before, columns.astype(np.int64), axis=1)
        pooled = self._pooled(inside, opinion, trust)
        # a product with ones and zeros moves the columns without rounding
        places = np.eye(len(self._classes))[columns]
        outside = graph("Mul", before, 1 - places.sum(axis=0))
        after = graph("Add", outside, graph("MatMul", pooled, places))
        rows = graph("Transpose", graph("NonZero", mask), perm=[1, 0])
        return graph("ScatterND", probabilities, rows, after)

    def temper(self, probabilities: Tensor) -> Tensor:
        """Return the probabilities after temperature scaling."""
        if self._ensemble.temperature_ == 1:
            return probabilities
        graph = self._graph
        shares = graph("Div", probabilities, graph.largest(probabilities, 1))
        powers = graph("Pow", shares, np.float64(1 / self._ensemble.temperature_))
        return graph("Div", powers, graph.sum(powers, 1))

    def _pooled(self, inside: Tensor, opinion: Tensor, trust: float) -> Tensor:
        """Redistribute the probability of a set: ``P(S) * normalise(q**(1-w) * e**w)``."""
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
