"""Gradient features as operators, each sum and product in the order of GradientFeatures."""

from __future__ import annotations

import math

import numpy as np

from ensemble_hwr.onnx._edges import moment_edges, normal_below
from ensemble_hwr.onnx._graph import Graph, Tensor
from ensemble_hwr.preprocessing import GradientFeatures


def gradient_features(graph: Graph, step: GradientFeatures, rows: Tensor) -> Tensor:
    """Describe rows of ink by their gradients.

    The gradient and its parts are bit for bit those of `step`: they are differences, zero where nothing changes, and
    the root of an error there would be a large one. The sampling has positive terms only, and no such care to take.
    """
    height, width = step.image_shape_
    pictures = graph.reshape(rows, -1, 1, height, width)
    maps = _directional_maps(graph, *_sobel(graph, pictures), step.directions)
    cells = _sample(graph, step, pictures, maps)
    features = graph.reshape(cells, -1, step.directions * step.grid**2)
    if step.power == 0.5:
        return graph("Sqrt", features)
    return features if step.power == 1 else graph("Pow", features, np.float32(step.power))


def _sobel(graph: Graph, pictures: Tensor) -> tuple[Tensor, Tensor]:
    """Gradient of pictures (n, 1, height, width) to the right and downwards; the frame repeats outwards."""
    padded = graph("Pad", pictures, np.array([0, 0, 1, 1, 0, 0, 1, 1]), mode="edge")

    def smoothed(axis: int) -> Tensor:
        outer = graph("Add", graph.slice(padded, axis, 0, -2), graph.slice(padded, axis, 2))
        return graph("Add", outer, graph("Mul", graph.slice(padded, axis, 1, -1), np.float32(2)))

    down, across = smoothed(2), smoothed(3)
    return (
        graph("Sub", graph.slice(down, 3, 2), graph.slice(down, 3, 0, -2)),
        graph("Sub", graph.slice(across, 2, 2), graph.slice(across, 2, 0, -2)),
    )


def _directional_maps(graph: Graph, right: Tensor, down: Tensor, directions: int) -> Tensor:
    """Share each gradient between its two nearest directions; (n, directions, height, width)."""
    half = directions // 2
    angle = 2 * math.pi / directions
    of_down = np.array([math.cos(d * angle) / math.sin(angle) for d in range(half)], np.float32)
    of_right = np.array([math.sin(d * angle) / math.sin(angle) for d in range(half)], np.float32)
    crosses = graph(
        "Sub",
        graph("Mul", down, of_down.reshape(1, half, 1, 1)),
        graph("Mul", right, of_right.reshape(1, half, 1, 1)),
    )
    against = graph("Neg", crosses)
    before = graph("Concat", graph.slice(against, 1, half - 1), graph.slice(crosses, 1, 0, half - 1), axis=1)
    after = graph("Concat", graph.slice(against, 1, 1), graph.slice(crosses, 1, 0, 1), axis=1)
    opposite = graph("Neg", graph("Max", before, after))
    return graph("Relu", graph("Concat", graph("Min", before, after), opposite, axis=1))


def _sample(graph: Graph, step: GradientFeatures, pictures: Tensor, maps: Tensor) -> Tensor:
    """Sample maps (n, directions, height, width) on the grid."""
    height, width = step.image_shape_
    if step.aspect is None:
        across = step.sampling_weights(width).T
        sampled = graph("MatMul", maps, across)  # (n, directions, height, grid)
        turned = graph("Transpose", sampled, perm=[0, 1, 3, 2])
        cells = graph("MatMul", turned, step.sampling_weights(height).T)
        return graph("Transpose", cells, perm=[0, 1, 3, 2])
    flat = graph.reshape(pictures, -1, height, width)
    edges_down, edges_across = moment_edges(graph, flat, (height, width), step.aspect, step.box_)
    down = _moved_weights(graph, edges_down, height, step)
    turned = graph("Transpose", _moved_weights(graph, edges_across, width, step), perm=[0, 1, 3, 2])
    return graph("MatMul", graph("MatMul", down, maps), turned)


def _moved_weights(graph: Graph, edges: Tensor, length: int, step: GradientFeatures) -> Tensor:
    """Share of each sample's Gaussian that each moved pixel covers; (n, 1, grid, length)."""
    centres, spread = step.sample_positions(length)
    away = graph("Sub", graph.reshape(edges, -1, 1, 1, length + 1), centres.reshape(1, 1, -1, 1))
    # rounded before the difference as GradientFeatures does: a root would show that the weights far off are coarse
    below = graph.cast(normal_below(graph, graph("Div", away, np.float64(spread))), np.float32)
    return graph("Sub", graph.slice(below, 3, 1), graph.slice(below, 3, 0, -1))
