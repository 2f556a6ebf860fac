"""Transformers from pictures to pictures as operators."""

from __future__ import annotations

import numpy as np

from ensemble_hwr.onnx._edges import lean, moment_edges
from ensemble_hwr.onnx._graph import Graph, Tensor
from ensemble_hwr.preprocessing import Deskewer, SizeNormalizer, StrokeWidthNormalizer


def deskew(graph: Graph, step: Deskewer, rows: Tensor) -> Tensor:
    """Set letters upright."""
    height, width = step.image_shape_
    pictures = graph.reshape(rows, -1, height, width)
    slope, middle = lean(graph, pictures, (height, width))
    slope = graph("Min", graph("Max", slope, np.float64(-step.limit)), np.float64(step.limit))
    shift = graph("Mul", slope, graph("Sub", np.arange(height, dtype=np.float64)[None], middle))
    whole = graph("Floor", shift)
    part = graph("Unsqueeze", graph.cast(graph("Sub", shift, whole), np.float32), np.array([2]))
    # one column of paper on each side stands for all paper beyond
    padded = graph("Pad", pictures, np.array([0, 0, 1, 0, 0, 1]), np.float32(0))
    left = graph("Add", graph("Unsqueeze", graph.cast(whole, np.int64), np.array([2])), np.arange(1, width + 1))

    def values(places: Tensor) -> Tensor:
        inside = graph("Min", graph("Max", places, np.int64(0)), np.int64(width + 1))
        return graph("GatherElements", padded, inside, axis=2)

    first = values(left)
    difference = graph("Sub", values(graph("Add", left, np.int64(1))), first)
    return graph.reshape(graph("Add", first, graph("Mul", difference, part)), -1, height * width)


def normalize_size(graph: Graph, step: SizeNormalizer, rows: Tensor) -> Tensor:
    """Bring letters to one size and place."""
    height, width = step.image_shape_
    pictures = graph.reshape(rows, -1, height, width)
    edges = moment_edges(graph, pictures, (height, width), step.aspect, step.box_)
    down, across = (_overlaps(graph, line, length) for line, length in zip(edges, (height, width), strict=True))
    moved = graph("MatMul", graph("MatMul", down, pictures), graph("Transpose", across, perm=[0, 2, 1]))
    return graph.reshape(moved, -1, height * width)


def normalize_stroke_width(graph: Graph, step: StrokeWidthNormalizer, rows: Tensor) -> Tensor:
    """Bring strokes to one width."""
    height, width = step.image_shape_
    pictures = graph.reshape(rows, -1, height, width)
    missing = graph("Div", graph("Sub", np.float64(step.width), _stroke_width(graph, pictures)), np.float64(2))
    sign = graph("Where", graph("Less", missing, np.float64(0)), np.float32(-1), np.float32(1))
    radius = graph("Abs", missing)
    changed = graph("Mul", pictures, sign)
    for done in range(step.limit):
        part = graph("Min", graph("Relu", graph("Sub", radius, np.float64(done))), np.float64(1))
        grown = graph("Sub", _dilated(graph, changed), changed)
        changed = graph("Add", changed, graph("Mul", graph.cast(part, np.float32), grown))
    return graph.reshape(graph("Mul", changed, sign), -1, height * width)


def _overlaps(graph: Graph, edges: Tensor, length: int) -> Tensor:
    """Share of each new pixel that each old one covers, (n, length, length)."""
    new = np.arange(length, dtype=np.float64)[:, None]
    edges = graph("Unsqueeze", edges, np.array([1]))
    lower = graph("Max", graph.slice(edges, 2, 0, -1), new)
    upper = graph("Min", graph.slice(edges, 2, 1), new + 1)
    return graph.cast(graph("Relu", graph("Sub", upper, lower)), np.float32)


def _stroke_width(graph: Graph, pictures: Tensor) -> Tensor:
    """Mean width of the strokes of pictures, (n, 1, 1) of float64; infinite without any outline."""
    ink = graph.cast(pictures, np.float64)
    padded = graph("Pad", ink, np.array([0, 1, 1, 0, 1, 1]), np.float64(0))
    above, before = graph.slice(padded, 1, 0, -1), graph.slice(padded, 2, 0, -1)
    right = graph("Sub", graph.slice(above, 2, 1), graph.slice(above, 2, 0, -1))
    down = graph("Sub", graph.slice(before, 1, 1), graph.slice(before, 1, 0, -1))
    steepness = graph("Sqrt", graph("Add", graph("Mul", right, right), graph("Mul", down, down)))
    outline = graph.sum(steepness, 1, 2)
    twice = graph("Mul", graph.sum(ink, 1, 2), np.float64(2))
    there = graph("Greater", outline, np.float64(0))
    width = graph("Div", twice, graph("Where", there, outline, np.float64(1)))
    return graph("Where", there, width, np.float64(np.inf))


def _dilated(graph: Graph, pictures: Tensor) -> Tensor:
    """Mean of the greatest value of each pixel's 4 and of its 8 neighbours; the frame repeats outwards."""
    padded = graph("Pad", pictures, np.array([0, 1, 1, 0, 1, 1]), mode="edge")
    down = graph("Max", *(graph.slice(padded, 1, start, stop) for start, stop in ((0, -2), (2, None), (1, -1))))
    level, middle = graph.slice(padded, 1, 1, -1), graph.slice(down, 2, 1, -1)
    cross = graph("Max", graph.slice(level, 2, 0, -2), graph.slice(level, 2, 2), middle)
    square = graph("Max", graph.slice(down, 2, 0, -2), graph.slice(down, 2, 2), middle)
    return graph("Mul", graph("Add", cross, square), np.float32(0.5))
