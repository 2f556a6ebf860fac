"""Generate the pen strokes of a letter of a simulated writer."""

import numpy as np

from ensemble_hwr.datasets.handwriting._curves import SMOOTHINGS, Floats, Skeleton, skeleton
from ensemble_hwr.datasets.handwriting._small_skeletons import SMALL_SKELETONS
from ensemble_hwr.datasets.handwriting._style import (
    DESCENDER,
    X_HEIGHT,
    WriterStyle,
    allograph_index,
    allograph_names,
    pick_allograph_index,
)

# Standard deviations of an ordinary writer; lengths are in cap heights.
_STROKE_SHIFT, _STROKE_STRETCH, _STROKE_TURN = 0.022, 0.06, 0.05
_KNOT_SHIFT, _END_REACH, _LEG_BOW = 0.015, 0.025, 0.018
_WARP = 0.036
_LETTER_WIDTH, _LETTER_SIZE, _LETTER_SLANT, _LETTER_TURN = 0.08, 0.05, 0.04, 0.03

_TREMORS = np.array([2.3, 3.7, 5.9])  # cycles per cap height of path
_END_REGION = 0.25  # cap heights; part of a stroke that moves when its end is extended


def letter_strokes(
    letter: str,
    style: WriterStyle | None = None,
    *,
    allograph: str | None = None,
    random_state: int | np.random.Generator | None = None,
) -> list[Floats]:
    """Generate the pen strokes of a letter.

    Parameters
    ----------
    letter : str
        A letter A to Z or a to z, a digit, or one of the marks ``. , - ' ! ? : & /``.
    style : WriterStyle, default=None
        Style of the writer; by default neat copybook writing.
    allograph : str, default=None
        One of ``allograph_names(letter)``; by default it depends on the style.
    random_state : int, numpy.random.Generator or None, default=None
        Random state of the differences between two letters of a writer.

    Returns
    -------
    list of ndarray of shape (m, 3)
        One array of points (x, y, pressure) per stroke, in writing order. The letter is on the baseline y = 1 with its
        left end near x = 0; the top of a capital is near y = 0, and y points down. Pressure is in (0, 1].

    Raises
    ------
    DataError
        If the letter or the allograph is unknown.

    Examples
    --------
    >>> from ensemble_hwr.datasets.handwriting import letter_strokes
    >>> [stroke.shape[1] for stroke in letter_strokes("T")]
    [3, 3]
    """
    style = WriterStyle() if style is None else style
    rng = np.random.default_rng(random_state)
    index = _choose_allograph(letter, style, allograph, rng)
    bones = skeleton(letter, index)
    own = np.random.default_rng([style.habit, ord(letter), index]).standard_normal(_count_traits(bones))
    traits = style.deviation * own + style.unsteadiness * rng.standard_normal(len(own))
    points = _trace(bones, traits, style)
    if letter in SMALL_SKELETONS:
        points = _set_proportions(points, style)
    points = _place_letter(points, style, rng)
    points += _tremble(bones, style, rng)
    drawn = np.concatenate([points, _press(bones, style, rng)[:, None]], axis=1)
    return [drawn[start : end + 1] for start, end in zip(bones.starts, bones.ends, strict=True)]


def _choose_allograph(letter: str, style: WriterStyle, name: str | None, rng: np.random.Generator) -> int:
    if name is not None:
        return allograph_index(letter, name)
    usual = style.allographs.get(letter, allograph_names(letter)[0])
    if rng.random() < style.constancy:
        return allograph_index(letter, usual)
    return pick_allograph_index(rng, letter, joined=style.joined)


def _count_traits(bones: Skeleton) -> int:
    return 10 + 6 * bones.n_strokes + 2 * len(bones.knots) + len(bones.leg_starts)


def _trace(bones: Skeleton, traits: Floats, style: WriterStyle) -> Floats:
    """Move the knots, interpolate, move and bend the strokes, and warp the whole letter."""
    s, k = bones.n_strokes, len(bones.knots)
    whole, by_stroke, by_knot, by_leg = np.split(traits, np.cumsum([10, 6 * s, 2 * k]))
    shift_x, shift_y, stretch, turn, *reach = by_stroke.reshape(6, s)
    knots = bones.knots + _KNOT_SHIFT * (bones.knot_blend @ by_knot.reshape(k, 2))
    points = _smoothed_matrix(bones, style.roundness) @ knots
    points = _move_strokes(bones, points, np.stack([shift_x, shift_y], axis=1), stretch, turn)
    points += _bend(bones, points, style.bow + _LEG_BOW * by_leg)
    points += _extend_ends(bones, points, style.overshoot + _END_REACH * np.stack(reach))
    points = points + _WARP * _warp_basis(points) @ whole.reshape(5, 2)
    return bones.height * points + [0.0, bones.top]


def _smoothed_matrix(bones: Skeleton, roundness: float) -> Floats:
    level = roundness * (len(SMOOTHINGS) - 1)
    low = min(int(level), len(SMOOTHINGS) - 2)
    part = level - low
    blended: Floats = (1 - part) * bones.matrices[low] + part * bones.matrices[low + 1]
    return blended


def _move_strokes(bones: Skeleton, points: Floats, shift: Floats, stretch: Floats, turn: Floats) -> Floats:
    """Shift, scale and rotate each stroke about its middle."""
    middles = (points[bones.starts] + points[bones.ends]) / 2
    scale, angle = np.exp(_STROKE_STRETCH * stretch), _STROKE_TURN * turn
    cosine, sine = (scale * np.cos(angle))[bones.stroke], (scale * np.sin(angle))[bones.stroke]
    x, y = (points - middles[bones.stroke]).T
    moved = (middles + _STROKE_SHIFT * bones.looseness * shift)[bones.stroke]
    moved[:, 0] += cosine * x - sine * y
    moved[:, 1] += sine * x + cosine * y
    return moved


def _bend(bones: Skeleton, points: Floats, bow: Floats) -> Floats:
    """Bend every line between two corners in proportion to its length."""
    chords = points[bones.leg_ends] - points[bones.leg_starts]
    sideways = chords[:, ::-1] * [-1.0, 1.0] * bow[:, None]
    return np.asarray(sideways[bones.leg] * bones.leg_arch[:, None])


def _extend_ends(bones: Skeleton, points: Floats, reach: Floats) -> Floats:
    """Extend or shorten strokes at their ends along their direction."""
    first = points[bones.starts] - points[bones.starts + 2]
    last = points[bones.ends] - points[bones.ends - 2]
    moves = np.stack([first, last])
    moves *= (reach / np.maximum(np.hypot(moves[..., 0], moves[..., 1]), 1e-9))[..., None]
    near_start = np.maximum(1 - bones.from_start / _END_REGION, 0)[:, None]
    near_end = np.maximum(1 - bones.to_end / _END_REGION, 0)[:, None]
    return np.asarray(near_start * moves[0, bones.stroke] + near_end * moves[1, bones.stroke])


def _warp_basis(points: Floats) -> Floats:
    """Return polynomials of low degree about the middle of a letter; warping with them keeps joints connected."""
    x, y = 2 * points[:, 0] - 0.7, 2 * points[:, 1] - 1.0
    xy, yy = x * y, y * y
    return np.stack([xy, x * x - 0.3, yy - 0.3, xy * y - 0.3 * x, yy * y - 0.6 * y], axis=1)


def _set_proportions(points: Floats, style: WriterStyle) -> Floats:
    """Move the x-height and the ends of descenders of a small letter to those of the writer."""
    levels = np.array([-1.0, -DESCENDER, 0.0, X_HEIGHT, 1.0, 2.0])
    own = np.array([-1.0 + DESCENDER - style.descender, -style.descender, 0.0, style.x_height, 1.0, 2.0])
    return np.stack([points[:, 0], 1 - np.interp(1 - points[:, 1], levels, own)], axis=1)


def _place_letter(points: Floats, style: WriterStyle, rng: np.random.Generator) -> Floats:
    """Apply width, height, slant and rotation of the style to a letter on the baseline."""
    now = style.unsteadiness * rng.standard_normal(4)
    height = style.size * np.exp(_LETTER_SIZE * now[0])
    width = style.width * height * np.exp(_LETTER_WIDTH * now[1])
    slant = style.slant + _LETTER_SLANT * now[2]
    turn = style.rotation + _LETTER_TURN * now[3]
    x, up = points[:, 0] * width, (1 - points[:, 1]) * height
    x = x + slant * up
    cosine, sine = np.cos(turn), np.sin(turn)
    return np.stack([cosine * x - sine * up, 1 - (sine * x + cosine * up)], axis=1)


def _tremble(bones: Skeleton, style: WriterStyle, rng: np.random.Generator) -> Floats:
    phase, size = rng.random((len(_TREMORS), 1)), rng.standard_normal((len(_TREMORS), 2))
    waves = np.sin(2 * np.pi * (_TREMORS[:, None] * (bones.from_start + 0.37 * bones.stroke) + phase))
    return np.asarray(style.tremor * waves.T @ size)


def _press(bones: Skeleton, style: WriterStyle, rng: np.random.Generator) -> Floats:
    """Return the pressure along the path: it varies slowly and is lower at the ends of strokes."""
    frequency, phase = rng.uniform(0.3, 1.0), rng.random()
    wave = np.sin(2 * np.pi * (frequency * bones.from_start + phase + 0.29 * bones.stroke))
    landing = 0.6 * np.exp(-bones.from_start / 0.06) + np.exp(-bones.to_end / 0.10)
    return np.clip(style.pressure * (1 + style.pressure_change * wave) * (1 - style.taper * landing), 0.05, 1.0)
