"""A sheet of paper with writing, and its photograph."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from ensemble_hwr.boxes import Box, union
from ensemble_hwr.datasets import Composition

MARGIN = 40  # pixels of paper around composed writing
PAPER, CONTRAST = 210.0, 0.8

Colour = tuple[float, float, float]
BLACK: Colour = (1.0, 1.0, 1.0)

Grey = NDArray[np.uint8]
Pixels = NDArray[np.float64]
Lines = tuple[tuple[tuple[Box, ...], ...], ...]


@dataclass(frozen=True)
class Sheet:
    """Writing on paper. Distortions are functions of a sheet and a strength that return a changed sheet.

    Attributes
    ----------
    ink : ndarray of float64, shape (height, width)
        Writing and printed lines, from 0 to 1.
    owner : ndarray of int16, shape (height, width)
        Number of the letter of each pixel, -1 for none.
    lines : tuple
        Boxes of the letters, by line and word.
    height : float
        Height of a capital in pixels.
    rng : numpy.random.Generator
        Source of positions, angles and grain.
    paper : ndarray of float64, shape (height, width)
        Brightness of the surface: of paper, or of what lies around it.
    light : ndarray of float64, shape (height, width)
        Factor of the brightness.
    contrast : float
        Darkness of ink, relative to the paper.
    pen : tuple of float
        Share of the contrast in red, green and blue; the colour of ink.
    tint : ndarray of float64, shape (height, width, 3), or None
        Factors of red, green and blue of coloured lines and highlighters on the paper; None for none.
    grain : float
        Standard deviation of independent noise, in grey levels.
    blur : float
        Standard deviation of the camera's blur, in pixels.
    quality : int
        Quality of JPEG; 0 is no compression.
    """

    ink: Pixels
    owner: NDArray[np.int16]
    lines: Lines
    height: float
    rng: np.random.Generator
    paper: Pixels
    light: Pixels
    contrast: float = CONTRAST
    pen: Colour = BLACK
    tint: Pixels | None = None
    grain: float = 1.0
    blur: float = 0.0
    quality: int = 0

    @classmethod
    def of(cls, made: Composition, seed: int) -> Self:
        """Put a composition on clean paper."""
        ink = np.pad(1 - made.picture / 255.0, MARGIN)
        owner = np.pad(made.owner, MARGIN, constant_values=-1)
        lines = tuple(
            tuple(tuple(letter.box.moved(MARGIN, MARGIN) for letter in word.letters) for word in line.words)
            for line in made.lines
        )
        even = np.ones_like(ink)
        return cls(ink, owner, lines, made.height, np.random.default_rng(seed), PAPER * even, even)

    def photograph(self) -> Grey:
        """Return the picture of the sheet, in colour if there is any."""
        if self.tint is None and self.pen == BLACK:
            grey = self.paper * self.light * (1 - self.contrast * self.ink)
        else:
            ink = self.contrast * self.ink[..., None] * np.array(self.pen)
            grey = (self.paper * self.light)[..., None] * (1 - ink) * (1.0 if self.tint is None else self.tint)
        if self.blur:
            width = (self.blur, self.blur, 0.0)[: grey.ndim]
            grey = ndimage.gaussian_filter(grey, width, mode="nearest")
        picture = as_grey(grey + self.rng.normal(0, self.grain, grey.shape))
        return compressed(picture, self.quality) if self.quality else picture

    @property
    def words(self) -> Iterator[Box]:
        """Boxes of the words."""
        return (union(word) for line in self.lines for word in line)

    @property
    def box(self) -> Box:
        """Box around all words."""
        return union(self.words)

    def grid(self) -> tuple[Pixels, Pixels]:
        """Return the rows and columns of the pixels."""
        y, x = np.mgrid[: self.ink.shape[0], : self.ink.shape[1]]
        return y.astype(float), x.astype(float)

    def with_line(self, distance: Pixels, width: float, darkness: float) -> Sheet:
        """Return the sheet with a line: pixels within half a width of it, by their distance in pixels."""
        line = darkness * np.clip(width / 2 + 0.5 - np.abs(distance), 0, 1)
        return replace(self, ink=np.maximum(self.ink, line))

    def tinted(self, share: Pixels, absorbed: Colour) -> Sheet:
        """Return the sheet with a transparent colour on it, by the share of each pixel and what the colour absorbs."""
        tint = 1 - np.clip(share, 0, 1)[..., None] * np.array(absorbed)
        return replace(self, tint=tint if self.tint is None else self.tint * tint)

    def lit(self, light: Pixels) -> Sheet:
        """Return the sheet with less or more light, by a factor per pixel."""
        return replace(self, light=self.light * light)

    def padded(self, around: tuple[tuple[int, int], tuple[int, int]]) -> Sheet:
        """Return the sheet with more pixels on each side; their surface is 0 yet."""
        (top, _), (left, _) = around
        lines = tuple(tuple(tuple(box.moved(left, top) for box in word) for word in line) for line in self.lines)
        return replace(
            self,
            ink=np.pad(self.ink, around),
            owner=np.pad(self.owner, around, constant_values=-1),
            lines=lines,
            paper=np.pad(self.paper, around),
            light=np.pad(self.light, around, mode="edge"),
            tint=None if self.tint is None else np.pad(self.tint, (*around, (0, 0)), constant_values=1.0),
        )


def as_grey(grey: Pixels) -> Grey:
    """Round brightness to 8 bits."""
    return np.clip(np.rint(grey), 0, 255).astype(np.uint8)


def compressed(picture: Grey, quality: int) -> Grey:
    """Return a picture after compression by JPEG."""
    buffer = BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))
