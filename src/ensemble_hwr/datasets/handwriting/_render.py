"""Render pen strokes as ink, and ink as a picture on paper."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ensemble_hwr._typing import Ink
from ensemble_hwr.exceptions import DataError

_FAINTEST = {"ball": 0.75, "felt": 0.92, "pencil": 0.35}
_GRAIN = {"ball": 0.04, "felt": 0.0, "pencil": 0.35}
_SPREAD = {"ball": 0.35, "felt": 0.15, "pencil": 0.3}


def render_strokes(
    strokes: Sequence[ArrayLike],
    *,
    scale: float = 40.0,
    pen_width: float = 0.07,
    pen: str = "ball",
    softness: float = 1.0,
    margin: float = 2.0,
    frame: tuple[float, float, float, float] | None = None,
    random_state: int | np.random.Generator | None = None,
) -> Ink:
    """Render pen strokes as anti-aliased ink.

    Every point of the path is drawn as a disc. Pressure increases its radius and darkness; overlapping discs take the
    maximum.

    Parameters
    ----------
    strokes : sequence of array-like of shape (m, 2) or (m, 3)
        Points (x, y) or (x, y, pressure) of each stroke, x to the right and y down, in any unit. Pressure is in (0, 1],
        by default 1. A stroke of one point is a dot.
    scale : float, default=40.0
        Pixels per unit.
    pen_width : float, default=0.07
        Line width at full pressure, in units.
    pen : {"ball", "pencil", "felt"}, default="ball"
        Pen type: felt is uniformly dark, pencil is grainy and pale at low pressure.
    softness : float, default=1.0
        Width of the edge between ink and paper in pixels; 1 is sharp.
    margin : float, default=2.0
        Border around the ink in pixels; negative values crop it. Not used with `frame`.
    frame : tuple of float (left, top, right, bottom), default=None
        Part of the plane to render, in units; by default the ink and the margin.
    random_state : int, numpy.random.Generator or None, default=None
        Random state of the grain.

    Returns
    -------
    ndarray of shape (height, width), float32
        0 is paper, 1 is full ink.

    Raises
    ------
    DataError
        If there is no stroke, a stroke is not a finite array with 2 or 3 columns, or a parameter is out of range.

    Examples
    --------
    >>> from ensemble_hwr.datasets.handwriting import render_strokes
    >>> render_strokes([[(0, 0), (0, 1)]], scale=20, margin=1).shape
    (24, 4)
    """
    for name, value in (("scale", scale), ("softness", softness)):
        if not (np.isfinite(value) and value > 0):
            raise DataError(f"{name} is {value!r}, but it must be a number greater than 0")
    paths = _checked_paths(strokes, pen_width, pen)
    x, y, pressure = _dense_path(paths, step=_step(scale, pen_width))
    radius = scale * _radius(pressure, pen_width, pen)
    darkness = _FAINTEST[pen] + (1 - _FAINTEST[pen]) * pressure
    if frame is None:
        left, top, right, bottom = stroke_bounds(paths, pen_width=pen_width, pen=pen)
        border = margin / scale
        frame = (left - border, top - border, right + border, bottom + border)
    elif not (np.isfinite(frame).all() and frame[0] < frame[2] and frame[1] < frame[3]):
        raise DataError(
            f"frame is {frame!r}, but it must be (left, top, right, bottom) with left < right, top < bottom"
        )
    shape = (_pixels(frame[3] - frame[1], scale), _pixels(frame[2] - frame[0], scale))
    discs = np.stack([(x - frame[0]) * scale, (y - frame[1]) * scale, radius, darkness])
    ink = _stamp(discs, softness, shape)
    if _GRAIN[pen]:
        ink *= 1 - _GRAIN[pen] * np.random.default_rng(random_state).random(shape, dtype=np.float32)
    return ink


def paper_picture(
    ink: Ink,
    *,
    paper: float = 0.9,
    contrast: float = 0.7,
    shading: float = 0.0,
    noise: float = 0.0,
    random_state: int | np.random.Generator | None = None,
) -> NDArray[np.uint8]:
    """Convert ink to a gray picture as from a camera or scanner: dark ink on light paper.

    Parameters
    ----------
    ink : ndarray of shape (height, width)
        0 is paper, 1 is full ink.
    paper : float in (0, 1], default=0.9
        Brightness of the paper.
    contrast : float in (0, 1], default=0.7
        Contrast between full ink and paper.
    shading : float, default=0.0
        Difference in brightness between opposite sides of the picture.
    noise : float, default=0.0
        Standard deviation of the pixel noise.
    random_state : int, numpy.random.Generator or None, default=None
        Random state of shading direction and noise.

    Returns
    -------
    ndarray of shape (height, width), uint8
        0 is black, 255 is white.

    Raises
    ------
    DataError
        If `ink` does not have two dimensions.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.datasets.handwriting._render import paper_picture
    >>> paper_picture(np.array([[0.0, 1.0]], dtype=np.float32), paper=1.0, contrast=1.0)
    array([[255,   0]], dtype=uint8)
    """
    if ink.ndim != 2:
        raise DataError(f"ink has shape {ink.shape}, but it must be (height, width)")
    rng = np.random.default_rng(random_state)
    height, width = ink.shape
    angle = rng.uniform(0, 2 * np.pi)
    down = np.linspace(-0.5, 0.5, height, dtype=np.float32)[:, None] * np.sin(angle)
    across = np.linspace(-0.5, 0.5, width, dtype=np.float32) * np.cos(angle)
    light = (paper + shading * (down + across)) * (1 - contrast * ink)
    if noise:
        light = light + noise * rng.standard_normal(ink.shape, dtype=np.float32)
    grey: NDArray[np.uint8] = np.rint(255 * np.clip(light, 0, 1)).astype(np.uint8)
    return grey


def stroke_bounds(
    strokes: Sequence[ArrayLike], *, pen_width: float = 0.07, pen: str = "ball"
) -> tuple[float, float, float, float]:
    """Compute the bounding box of the ink of pen strokes.

    Parameters
    ----------
    strokes : sequence of array-like of shape (m, 2) or (m, 3)
        As for `render_strokes`.
    pen_width : float, default=0.07
        Width of the line at full pressure, in the unit of the strokes.
    pen : {"ball", "pencil", "felt"}, default="ball"
        Pen type.

    Returns
    -------
    tuple of float (left, top, right, bottom)
        In the unit of the strokes.

    Raises
    ------
    DataError
        As `render_strokes`.

    Examples
    --------
    >>> from ensemble_hwr.datasets.handwriting._render import stroke_bounds
    >>> stroke_bounds([[(0, 0), (0, 1)]], pen_width=0.5)
    (-0.25, -0.25, 0.25, 1.25)
    """
    x, y, pressure = np.concatenate(_checked_paths(strokes, pen_width, pen)).T
    radius = _radius(pressure, pen_width, pen)
    low, high = (x - radius, y - radius), (x + radius, y + radius)
    return float(low[0].min()), float(low[1].min()), float(high[0].max()), float(high[1].max())


def _checked_paths(strokes: Sequence[ArrayLike], pen_width: float, pen: str) -> list[NDArray[np.float64]]:
    if pen not in _FAINTEST:
        raise DataError(f"pen is {pen!r}, but it must be one of {', '.join(map(repr, _FAINTEST))}")
    if not (np.isfinite(pen_width) and pen_width > 0):
        raise DataError(f"pen_width is {pen_width!r}, but it must be a number greater than 0")
    paths = [_checked(stroke, place) for place, stroke in enumerate(strokes)]
    if not paths:
        raise DataError("there are no strokes to draw; give at least one array of points")
    return paths


def _checked(stroke: ArrayLike, place: int) -> NDArray[np.float64]:
    points = np.asarray(stroke, dtype=np.float64)
    if points.ndim != 2 or points.shape[0] == 0 or points.shape[1] not in (2, 3):
        raise DataError(f"stroke {place} has shape {points.shape}, but it must be (points, 2) or (points, 3)")
    if not np.isfinite(points).all():
        raise DataError(f"stroke {place} holds a value that is not a finite number")
    return points if points.shape[1] == 3 else np.column_stack([points, np.ones(len(points))])


def _radius(pressure: NDArray[np.float64], pen_width: float, pen: str) -> NDArray[np.float64]:
    return 0.5 * pen_width * (1 - _SPREAD[pen] * (1 - pressure))


def _step(scale: float, pen_width: float) -> float:
    """Return the distance between discs, in units, at which their union looks like a line."""
    return max(0.5, 0.15 * pen_width * scale) / scale


def _pixels(length: float, scale: float) -> int:
    return max(1, int(np.ceil(length * scale - 1e-6)))


def _dense_path(paths: list[NDArray[np.float64]], step: float) -> NDArray[np.float64]:
    """Return equidistant points along all strokes, and their end points; shape (3, points)."""
    points = np.concatenate(paths).T
    steps = np.hypot(np.diff(points[0]), np.diff(points[1]))
    ends = np.cumsum([len(path) for path in paths]) - 1
    steps[ends[:-1]] = 0.0  # the pen is up
    travelled = np.concatenate([[0.0], np.cumsum(steps)])
    places = np.linspace(0, travelled[-1], int(travelled[-1] / step) + 2)
    landings = np.concatenate([[0], ends[:-1] + 1, ends])
    return np.stack([np.concatenate([np.interp(places, travelled, row), row[landings]]) for row in points])


def _stamp(discs: NDArray[np.float64], softness: float, shape: tuple[int, int]) -> Ink:
    """Draw soft-edged discs (x, y, radius in pixels; darkness) with the maximum where they overlap."""
    reach = int(np.ceil(discs[2].max() + softness / 2))
    seen = (np.abs(discs[0] - shape[1] / 2) < shape[1] / 2 + reach) & (
        np.abs(discs[1] - shape[0] / 2) < shape[0] / 2 + reach
    )
    x, y, radius, darkness = discs[:, seen].astype(np.float32)
    offsets = np.arange(-reach, reach + 1)
    left, top = np.floor(x), np.floor(y)
    dx = (left - x + np.float32(0.5))[:, None] + offsets.astype(np.float32)
    dy = (top - y + np.float32(0.5))[:, None] + offsets.astype(np.float32)
    distance = np.sqrt((dy * dy)[:, :, None] + (dx * dx)[:, None, :])
    # A disc thinner than the edge is soft covers no pixel wholly.
    most = np.minimum(np.float32(1), 2 * radius / np.float32(softness))
    cover = (radius[:, None, None] - distance) / np.float32(softness) + np.float32(0.5)
    np.clip(cover, 0, most[:, None, None], out=cover)
    cover *= darkness[:, None, None]
    pad = 2 * reach
    padded = np.zeros((shape[0] + 2 * pad, shape[1] + 2 * pad), dtype=np.float32)
    rows = (top.astype(np.intp) + pad)[:, None] + offsets
    columns = (left.astype(np.intp) + pad)[:, None] + offsets
    place = (rows * padded.shape[1])[:, :, None] + columns[:, None, :]
    np.maximum.at(padded.reshape(-1), place.ravel(), cover.ravel())
    return np.ascontiguousarray(padded[pad : pad + shape[0], pad : pad + shape[1]])
