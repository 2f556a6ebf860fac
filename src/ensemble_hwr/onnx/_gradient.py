"""ONNX operators of GradientFeatures, in the same order of operations."""

from __future__ import annotations

import math

import numpy as np

from ensemble_hwr.onnx._graph import OnnxGraph, Tensor
from ensemble_hwr.onnx._pictures import moment_edges
from ensemble_hwr.preprocessing import GradientFeatures

# Coefficients of W. H. Press et al., "Numerical recipes in C", 2nd edition (1992), section 6.2, erfcc: the relative
# error is below 1.2e-7. The Erf operator of ONNX runtimes supports float32 only.
_ERFC = (
    *(0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807),
    *(-0.18628806, 0.09678418, 0.37409196, 1.00002368, -1.26551223),
)


def gradient_features(graph: OnnxGraph, step: GradientFeatures, rows: Tensor) -> Tensor:
    """Compute gradient features of rows of ink.

    The gradient and its directional parts equal those of `step` bit for bit: they are differences, which are 0 in
    uniform areas, and the square root of a rounding error there would be large. Sampling has positive terms only.
    """
    height, width = step.image_shape_
    pictures = graph.reshape(rows, -1, 1, height, width)
    maps = _directional_maps(graph, *_sobel(graph, pictures), step.directions)
    cells = _sample(graph, step, pictures, maps)
    features = graph.reshape(cells, -1, step.directions * step.grid**2)
    if step.power == 0.5:
        return graph("Sqrt", features)
    return features if step.power == 1 else graph("Pow", features, np.float32(step.power))


def _sobel(graph: OnnxGraph, pictures: Tensor) -> tuple[Tensor, Tensor]:
    """Return the gradient of pictures (n, 1, height, width) to the right and downwards, with repeated borders."""
    padded = graph("Pad", pictures, np.array([0, 0, 1, 1, 0, 0, 1, 1]), mode="edge")

    def smoothed(axis: int) -> Tensor:
        outer = graph("Add", graph.slice(padded, axis, 0, -2), graph.slice(padded, axis, 2))
        return graph("Add", outer, graph("Mul", graph.slice(padded, axis, 1, -1), np.float32(2)))

    down, across = smoothed(2), smoothed(3)
    return (
        graph("Sub", graph.slice(down, 3, 2), graph.slice(down, 3, 0, -2)),
        graph("Sub", graph.slice(across, 2, 2), graph.slice(across, 2, 0, -2)),
    )


def _directional_maps(graph: OnnxGraph, right: Tensor, down: Tensor, directions: int) -> Tensor:
    """Decompose each gradient into its two nearest directions; (n, directions, height, width)."""
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


def _sample(graph: OnnxGraph, step: GradientFeatures, pictures: Tensor, maps: Tensor) -> Tensor:
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


def _moved_weights(graph: OnnxGraph, edges: Tensor, length: int, step: GradientFeatures) -> Tensor:
    """Return the share of each sample's Gaussian that each moved pixel covers; (n, 1, grid, length)."""
    centres, spread = step.sample_positions(length)
    away = graph("Sub", graph.reshape(edges, -1, 1, 1, length + 1), centres.reshape(1, 1, -1, 1))
    # rounded before the difference as in GradientFeatures: a square root would amplify other rounding of small weights
    below = graph.cast(_normal_cdf(graph, graph("Div", away, np.float64(spread))), np.float32)
    return graph("Sub", graph.slice(below, 3, 1), graph.slice(below, 3, 0, -1))


def _normal_cdf(graph: OnnxGraph, values: Tensor) -> Tensor:
    """Return the standard normal distribution function of each value, float64."""
    size = graph("Div", graph("Abs", values), np.float64(math.sqrt(2)))
    t = graph("Div", np.float64(1), graph("Add", graph("Div", size, np.float64(2)), np.float64(1)))
    exponent: Tensor | np.float64 = np.float64(_ERFC[0])
    for coefficient in _ERFC[1:]:
        exponent = graph("Add", graph("Mul", exponent, t), np.float64(coefficient))
    exponent = graph("Sub", exponent, graph("Mul", size, size))
    tail = graph("Mul", graph("Mul", t, graph("Exp", exponent)), np.float64(0.5))
    beyond = graph("Sub", np.float64(1), tail)
    return graph("Where", graph("Less", values, np.float64(0)), tail, beyond)
