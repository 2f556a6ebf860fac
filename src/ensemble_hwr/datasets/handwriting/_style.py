"""Style of a writer: everything that all letters of a writer have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Self

import numpy as np

from ensemble_hwr.datasets.handwriting._curves import ALLOGRAPHS
from ensemble_hwr.datasets.handwriting._skeletons import SKELETONS
from ensemble_hwr.exceptions import DataError


def seed_of(random_state: Any) -> int:
    """Return an integer seed for a random state of any type."""
    if random_state is None:
        return int(np.random.default_rng().integers(2**32))
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**32))
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**32, dtype=np.uint64))
    if isinstance(random_state, int | np.integer) and random_state >= 0:
        return int(random_state)
    raise DataError(f"random_state is {random_state!r}, but it must be an integer of 0 or more, a generator or None")


def generator(seed: int, *place: int) -> np.random.Generator:
    """Return an independent generator for a position such as (writer, letter, repetition)."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=place))


X_HEIGHT = 0.55  # height of the skeletons of small letters without ascender, in cap heights
DESCENDER = 0.4  # length of the descenders of the skeletons, in cap heights

PENS: dict[str, tuple[float, float, float]] = {
    # pen: minimum and maximum line width in cap heights, fraction of writers
    "ball": (0.05, 0.10, 0.5),
    "pencil": (0.06, 0.12, 0.25),
    "felt": (0.10, 0.19, 0.25),
}
"""Pens that a writer may have."""

DRAWABLE = "the letters A to Z and a to z, the digits and the marks . , - ' ! ? : & /"
JOINED_WEIGHT = 5.0  # of joined forms relative to the weights in the skeletons, for a writer who joins all letters


@dataclass(frozen=True)
class WriterStyle:
    """Style of a simulated writer: everything that all letters of the writer have in common.

    Lengths are in cap heights (the height of a capital letter is 1), angles in radians. The defaults are neat, upright
    copybook writing.

    Parameters
    ----------
    slant : float, default=0.0
        Tangent of the slant; positive values slant to the right.
    rotation : float, default=0.0
        Angle of the baseline; positive values rise to the right.
    width : float, default=1.0
        Width of the letters relative to the skeletons.
    size : float, default=1.0
        Height of the letters relative to the cap height.
    roundness : float in [0, 1], default=0.0
        Smoothing of corners.
    bow : float, default=0.0
        Curvature of straight lines, relative to their length.
    tremor : float, default=0.0
        Amplitude of tremor.
    overshoot : float, default=0.0
        Extension of strokes past their ends; negative values leave gaps at joints.
    deviation : float, default=0.0
        Difference between the letter shapes of the writer and the skeletons; 1 is ordinary.
    unsteadiness : float, default=0.0
        Difference between two letters of the same class; 1 is ordinary.
    x_height : float in (0, 1), default=0.55
        Height of small letters without ascender, such as x.
    descender : float, default=0.4
        Length of descenders, such as that of p.
    joined : float in [0, 1], default=0.0
        Tendency to small letters with connecting strokes, as in cursive writing.
    constancy : float in [0, 1], default=1.0
        Probability that a letter has the usual allograph of the writer.
    pen : {"ball", "pencil", "felt"}, default="ball"
        Pen of the writer.
    pen_width : float, default=0.07
        Line width at full pressure.
    pressure : float in (0, 1], default=0.8
        Mean pressure.
    pressure_change : float, default=0.0
        Variation of the pressure along a stroke.
    taper : float in [0, 1], default=0.0
        Decrease of pressure at the ends of strokes.
    habit : int, default=0
        Random state of the letter shapes of the writer.
    allographs : mapping of str to str, default={}
        Usual allograph of a letter, one of `allograph_names`; the most common one for other letters.

    Raises
    ------
    DataError
        If a value is not a number in its range, or a letter, an allograph or a pen is not known.

    Examples
    --------
    >>> from ensemble_hwr.datasets.handwriting import WriterStyle
    >>> style = WriterStyle(slant=0.2, allographs={"A": "round-topped"})
    >>> style.pen
    'ball'
    """

    slant: float = 0.0
    rotation: float = 0.0
    width: float = 1.0
    size: float = 1.0
    roundness: float = 0.0
    bow: float = 0.0
    tremor: float = 0.0
    overshoot: float = 0.0
    deviation: float = 0.0
    unsteadiness: float = 0.0
    x_height: float = X_HEIGHT
    descender: float = DESCENDER
    joined: float = 0.0
    constancy: float = 1.0
    pen: str = "ball"
    pen_width: float = 0.07
    pressure: float = 0.8
    pressure_change: float = 0.0
    taper: float = 0.0
    habit: int = 0
    allographs: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if self.pen not in PENS:
            raise DataError(f"pen is {self.pen!r}, but it must be one of {', '.join(map(repr, PENS))}")
        for entry in fields(self):
            if entry.type == "float" and not np.isfinite(getattr(self, entry.name)):
                raise DataError(f"{entry.name} is {getattr(self, entry.name)!r}, but it must be a finite number")
        for name in ("width", "size", "x_height", "descender", "pen_width", "pressure"):
            if getattr(self, name) <= 0:
                raise DataError(f"{name} is {getattr(self, name)!r}, but it must be greater than 0")
        for name in ("roundness", "x_height", "joined", "constancy", "pressure", "taper"):
            if not 0 <= getattr(self, name) <= 1:
                raise DataError(f"{name} is {getattr(self, name)!r}, but it must be between 0 and 1")
        if self.habit < 0:
            raise DataError(f"habit is {self.habit!r}, but it must be an integer of 0 or more")
        for letter, name in self.allographs.items():
            allograph_index(letter, name)

    @classmethod
    def random(
        cls,
        random_state: int | np.random.Generator | None = None,
        *,
        difficulty: float = 1.0,
        pens: Sequence[str] = tuple(PENS),
    ) -> Self:
        """Draw a random writer.

        Parameters
        ----------
        random_state : int, numpy.random.Generator or None, default=None
            Pass an int for a reproducible style.
        difficulty : float, default=1.0
            Variability: 0 draws neat writing close to the skeletons, 1 ordinary, 2 hasty writing.
        pens : sequence of str, default=("ball", "pencil", "felt")
            Pens that the writer may have.

        Returns
        -------
        WriterStyle

        Raises
        ------
        DataError
            If `difficulty` is negative, or `pens` is empty or contains an unknown pen.

        Examples
        --------
        >>> from ensemble_hwr.datasets.handwriting import WriterStyle
        >>> WriterStyle.random(7) == WriterStyle.random(7)
        True
        """
        if not (np.isfinite(difficulty) and difficulty >= 0):
            raise DataError(f"difficulty is {difficulty!r}, but it must be 0 or greater")
        rng = np.random.default_rng(random_state)
        pen = _pick_pen(rng, pens)
        narrowest, widest, _ = PENS[pen]
        capitals = cls(
            slant=float(0.04 + difficulty * rng.normal(0.04, 0.13)),
            rotation=float(difficulty * rng.normal(0.0, 0.04)),
            width=float(np.exp(difficulty * rng.normal(0.0, 0.15))),
            size=1.0,
            roundness=float(np.clip(difficulty * rng.beta(1.4, 2.2), 0.0, 1.0)),
            bow=float(difficulty * rng.normal(0.0, 0.025)),
            tremor=float(difficulty * rng.gamma(1.5, 0.0006)),
            overshoot=float(difficulty * max(rng.normal(0.012, 0.02), -0.015)),
            deviation=float(difficulty * rng.uniform(0.5, 1.1)),
            unsteadiness=float(difficulty * rng.uniform(0.4, 0.9)),
            constancy=float(rng.uniform(0.8, 1.0)),
            pen=pen,
            pen_width=float(np.exp(rng.uniform(np.log(narrowest), np.log(widest)))),
            pressure=float(rng.uniform(0.55, 0.95)),
            pressure_change=float(rng.uniform(0.0, 0.25)),
            taper=float(rng.beta(1.2, 3.0)),
            habit=int(rng.integers(2**31)),
            allographs={letter: _pick_allograph(rng, letter) for letter in SKELETONS},
        )
        return replace(capitals, **_small_letters(capitals, difficulty))


def allograph_names(letter: str) -> tuple[str, ...]:
    """Return the names of the allographs of a letter, the most common first.

    The last ones may be forms that random writers do not have, such as a 2 with a wide loop; `letter_strokes` draws
    them, and so does a `WriterStyle` that has one as its usual allograph.

    Parameters
    ----------
    letter : str
        A letter A to Z or a to z, a digit, or one of the marks ``. , - ' ! ? : & /``.

    Returns
    -------
    tuple of str

    Raises
    ------
    DataError
        If `letter` is another character.

    Examples
    --------
    >>> from ensemble_hwr.datasets.handwriting import allograph_names
    >>> allograph_names("L")
    ('corner', 'rounded', 'two-strokes', 'long-footed', 'looped')
    """
    if letter not in ALLOGRAPHS:
        raise DataError(f"letter is {letter!r}, but only {DRAWABLE} can be drawn")
    return tuple(allograph.name for allograph in ALLOGRAPHS[letter])


def allograph_index(letter: str, name: str) -> int:
    """Return the index of an allograph of a letter by its name."""
    names = allograph_names(letter)
    if name not in names:
        raise DataError(f"{letter} has no allograph {name!r}; allowed: {', '.join(map(repr, names))}")
    return names.index(name)


def pick_allograph_index(rng: np.random.Generator, letter: str, *, joined: float = 0.0) -> int:
    """Draw an allograph of a letter in proportion to its frequency, which depends on the tendency to joined forms."""
    entries = ALLOGRAPHS[letter]
    weights = [allograph.weight for allograph in entries]
    if any(allograph.joined for allograph in entries):
        weights = [
            allograph.weight * (JOINED_WEIGHT * joined if allograph.joined else 1 - joined) for allograph in entries
        ]
    reach = np.cumsum(weights)
    return int(np.searchsorted(reach, rng.random() * reach[-1], side="right"))


def _pick_allograph(rng: np.random.Generator, letter: str, joined: float = 0.0) -> str:
    return ALLOGRAPHS[letter][pick_allograph_index(rng, letter, joined=joined)].name


def _small_letters(style: WriterStyle, difficulty: float) -> dict[str, Any]:
    """Draw proportions and allographs of all characters but capitals, with a generator of their own."""
    rng = np.random.default_rng([style.habit, *b"small"])
    joined = float(rng.beta(0.6, 1.4))
    return {
        "x_height": float(np.clip(X_HEIGHT + difficulty * rng.normal(0.0, 0.06), 0.35, 0.8)),
        "descender": float(np.clip(DESCENDER + difficulty * rng.normal(0.0, 0.08), 0.15, 0.8)),
        "joined": joined,
        "allographs": {
            **style.allographs,
            **{letter: _pick_allograph(rng, letter, joined) for letter in ALLOGRAPHS if letter not in SKELETONS},
        },
    }


def _pick_pen(rng: np.random.Generator, pens: Sequence[str]) -> str:
    unknown = [pen for pen in pens if pen not in PENS]
    if unknown or not len(pens):
        raise DataError(f"pens is {pens!r}, but it must name one or more of {', '.join(map(repr, PENS))}")
    shares = np.array([PENS[pen][2] for pen in pens])
    return str(rng.choice(list(pens), p=shares / shares.sum()))
