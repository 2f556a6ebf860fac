"""Random data augmentation of letters: geometry, stroke width, damage, resolution and paper."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import check_array

from ensemble_hwr._geometry import FRAME_SIDE
from ensemble_hwr._sklearn import Interval
from ensemble_hwr._typing import Pictures, Rows
from ensemble_hwr.preprocessing._picture_transformer import Scratch
from ensemble_hwr.preprocessing.augmentation._pixels import add_paper, change_width, cover, cut_edge, pixelate
from ensemble_hwr.preprocessing.augmentation._warp import Fields, Warp, lattice_size, smooth_fields, warp

RandomState: TypeAlias = int | np.random.Generator | np.random.RandomState | None
Draws: TypeAlias = NDArray[np.float64]  # (draws of the step, n), uniform from 0 to 1

_BLOCK_PIXELS = 64 * FRAME_SIDE**2  # size of a block of pictures that stays in the processor's cache
_BLOCKS_OF_DAMAGE = 16  # most blocks that steps for a few letters handle together
_SHADING = 0.3  # smoothness of the shading of paper, relative to the side


def _share(most: float = 1.0) -> list[Any]:
    """Return the constraint of a parameter from 0 to `most`."""
    return [Interval(Real, 0, most, closed="both")]


class Augmenter(BaseEstimator):
    """Augment letters: `augment` returns one random variation of each row.

    Letters are first rotated, slanted, stretched, scaled, displaced elastically and shifted, in one bilinear
    resampling. Then their strokes get thicker or thinner. Then, with some probability each, a bar is erased or drawn
    over them, an edge is lost, their resolution is reduced, and they are put on grey paper with noise. Each letter
    draws its own values, uniformly from the whole range. A parameter of 0 disables its step, and does not change the
    draws of the other steps.

    Angles are in degrees. Lengths are relative to the side of the frame, so that parameters fit frames of any size.

    Parameters
    ----------
    rotation : float, default=10.0
        Greatest rotation in either direction, from 0 to 180 degrees.
    slant : float, default=16.0
        Greatest slant in either direction, from 0 to 60 degrees.
    stretch : float, default=0.2
        Greatest relative change of the ratio of width to height, in either direction; 0.2 is 20 %.
    scale : float, default=0.1
        Greatest relative change of the longer side of the letter, in either direction.
    shift : float, default=0.05
        Greatest shift on each axis, relative to the side, from 0 to 1.
    elastic : float, default=0.04
        Greatest standard deviation of the elastic displacements [1]_, relative to the side, from 0 to 0.2.
    smoothness : float, default=0.14
        Standard deviation of the Gaussian filter of the displacements, relative to the side, from 0.02 to 1.
    stroke_width : tuple of float, default=(-0.03, 0.03)
        Least and greatest change of the stroke width, relative to the side, from -0.5 to 0.5; negative is thinner.
    erasure : float, default=0.05
        Probability that a bar is erased.
    occlusion : float, default=0.05
        Probability that a bar of a random grey is drawn over the letter.
    patch : tuple of float, default=(0.04, 0.15)
        Least and greatest side of these bars, relative to the side of the frame, from 0 to 1.
    cut_off : float, default=0.05
        Probability that the letter loses an edge.
    cut_depth : float, default=0.12
        Greatest depth of the lost edge, relative to the extent of the letter in that direction, from 0 to 0.5.
    pixelation : float, default=0.1
        Probability that the resolution is reduced.
    cells : tuple of int, default=(14, 22)
        Least and greatest number of pixels per side of the frame at the reduced resolution, from 1 to 1024.
    photo : float, default=0.1
        Probability that the letter is put on grey paper with noise.
    paper : float, default=0.15
        Greatest ink of the bare paper, from 0 to 1.
    noise : float, default=0.06
        Greatest standard deviation of the noise per pixel, in ink, from 0 to 1.

    See Also
    --------
    AugmentedClassifier : Fits a classifier on rows and random variations of them.

    Notes
    -----
    - Ink above 0.1 stays in the frame under all geometric steps; if there is too little room, the letter is shifted
      less or becomes smaller. Only `cut_off` removes an edge.
    - The longer side of the letter keeps its length, except for `scale`, as in normalized letters.
    - Rows without ink stay blank.
    - The variation of a row depends on the row, its position and the random state only, not on the other rows or
      their number.
    - Except for the result, memory does not grow with the number of rows.

    References
    ----------
    .. [1] P. Y. Simard, D. Steinkraus, J. C. Platt, "Best practices for convolutional neural networks applied to
       visual document analysis", ICDAR 2003, 958-963.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.preprocessing import Augmenter
    >>> rows = np.zeros((2, 784), dtype=np.float32)
    >>> rows[:, 28 * 4 + 14 : 28 * 24 + 14 : 28] = 1.0  # vertical strokes
    >>> rng = np.random.default_rng(0)
    >>> once, again = (Augmenter().augment(rows, rng) for epoch in range(2))
    >>> once.shape, once.dtype, bool((once == again).all())
    ((2, 784), dtype('float32'), False)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "rotation": _share(180),
        "slant": _share(60),
        "stretch": [Interval(Real, 0, None, closed="left")],
        "scale": [Interval(Real, 0, None, closed="left")],
        "shift": _share(),
        "elastic": _share(0.2),
        "smoothness": [Interval(Real, 0.02, 1, closed="both")],
        "stroke_width": [tuple, list],
        "erasure": _share(),
        "occlusion": _share(),
        "patch": [tuple, list],
        "cut_off": _share(),
        "cut_depth": _share(0.5),
        "pixelation": _share(),
        "cells": [tuple, list],
        "photo": _share(),
        "paper": _share(),
        "noise": _share(),
    }

    def __init__(
        self,
        *,
        rotation: float = 10.0,
        slant: float = 16.0,
        stretch: float = 0.2,
        scale: float = 0.1,
        shift: float = 0.05,
        elastic: float = 0.04,
        smoothness: float = 0.14,
        stroke_width: tuple[float, float] = (-0.03, 0.03),
        erasure: float = 0.05,
        occlusion: float = 0.05,
        patch: tuple[float, float] = (0.04, 0.15),
        cut_off: float = 0.05,
        cut_depth: float = 0.12,
        pixelation: float = 0.1,
        cells: tuple[int, int] = (14, 22),
        photo: float = 0.1,
        paper: float = 0.15,
        noise: float = 0.06,
    ) -> None:
        self.rotation = rotation
        self.slant = slant
        self.stretch = stretch
        self.scale = scale
        self.shift = shift
        self.elastic = elastic
        self.smoothness = smoothness
        self.stroke_width = stroke_width
        self.erasure = erasure
        self.occlusion = occlusion
        self.patch = patch
        self.cut_off = cut_off
        self.cut_depth = cut_depth
        self.pixelation = pixelation
        self.cells = cells
        self.photo = photo
        self.paper = paper
        self.noise = noise

    def augment(self, rows: ArrayLike, random_state: RandomState = None) -> Rows:
        """Return one random variation of each row.

        Parameters
        ----------
        rows : array-like of shape (n, side * side)
            Ink of square pictures, from 0 (paper) to 1. They are not changed.
        random_state : int, numpy.random.Generator, numpy.random.RandomState or None, default=None
            An integer gives the same variations at each call. A generator gives others at each call; threads may
            share it.

        Returns
        -------
        ndarray of float32, shape (n, side * side)
            From 0 to 1.

        Raises
        ------
        ValueError
            If a parameter is invalid, or the rows are not square pictures of ink.
        """
        self._check_settings()
        given = _checked_rows(rows)
        side = math.isqrt(given.shape[1])
        scratch = Scratch()
        choices, *streams = map(np.random.default_rng, _seed_sequence(random_state).spawn(1 + len(STEPS)))
        resources = [Resources(stream, scratch) for stream in streams]
        varied = given.copy()
        block = max(1, _BLOCK_PIXELS // side**2)
        most_chosen = max(self.erasure, self.occlusion, self.cut_off, self.pixelation, self.photo)
        together = block * int(1 / max(most_chosen, 1 / _BLOCKS_OF_DAMAGE))  # about one block of chosen letters
        for start in range(0, len(given), together):
            pictures = varied[start : start + together].reshape(-1, side, side)
            drawn = choices.random((len(pictures), sum(width for _, width in STEPS))).T
            for first in range(0, len(pictures), block):
                part = slice(first, first + block)
                pictures[part] = self._apply(STEPS_OF_ALL, pictures[part], drawn[:, part], resources)
            pictures[:] = self._apply(STEPS_OF_SOME, pictures, drawn[N_DRAWS_OF_ALL:], resources[len(STEPS_OF_ALL) :])
        return varied

    def _apply(self, steps: Steps, pictures: Pictures, drawn: Draws, resources: list[Resources]) -> Pictures:
        """Apply steps to pictures; they are changed."""
        first = 0
        for (step, width), own in zip(steps, resources, strict=False):
            pictures = step(self, pictures, drawn[first : first + width], own)
            first += width
        return pictures

    def _check_settings(self) -> None:
        """Raise an error if a parameter is invalid."""
        self._validate_params()
        _check_pair("stroke_width", self.stroke_width, Real, -0.5, 0.5)
        _check_pair("patch", self.patch, Real, 0, 1)
        _check_pair("cells", self.cells, Integral, 1, 1024)


def _check_pair(name: str, pair: Any, kind: type, low: float, high: float) -> None:
    """Raise an error unless a parameter is a pair of ascending numbers in a range."""
    numbers = len(pair) == 2 and all(isinstance(one, kind) and not isinstance(one, bool) for one in pair)
    if not numbers or not low <= pair[0] <= pair[1] <= high:
        of_kind = "integers" if kind is Integral else "numbers"
        raise ValueError(
            f"{name}={pair!r} must be two {of_kind} from {low} to {high}, the first not greater than the second"
        )


def _checked_rows(rows: ArrayLike) -> Rows:
    """Validate rows of square pictures of ink."""
    checked: Rows = check_array(rows, dtype=np.float32, ensure_min_samples=0, input_name="rows")
    if math.isqrt(checked.shape[1]) ** 2 != checked.shape[1]:
        raise ValueError(
            f"rows of {checked.shape[1]} pixels are not square pictures, such as 784 pixels of 28x28; "
            "pass rows of a LetterNormalizer"
        )
    least, most = checked.min(initial=0), checked.max(initial=0)
    if least < 0 or most > 1:
        raise ValueError(
            f"rows hold values from {least:g} to {most:g}, but ink is from 0 (paper) to 1; "
            "divide bytes by 255, and augment before scaling or features"
        )
    return checked


def _seed_sequence(random_state: RandomState) -> np.random.SeedSequence:
    """Return a seed sequence; generators are advanced."""
    if random_state is None:
        return np.random.SeedSequence()
    if isinstance(random_state, np.random.Generator):
        return np.random.SeedSequence(random_state.integers(2**32, size=4, dtype=np.uint32).tolist())
    if isinstance(random_state, np.random.RandomState):
        return np.random.SeedSequence(random_state.randint(2**32, size=4, dtype=np.uint32).tolist())
    if isinstance(random_state, Integral) and random_state >= 0:
        return np.random.SeedSequence(int(random_state))
    raise ValueError(
        f"random_state={random_state!r} must be an integer of 0 or more, a numpy Generator or RandomState, or None"
    )


@dataclass(frozen=True)
class Resources:
    """Random stream and memory of one step.

    Attributes
    ----------
    stream : numpy.random.Generator
        For noise. Each step has its own, and draws per letter, so that the results do not depend on the size of the
        blocks.
    scratch : Scratch
        Memory for results.
    """

    stream: np.random.Generator
    scratch: Scratch


def transform_geometry(augmenter: Augmenter, pictures: Pictures, drawn: Draws, resources: Resources) -> Pictures:
    """Rotate, slant, stretch, scale, shift and displace elastically, in one resampling."""
    if not any(
        (augmenter.rotation, augmenter.slant, augmenter.stretch, augmenter.scale, augmenter.shift, augmenter.elastic)
    ):
        return pictures
    side = pictures.shape[1]
    rotation, slant, stretch, scale = 2 * drawn[:4] - 1
    plan = Warp(
        rotation=np.radians(augmenter.rotation * rotation),
        slant=np.radians(augmenter.slant * slant),
        stretch=(1 + augmenter.stretch) ** stretch,
        scale=(1 + augmenter.scale) ** scale,
        shift=augmenter.shift * side * (2 * drawn[4:6] - 1),
        bend=_displacements(augmenter, drawn[6], side, resources) if augmenter.elastic else None,
    )
    return warp(pictures, plan, resources.scratch)


def change_strokes(augmenter: Augmenter, pictures: Pictures, drawn: Draws, resources: Resources) -> Pictures:
    """Change the stroke width."""
    low, high = augmenter.stroke_width
    if low == high == 0:
        return pictures
    return change_width(pictures, pictures.shape[1] * (low + (high - low) * drawn[0]), resources.scratch)


def erase(augmenter: Augmenter, pictures: Pictures, drawn: Draws, _: Resources) -> Pictures:
    """Erase a bar."""
    return _with_bar(augmenter, pictures, augmenter.erasure, drawn, darkness=np.zeros(len(pictures)))


def occlude(augmenter: Augmenter, pictures: Pictures, drawn: Draws, _: Resources) -> Pictures:
    """Draw a bar of a random grey over the letter."""
    return _with_bar(augmenter, pictures, augmenter.occlusion, drawn[:-1], darkness=drawn[-1])


def cut(augmenter: Augmenter, pictures: Pictures, drawn: Draws, _: Resources) -> Pictures:
    """Erase an edge."""
    chosen = _chosen(drawn[0], augmenter.cut_off)
    if len(chosen):
        side, depth = (4 * drawn[1, chosen]).astype(np.intp), augmenter.cut_depth * drawn[2, chosen]
        pictures[chosen] = cut_edge(pictures[chosen], side, depth)
    return pictures


def coarsen(augmenter: Augmenter, pictures: Pictures, drawn: Draws, _: Resources) -> Pictures:
    """Reduce the resolution."""
    chosen = _chosen(drawn[0], augmenter.pixelation)
    if len(chosen):
        low, high = augmenter.cells
        pictures[chosen] = pixelate(pictures[chosen], low + (drawn[1, chosen] * (high + 1 - low)).astype(np.intp))
    return pictures


def photograph(augmenter: Augmenter, pictures: Pictures, drawn: Draws, resources: Resources) -> Pictures:
    """Put the letter on grey paper and add noise."""
    chosen = _chosen(drawn[0], augmenter.photo)
    if len(chosen):
        laid = add_paper(pictures[chosen], *_paper(augmenter, drawn[1:, chosen], pictures.shape[1], resources))
        pictures[chosen] = _unless_blank(laid, pictures[chosen])
    return pictures


def _displacements(augmenter: Augmenter, strength: NDArray[np.float64], side: int, resources: Resources) -> Fields:
    """Draw elastic displacements, (2, n, side * side)."""
    lattice = lattice_size(augmenter.smoothness)
    noise = resources.stream.standard_normal((len(strength), 2, lattice, lattice), dtype=np.float32)
    noise *= (augmenter.elastic * side * strength).astype(np.float32)[:, None, None, None]
    return smooth_fields(noise.swapaxes(0, 1), side, augmenter.smoothness, resources.scratch)


def _paper(
    augmenter: Augmenter, strength: NDArray[np.float64], side: int, resources: Resources
) -> tuple[Fields, Fields]:
    """Draw the shading and the noise of sheets of paper, (n, side, side) each."""
    lattice = lattice_size(_SHADING)
    noise = resources.stream.standard_normal((strength.shape[1], lattice**2 + side**2), dtype=np.float32)
    bumps, grain = noise[:, : lattice**2].reshape(-1, lattice, lattice), noise[:, lattice**2 :]
    shade = np.clip(0.5 + 0.25 * smooth_fields(bumps, side, _SHADING, resources.scratch), 0, 1)
    shade, grain = (
        (most * part).astype(np.float32)[:, None] * one
        for most, part, one in zip((augmenter.paper, augmenter.noise), strength, (shade, grain), strict=True)
    )
    return shade.reshape(-1, side, side), grain.reshape(-1, side, side)


def _with_bar(
    augmenter: Augmenter, pictures: Pictures, probability: float, drawn: Draws, darkness: NDArray[np.float64]
) -> Pictures:
    """Draw bars over some of the letters."""
    chosen = _chosen(drawn[0], probability)
    if len(chosen):
        low, high = augmenter.patch
        place, length, turned = drawn[1:3, chosen], low + (high - low) * drawn[3:5, chosen], drawn[5, chosen]
        bars = cover(pictures[chosen], place, length * pictures.shape[1], np.pi * turned, darkness[chosen])
        pictures[chosen] = _unless_blank(bars, pictures[chosen])
    return pictures


def _chosen(drawn: NDArray[np.float64], probability: float) -> NDArray[np.intp]:
    """Return the positions of the letters that a step changes."""
    return np.flatnonzero(drawn < probability)


def _unless_blank(changed: Pictures, before: Pictures) -> Pictures:
    """Return the changed pictures, but blank ones for blank ones."""
    has_ink = before.max(axis=(1, 2)) > 0
    kept: Pictures = changed * has_ink[:, None, None]
    return kept


# steps in their order, with the number of values that each draws per letter
Steps: TypeAlias = tuple[tuple[Callable[[Augmenter, Pictures, Draws, Resources], Pictures], int], ...]
STEPS_OF_ALL: Steps = ((transform_geometry, 7), (change_strokes, 1))
STEPS_OF_SOME: Steps = ((erase, 6), (occlude, 7), (cut, 3), (coarsen, 2), (photograph, 3))
STEPS = STEPS_OF_ALL + STEPS_OF_SOME
N_DRAWS_OF_ALL = sum(width for _, width in STEPS_OF_ALL)
