"""Precompute the linear map from the knots of a skeleton to points along the pen path.

A cubic Hermite curve with Catmull-Rom tangents and fixed parameters is linear in its knots, and so is smoothing along
the path. A letter with moved knots therefore needs one matrix product.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr.datasets.handwriting._sign_skeletons import DIGIT_SKELETONS, MARK_SKELETONS
from ensemble_hwr.datasets.handwriting._skeletons import SKELETONS, Allograph
from ensemble_hwr.datasets.handwriting._small_skeletons import SMALL_SKELETONS

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

ALLOGRAPHS: dict[str, tuple[Allograph, ...]] = {
    **SKELETONS,
    **SMALL_SKELETONS,
    **DIGIT_SKELETONS,
    **MARK_SKELETONS,
}
"""Allographs of all characters: A to Z, a to z, 0 to 9 and marks."""

CHARACTERS = "".join(ALLOGRAPHS)
"""All characters that can be generated."""

MIN_HEIGHT = 0.2
"""Smallest unit of length of a skeleton, in cap heights, which is that of dots and dashes."""

DOT_LENGTH = 0.12
"""Longest stroke that is the dot of a character, in cap heights."""

POINT_SPACING = 0.03
"""Distance between points along the path, in cap heights."""

SMOOTHINGS = (0.0, 0.025, 0.05, 0.09)
"""Widths of the smoothing kernels that round corners, in cap heights."""


@dataclass(frozen=True)
class Skeleton:
    """Precomputed allograph: ``matrices[level] @ knots`` are points along the pen path.

    Lengths are in units of ``height`` cap heights, from the highest point, so that the writer's deviations are in
    proportion to the size of the character. For capitals the unit is the cap height.
    """

    knots: Floats  # (k, 2)
    knot_stroke: Ints  # (k,) stroke of each knot
    knot_blend: Floats  # (k, k) correlates the shifts of knots along a smooth curve
    matrices: Floats  # (len(SMOOTHINGS), m, k)
    starts: Ints  # (strokes,) first point of each stroke
    ends: Ints  # (strokes,) last point of each stroke
    stroke: Ints  # (m,) stroke of each point
    from_start: Floats  # (m,) path length from the start of the stroke
    to_end: Floats  # (m,) path length to the end of the stroke
    leg_starts: Ints  # (legs,) first point of each leg; a leg runs between corners
    leg_ends: Ints  # (legs,) last point of each leg
    leg: Ints  # (m,) leg of each point
    leg_arch: Floats  # (m,) 0 at both ends of the leg, 1 in the middle
    top: float  # highest point, in cap heights below the top of a capital
    height: float  # unit of length, in cap heights
    looseness: Floats  # (strokes, 1) how far strokes are shifted relative to those of capitals

    @property
    def n_strokes(self) -> int:
        """Number of strokes."""
        return len(self.starts)


def parse_path(path: str) -> list[tuple[Floats, NDArray[np.bool_]]]:
    """Parse the notation of `_skeletons`: knots of each stroke in cap heights, and a mask of corners."""
    strokes = []
    for part in path.split("/"):
        words = part.split()
        knots = np.array([[float(number) for number in word.rstrip("!").split(",")] for word in words]) / 100
        strokes.append((knots, np.array([word.endswith("!") for word in words])))
    return strokes


@cache
def skeleton(letter: str, allograph: int) -> Skeleton:
    """Return an allograph of a letter by its index in `ALLOGRAPHS`."""
    strokes = parse_path(ALLOGRAPHS[letter][allograph].path)
    looseness = [_looseness(knots, letter) for knots, _ in strokes]
    top, height = _extent(strokes, letter)
    strokes = [((knots - [0.0, top]) / height, corners) for knots, corners in strokes]
    samplers = [_sampling_matrix(knots, corners) for knots, corners in strokes]
    lengths = [len(matrix) for matrix, _ in samplers]
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.intp)
    travelled = [_travelled(matrix @ knots) for (matrix, _), (knots, _) in zip(samplers, strokes, strict=True)]
    bounds = [start + marks for start, (_, marks) in zip(starts, samplers, strict=True)]
    leg_starts = np.concatenate([marks[:-1] for marks in bounds])
    leg_ends = np.concatenate([marks[1:] for marks in bounds])
    leg = np.searchsorted(leg_starts, np.arange(sum(lengths)), side="right") - 1
    place = (np.arange(sum(lengths)) - leg_starts[leg]) / np.maximum(leg_ends - leg_starts, 1)[leg]
    return Skeleton(
        knots=np.concatenate([knots for knots, _ in strokes]),
        knot_stroke=np.repeat(np.arange(len(strokes)), [len(knots) for knots, _ in strokes]),
        knot_blend=_block_diagonal([_blend_matrix(corners) for _, corners in strokes]),
        matrices=np.stack(
            [_block_diagonal([_smoothing(len(m), width) @ m for m, _ in samplers]) for width in SMOOTHINGS]
        ),
        starts=starts,
        ends=starts + np.array(lengths) - 1,
        stroke=np.repeat(np.arange(len(strokes)), lengths),
        from_start=np.concatenate(travelled),
        to_end=np.concatenate([along[-1] - along for along in travelled]),
        leg_starts=leg_starts,
        leg_ends=leg_ends,
        leg=leg,
        leg_arch=4 * place * (1 - place),
        top=top,
        height=height,
        looseness=np.array(looseness)[:, None],
    )


def _extent(strokes: list[tuple[Floats, NDArray[np.bool_]]], letter: str) -> tuple[float, float]:
    """Return the top and the unit of length of a skeleton in cap heights."""
    if letter in SKELETONS:
        return 0.0, 1.0
    knots = np.concatenate([knots for knots, _ in strokes])
    return float(knots[:, 1].min()), max(float(np.ptp(knots, axis=0).max()), MIN_HEIGHT)


def _looseness(knots: Floats, letter: str) -> float:
    """Return how far a stroke is shifted at random: dots, and the bars of t and f, vary most."""
    if letter in SKELETONS or letter in MARK_SKELETONS:
        return 1.0
    if np.ptp(knots, axis=0).max() <= DOT_LENGTH:
        return 3.0
    return 1.8 if letter in "ft" and np.ptp(knots[:, 1]) < DOT_LENGTH else 1.0


def _travelled(points: Floats) -> Floats:
    steps = np.hypot(*np.diff(points, axis=0).T)
    return np.concatenate([[0.0], np.cumsum(steps)])


def _sampling_matrix(knots: Floats, corners: NDArray[np.bool_]) -> tuple[Floats, Ints]:
    """Return the (m, k) map from the knots of a stroke to its points, and the points at the ends of its legs."""
    spans = np.hypot(*np.diff(knots, axis=0).T)
    leaving, arriving = _tangents(spans, corners)
    unit = np.eye(len(knots))
    rows, marks = [unit[:1]], [0]
    for i, span in enumerate(spans):
        count = max(2, int(np.ceil(span / POINT_SPACING)))
        t = (np.arange(count) + 1)[:, None] / count
        rows.append(
            (2 * t**3 - 3 * t**2 + 1) * unit[i]
            + (3 * t**2 - 2 * t**3) * unit[i + 1]
            + span * ((t**3 - 2 * t**2 + t) * leaving[i] + (t**3 - t**2) * arriving[i + 1])
        )
        if corners[i + 1] or i + 1 == len(spans):
            marks.append(sum(map(len, rows)) - 1)
    return np.concatenate(rows), np.array(marks)


def _tangents(spans: Floats, corners: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Return outgoing and incoming tangents of each knot, as (k, k) maps from the knots."""
    k = len(corners)
    slopes = np.diff(np.eye(k), axis=0) / spans[:, None]
    leaving, arriving = np.zeros((k, k)), np.zeros((k, k))
    sharp = corners.copy()
    sharp[[0, -1]] = True
    for i in np.flatnonzero(~sharp):
        before, after = spans[i - 1], spans[i]
        leaving[i] = arriving[i] = (after * slopes[i - 1] + before * slopes[i]) / (before + after)
    for i in np.flatnonzero(sharp):
        if i + 1 < k:
            leaving[i] = slopes[i] if sharp[i + 1] else 1.5 * slopes[i] - 0.5 * arriving[i + 1]
        if i > 0:
            arriving[i] = slopes[i - 1] if sharp[i - 1] else 1.5 * slopes[i - 1] - 0.5 * leaving[i - 1]
    return leaving, arriving


def _smoothing(n_points: int, width: float) -> Floats:
    """Return Gaussian smoothing along a stroke, which preserves its ends and straight lines."""
    unit = np.eye(n_points)
    reach = min(int(np.ceil(4 * width / POINT_SPACING)), n_points - 1)
    if reach == 0:
        return unit
    before, after = 2 * unit[0] - unit[reach:0:-1], 2 * unit[-1] - unit[-2 : -2 - reach : -1]
    mirrored = np.concatenate([before, unit, after])
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) * POINT_SPACING / width) ** 2)
    windows = np.lib.stride_tricks.sliding_window_view(mirrored, len(kernel), axis=0)
    return np.asarray(windows @ (kernel / kernel.sum()))


def _blend_matrix(corners: NDArray[np.bool_]) -> Floats:
    blend = np.eye(len(corners))
    for i in range(1, len(corners) - 1):
        if not corners[i]:
            blend[i, i - 1 : i + 2] = 0.5, 0.7, 0.5
    return blend


def _block_diagonal(blocks: list[Floats]) -> Floats:
    whole = np.zeros(np.sum([block.shape for block in blocks], axis=0))
    row = column = 0
    for block in blocks:
        whole[row : row + block.shape[0], column : column + block.shape[1]] = block
        row, column = row + block.shape[0], column + block.shape[1]
    return whole
