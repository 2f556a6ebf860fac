"""ONNX operators of transformers from pictures to pictures: moments of ink, deskewing, size and stroke width.

Moments are computed in float64, so that differences of moments are exact enough.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ensemble_hwr.onnx._graph import OnnxGraph, Tensor
from ensemble_hwr.preprocessing import Deskewer, SizeNormalizer, StrokeWidthNormalizer

_ASPECTS: dict[str, Callable[[OnnxGraph, Tensor], Tensor]] = {
    "keep": lambda graph, ratio: ratio,
    "root": lambda graph, ratio: graph("Sqrt", ratio),
    "cube root": lambda graph, ratio: graph("Pow", ratio, np.float64(1 / 3)),
    "root sine": lambda graph, ratio: graph("Sqrt", graph("Sin", graph("Mul", ratio, np.float64(np.pi / 2)))),
    "fill": lambda graph, ratio: graph("Div", ratio, ratio),
}


def moment_edges(
    graph: OnnxGraph, pictures: Tensor, shape: tuple[int, int], aspect: str, box: float
) -> tuple[Tensor, Tensor]:
    """Return the positions of pixel edges after moment normalisation; (n, height + 1) and (n, width + 1), float64."""
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


def lean(graph: OnnxGraph, pictures: Tensor, shape: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Return slant and mean row of the ink of pictures (n, height, width); (n, 1), float64."""
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


def deskew(graph: OnnxGraph, step: Deskewer, rows: Tensor) -> Tensor:
    """Remove the slant of pictures."""
    height, width = step.image_shape_
    pictures = graph.reshape(rows, -1, height, width)
    slope, middle = lean(graph, pictures, (height, width))
    slope = graph("Min", graph("Max", slope, np.float64(-step.limit)), np.float64(step.limit))
    shift = graph("Mul", slope, graph("Sub", np.arange(height, dtype=np.float64)[None], middle))
    whole = graph("Floor", shift)
    part = graph("Unsqueeze", graph.cast(graph("Sub", shift, whole), np.float32), np.array([2]))
    # one column of paper on each side represents all columns outside the picture
    padded = graph("Pad", pictures, np.array([0, 0, 1, 0, 0, 1]), np.float32(0))
    left = graph("Add", graph("Unsqueeze", graph.cast(whole, np.int64), np.array([2])), np.arange(1, width + 1))

    def values(places: Tensor) -> Tensor:
        inside = graph("Min", graph("Max", places, np.int64(0)), np.int64(width + 1))
        return graph("GatherElements", padded, inside, axis=2)

    first = values(left)
    difference = graph("Sub", values(graph("Add", left, np.int64(1))), first)
    return graph.reshape(graph("Add", first, graph("Mul", difference, part)), -1, height * width)


def normalize_size(graph: OnnxGraph, step: SizeNormalizer, rows: Tensor) -> Tensor:
    """Normalise size and position of pictures."""
    height, width = step.image_shape_
    pictures = graph.reshape(rows, -1, height, width)
    edges = moment_edges(graph, pictures, (height, width), step.aspect, step.box_)
    down, across = (_overlaps(graph, line, length) for line, length in zip(edges, (height, width), strict=True))
    moved = graph("MatMul", graph("MatMul", down, pictures), graph("Transpose", across, perm=[0, 2, 1]))
    return graph.reshape(moved, -1, height * width)


def normalize_stroke_width(graph: OnnxGraph, step: StrokeWidthNormalizer, rows: Tensor) -> Tensor:
    """Normalise the stroke width of pictures."""
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


def _extent(graph: OnnxGraph, profile: Tensor, length: int) -> tuple[Tensor, Tensor]:
    """Return mean and four standard deviations of profiles (n, length), relative to the centre of the frame."""
    mass = graph("Max", graph.sum(profile, 1), np.float64(1e-6))
    place = _places(length)
    mean = graph("Div", graph.sum(graph("Mul", profile, place), 1), mass)
    off = graph("Sub", place, mean)
    variance = graph("Div", graph.sum(graph("Mul", profile, graph("Mul", off, off)), 1), mass)
    return mean, graph("Mul", graph("Sqrt", graph("Add", variance, np.float64(1 / 12))), np.float64(4))


def _places(length: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Return the centres of pixels relative to the centre of the frame, (1, length)."""
    return np.arange(length, dtype=np.float64)[None] - (length - 1) / 2


def _overlaps(graph: OnnxGraph, edges: Tensor, length: int) -> Tensor:
    """Return the share of each new pixel that each old pixel covers, (n, length, length)."""
    new = np.arange(length, dtype=np.float64)[:, None]
    edges = graph("Unsqueeze", edges, np.array([1]))
    lower = graph("Max", graph.slice(edges, 2, 0, -1), new)
    upper = graph("Min", graph.slice(edges, 2, 1), new + 1)
    return graph.cast(graph("Relu", graph("Sub", upper, lower)), np.float32)


def _stroke_width(graph: OnnxGraph, pictures: Tensor) -> Tensor:
    """Return the mean stroke width of pictures, (n, 1, 1), float64; infinite for pictures without outline."""
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


def _dilated(graph: OnnxGraph, pictures: Tensor) -> Tensor:
    """Return the mean of the maxima over each pixel's 4 and 8 neighbours, with repeated borders."""
    padded = graph("Pad", pictures, np.array([0, 1, 1, 0, 1, 1]), mode="edge")
    down = graph("Max", *(graph.slice(padded, 1, start, stop) for start, stop in ((0, -2), (2, None), (1, -1))))
    level, middle = graph.slice(padded, 1, 1, -1), graph.slice(down, 2, 1, -1)
    cross = graph("Max", graph.slice(level, 2, 0, -2), graph.slice(level, 2, 2), middle)
    square = graph("Max", graph.slice(down, 2, 0, -2), graph.slice(down, 2, 2), middle)
    return graph("Mul", graph("Add", cross, square), np.float32(0.5))
