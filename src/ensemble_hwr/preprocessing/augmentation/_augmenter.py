"""Fresh variations of letters, as other hands, pens and cameras would have made them."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils import check_array

from ensemble_hwr._sklearn import Interval
from ensemble_hwr._typing import Pictures, Rows
from ensemble_hwr.preprocessing.augmentation._scratch import Scratch
from ensemble_hwr.preprocessing.augmentation._steps import STEPS, Means

RandomState = int | np.random.Generator | np.random.RandomState | None

_BLOCK_PIXELS = 64 * 28 * 28  # worked on at a time, to stay in the cache


def _share(most: float = 1.0) -> list[Any]:
    return [Interval(Real, 0, most, closed="both")]


class Augmenter(BaseEstimator):
    """Vary letters at random: `augment` makes one variation of each row.

    Letters are first turned, slanted, stretched, scaled, bent and moved, in one bilinear resampling; then their
    strokes get thicker or thinner; then some have a piece wiped out or covered, lose an edge, are seen with few
    pixels, or lie on paper that is not white. Angles are in degrees; "share" is a share of the frame's side where
    nothing else is said, so that settings suit frames of any size. Each letter draws its own values, evenly from
    the whole range. A setting of 0 leaves its step out and does not change what the other steps draw.

    Parameters
    ----------
    rotation : float, default=10.0
        Greatest turn, either way.
    slant : float, default=16.0
        Greatest lean, either way.
    stretch : float, default=0.2
        Greatest gain of width over height, or of height over width: 0.2 is 20 %.
    scale : float, default=0.1
        Greatest gain or loss of the letter's longer side.
    shift : float, default=0.05
        Greatest move on each axis, a share.
    elastic : float, default=0.04
        Greatest standard deviation of the elastic displacements [1]_, a share.
    smoothness : float, default=0.14
        Standard deviation of the Gaussian that smooths the displacements, a share.
    stroke_width : tuple of float, default=(-0.03, 0.03)
        What strokes gain in width, from least to greatest, a share; negative is thinner.
    erasure : float, default=0.05
        Probability that a bar of the letter is wiped out.
    occlusion : float, default=0.05
        Probability that a bar of some grey covers a piece of it.
    patch : tuple of float, default=(0.04, 0.15)
        Shortest and longest side of these bars, shares.
    cut_off : float, default=0.05
        Probability that the letter loses an edge.
    cut_depth : float, default=0.12
        The most it loses, as a share of its extent in that direction.
    pixelation : float, default=0.1
        Probability that it is seen with few pixels.
    cells : tuple of int, default=(14, 22)
        Fewest and most pixels that then make a side of the frame.
    photo : float, default=0.1
        Probability that it lies on paper that is not white, with noise.
    paper : float, default=0.15
        Most ink of the bare paper.
    noise : float, default=0.06
        Greatest standard deviation of the noise in each pixel, in ink.

    See Also
    --------
    AugmentedClassifier : Fits a classifier on rows and variations of them.

    Notes
    -----
    What is promised: a letter's ink above 0.1 stays in the frame when it is turned, bent and moved; where there is
    too little room, it moves less or becomes smaller. Its longer side keeps its length, but for `scale`, since
    that is how normalised letters are made. Only `cut_off` takes away an edge. Rows without ink stay so. A row's
    variation depends on the row, its position and the random state alone: not on the other rows, nor on how many
    there are. Memory does not grow with the number of rows, but for the result.

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
        """Make one variation of each row.

        Parameters
        ----------
        rows : array-like of shape (n, side * side)
            Ink of square pictures, from 0 for paper to 1. They are not changed.
        random_state : int, numpy.random.Generator, numpy.random.RandomState or None, default=None
            An integer gives the same variations again; a generator gives others at each call and may be shared by
            threads.

        Returns
        -------
        ndarray of float32, shape (n, side * side)
            From 0 to 1.

        Raises
        ------
        ValueError
            If a setting is not allowed, or the rows are not square pictures of ink.
        """
        self._check_settings()
        given = _checked_rows(rows)
        side = math.isqrt(given.shape[1])
        scratch = Scratch()
        choices, *streams = map(np.random.default_rng, _seeds(random_state).spawn(1 + len(STEPS)))
        means = [Means(stream, scratch) for stream in streams]
        varied = np.empty_like(given)
        block = max(1, _BLOCK_PIXELS // side**2)
        for start in range(0, len(given), block):
            pictures = given[start : start + block].reshape(-1, side, side)
            varied[start : start + block] = self._vary(pictures, choices, means).reshape(-1, side**2)
        return varied

    def _vary(self, pictures: Pictures, choices: np.random.Generator, means: list[Means]) -> Pictures:
        """Take pictures through all steps."""
        drawn = choices.random((len(pictures), sum(width for _, width in STEPS))).T
        pictures = pictures.copy()
        first = 0
        for (step, width), own in zip(STEPS, means, strict=True):
            pictures = step(self, pictures, drawn[first : first + width], own)
            first += width
        return pictures

    def _check_settings(self) -> None:
        self._validate_params()
        _check_pair("stroke_width", self.stroke_width, Real, -0.5, 0.5)
        _check_pair("patch", self.patch, Real, 0, 1)
        _check_pair("cells", self.cells, Integral, 1, 1024)


def _check_pair(name: str, pair: Any, kind: type, low: float, high: float) -> None:
    numbers = len(pair) == 2 and all(isinstance(one, kind) and not isinstance(one, bool) for one in pair)
    if not numbers or not low <= pair[0] <= pair[1] <= high:
        of_kind = "integers" if kind is Integral else "numbers"
        raise ValueError(
            f"{name}={pair!r} must be two {of_kind} from {low} to {high}, the first not greater than the second"
        )


def _checked_rows(rows: ArrayLike) -> Rows:
    checked: Rows = check_array(rows, dtype=np.float32, ensure_min_samples=0, input_name="rows")
    if math.isqrt(checked.shape[1]) ** 2 != checked.shape[1]:
        raise ValueError(
            f"rows of {checked.shape[1]} pixels are not square pictures, as 784 = 28x28 would be; "
            "give rows of a LetterNormalizer"
        )
    least, most = checked.min(initial=0), checked.max(initial=0)
    if least < 0 or most > 1:
        raise ValueError(
            f"rows hold values from {least:g} to {most:g}, but ink goes from 0 for paper to 1; "
            "divide bytes by 255, and augment before scaling or features"
        )
    return checked


def _seeds(random_state: RandomState) -> np.random.SeedSequence:
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
