"""Moments of pictures as operators: where pixels come to lie when size and place are normalised, and how ink leans.

Moments are computed with 64 bits: what is small after them is then exact.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ensemble_hwr.onnx._graph import Graph, Tensor

# Coefficients of W. H. Press et al., "Numerical recipes in C", 2nd edition (1992), section 6.2, erfcc: the error is
# below 1.2e-7 of the value, however small that is. ONNX has erf for 32 bits alone.
_ERFC = (
    *(0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807),
    *(-0.18628806, 0.09678418, 0.37409196, 1.00002368, -1.26551223),
)
_ASPECTS: dict[str, Callable[[Graph, Tensor], Tensor]] = {
    "keep": lambda graph, ratio: ratio,
    "root": lambda graph, ratio: graph("Sqrt", ratio),
    "cube root": lambda graph, ratio: graph("Pow", ratio, np.float64(1 / 3)),
    "root sine": lambda graph, ratio: graph("Sqrt", graph("Sin", graph("Mul", ratio, np.float64(np.pi / 2)))),
    "fill": lambda graph, ratio: graph("Div", ratio, ratio),
}


def moment_edges(
    graph: Graph, pictures: Tensor, shape: tuple[int, int], aspect: str, box: float
) -> tuple[Tensor, Tensor]:
    """Map letters into a box by their moments; (n, height + 1) and (n, width + 1) of float64."""
    ink = graph("Relu", graph.cast(pictures, np.float64))
    middle_y, height = _extent(graph, graph.sum(ink, 2, keep=False), shape[0])
    middle_x, width = _extent(graph, graph.sum(ink, 1, keep=False), shape[1])
    longer, narrow = graph("Max", height, width), graph("Min", height, width)
    adapted = graph("Mul", _ASPECTS[aspect](graph, graph("Div", narrow, longer)), longer)
    unit = graph("Div", np.float64(box), longer)
    inked = graph("Greater", graph.largest(ink, 1, 2, keep=False), np.float64(0))
    inked = graph("Unsqueeze", inked, np.array([1]))

    def scale(side: Tensor, other: Tensor) -> Tensor:
        own = graph("Where", graph("Less", side, other), graph("Div", adapted, side), np.float64(1))
        return graph("Where", inked, graph("Mul", own, unit), np.float64(1))

    def line(middle: Tensor, scale: Tensor, length: int) -> Tensor:
        borders = np.arange(length + 1, dtype=np.float64)[None] - length / 2
        return graph("Add", graph("Mul", graph("Sub", borders, middle), scale), np.float64(length / 2))

    return line(middle_y, scale(height, width), shape[0]), line(middle_x, scale(width, height), shape[1])


def lean(graph: Graph, pictures: Tensor, shape: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Slope and middle height of the ink of pictures (n, height, width); (n, 1) of float64."""
    height, width = shape
    ink = graph("Relu", graph.cast(pictures, np.float64))
    x, y = _places(width), _places(height)
    in_row = graph.sum(ink, 2, keep=False)
    along = graph.sum(graph("Mul", ink, x), 2, keep=False)
    mass = graph("Max", graph.sum(in_row, 1), np.float64(1e-6))
    middle = graph("Div", graph.sum(graph("Mul", in_row, y), 1), mass)
    off = graph("Sub", y, middle)
    spread = graph.sum(graph("Mul", in_row, graph("Mul", off, off)), 1)
    enough = graph("Greater", spread, graph("Mul", mass, np.float64(1e-3)))
    slope = graph("Div", graph.sum(graph("Mul", along, off), 1), graph("Where", enough, spread, np.float64(1)))
    return (
        graph("Where", enough, slope, np.float64(0)),
        graph("Add", middle, np.float64((height - 1) / 2)),
    )


def normal_below(graph: Graph, values: Tensor) -> Tensor:
    """Share of the standard normal distribution that is below each value, of float64."""
    size = graph("Div", graph("Abs", values), np.float64(math.sqrt(2)))
    t = graph("Div", np.float64(1), graph("Add", graph("Div", size, np.float64(2)), np.float64(1)))
    exponent: Tensor | np.float64 = np.float64(_ERFC[0])
    for coefficient in _ERFC[1:]:
        exponent = graph("Add", graph("Mul", exponent, t), np.float64(coefficient))
    exponent = graph("Sub", exponent, graph("Mul", size, size))
    tail = graph("Mul", graph("Mul", t, graph("Exp", exponent)), np.float64(0.5))
    beyond = graph("Sub", np.float64(1), tail)
    return graph("Where", graph("Less", values, np.float64(0)), tail, beyond)


def _extent(graph: Graph, profile: Tensor, length: int) -> tuple[Tensor, Tensor]:
    """Mean and four standard deviations of profiles (n, length), from the frame's middle; ink fills its pixels."""
    mass = graph("Max", graph.sum(profile, 1), np.float64(1e-6))
    place = _places(length)
    mean = graph("Div", graph.sum(graph("Mul", profile, place), 1), mass)
    off = graph("Sub", place, mean)
    variance = graph("Div", graph.sum(graph("Mul", profile, graph("Mul", off, off)), 1), mass)
    return mean, graph("Mul", graph("Sqrt", graph("Add", variance, np.float64(1 / 12))), np.float64(4))


def _places(length: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Middles of the pixels of a side, (1, length), from the frame's middle."""
    return np.arange(length, dtype=np.float64)[None] - (length - 1) / 2
