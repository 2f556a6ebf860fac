"""The steps of an augmentation: each turns draws from 0 to 1 into what a pure function is to do to some letters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr._typing import Pictures
from ensemble_hwr.preprocessing.augmentation._damage import cover, cut_edge
from ensemble_hwr.preprocessing.augmentation._fields import Fields, lattice_size, smooth_fields
from ensemble_hwr.preprocessing.augmentation._geometry import Warp, warp
from ensemble_hwr.preprocessing.augmentation._pen import change_width
from ensemble_hwr.preprocessing.augmentation._photo import lay_on_paper, pixelate
from ensemble_hwr.preprocessing.augmentation._scratch import Scratch

if TYPE_CHECKING:
    from ensemble_hwr.preprocessing.augmentation._augmenter import Augmenter

Draws = NDArray[np.float64]  # (draws of the step, n)


@dataclass(frozen=True)
class Means:
    """What a step works with.

    Attributes
    ----------
    stream : numpy.random.Generator
        The step's own, for noise. Noise is taken letter after letter, so that the blocks into which letters are
        divided do not matter.
    scratch : Scratch
        Where a step's result is lent from.
    """

    stream: np.random.Generator
    scratch: Scratch


Step = Callable[["Augmenter", Pictures, Draws, Means], Pictures]

_SHADING = 0.3  # smoothness of the paper's shade, as a share of the side


def turn(how: Augmenter, pictures: Pictures, drawn: Draws, means: Means) -> Pictures:
    """Turn, slant, stretch, scale, move and bend, in one resampling."""
    if not any((how.rotation, how.slant, how.stretch, how.scale, how.shift, how.elastic)):
        return pictures
    side = pictures.shape[1]
    rotation, slant, stretch, scale = 2 * drawn[:4] - 1
    plan = Warp(
        rotation=np.radians(how.rotation * rotation),
        slant=np.radians(how.slant * slant),
        stretch=(1 + how.stretch) ** stretch,
        scale=(1 + how.scale) ** scale,
        shift=how.shift * side * (2 * drawn[4:6] - 1),
        bend=_bend(how, drawn[6], side, means) if how.elastic else None,
    )
    return warp(pictures, plan, means.scratch)


def press(how: Augmenter, pictures: Pictures, drawn: Draws, means: Means) -> Pictures:
    """Press more or less: another width of the pen."""
    low, high = how.stroke_width
    if low == high == 0:
        return pictures
    return change_width(pictures, pictures.shape[1] * (low + (high - low) * drawn[0]), means.scratch)


def erase(how: Augmenter, pictures: Pictures, drawn: Draws, _: Means) -> Pictures:
    """Wipe out a bar of the letter."""
    return _with_bar(how, pictures, how.erasure, drawn, darkness=np.zeros(len(pictures)))


def occlude(how: Augmenter, pictures: Pictures, drawn: Draws, _: Means) -> Pictures:
    """Lay a bar of some grey over the letter."""
    return _with_bar(how, pictures, how.occlusion, drawn[:-1], darkness=drawn[-1])


def cut(how: Augmenter, pictures: Pictures, drawn: Draws, _: Means) -> Pictures:
    """Lose an edge."""
    chosen = _chosen(drawn[0], how.cut_off)
    if len(chosen):
        side, depth = (4 * drawn[1, chosen]).astype(np.intp), how.cut_depth * drawn[2, chosen]
        pictures[chosen] = cut_edge(pictures[chosen], side, depth)
    return pictures


def coarsen(how: Augmenter, pictures: Pictures, drawn: Draws, _: Means) -> Pictures:
    """See the letter with few pixels."""
    chosen = _chosen(drawn[0], how.pixelation)
    if len(chosen):
        low, high = how.cells
        pictures[chosen] = pixelate(pictures[chosen], low + (drawn[1, chosen] * (high + 1 - low)).astype(np.intp))
    return pictures


def photograph(how: Augmenter, pictures: Pictures, drawn: Draws, means: Means) -> Pictures:
    """Lay the letter on paper that is not white, and add noise."""
    chosen = _chosen(drawn[0], how.photo)
    if len(chosen):
        laid = lay_on_paper(pictures[chosen], *_paper(how, drawn[1:, chosen], pictures.shape[1], means))
        pictures[chosen] = _unless_blank(laid, pictures[chosen])
    return pictures


STEPS: tuple[tuple[Step, int], ...] = (
    (turn, 7),
    (press, 1),
    (erase, 6),
    (occlude, 7),
    (cut, 3),
    (coarsen, 2),
    (photograph, 3),
)


def _bend(how: Augmenter, strength: NDArray[np.float64], side: int, means: Means) -> Fields:
    lattice = lattice_size(how.smoothness)
    noise = means.stream.standard_normal((len(strength), 2, lattice, lattice), dtype=np.float32)
    noise *= (how.elastic * side * strength).astype(np.float32)[:, None, None, None]
    return smooth_fields(noise.swapaxes(0, 1), side, how.smoothness, means.scratch)


def _paper(how: Augmenter, strength: NDArray[np.float64], side: int, means: Means) -> tuple[Fields, Fields]:
    """Make the shade and the noise of pieces of paper."""
    lattice = lattice_size(_SHADING)
    noise = means.stream.standard_normal((strength.shape[1], lattice**2 + side**2), dtype=np.float32)
    bumps, grain = noise[:, : lattice**2].reshape(-1, lattice, lattice), noise[:, lattice**2 :]
    shade = np.clip(0.5 + 0.25 * smooth_fields(bumps, side, _SHADING, means.scratch), 0, 1)
    shade, grain = (
        (most * part).astype(np.float32)[:, None] * one
        for most, part, one in zip((how.paper, how.noise), strength, (shade, grain), strict=True)
    )
    return shade.reshape(-1, side, side), grain.reshape(-1, side, side)


def _with_bar(
    how: Augmenter, pictures: Pictures, probability: float, drawn: Draws, darkness: NDArray[np.float64]
) -> Pictures:
    chosen = _chosen(drawn[0], probability)
    if len(chosen):
        low, high = how.patch
        place, length, turned = drawn[1:3, chosen], low + (high - low) * drawn[3:5, chosen], drawn[5, chosen]
        bars = cover(pictures[chosen], place, length * pictures.shape[1], np.pi * turned, darkness[chosen])
        pictures[chosen] = _unless_blank(bars, pictures[chosen])
    return pictures


def _chosen(drawn: NDArray[np.float64], probability: float) -> NDArray[np.intp]:
    """Which letters a step is for."""
    return np.flatnonzero(drawn < probability)


def _unless_blank(changed: Pictures, before: Pictures) -> Pictures:
    """Leave blank what was blank."""
    has_ink = before.max(axis=(1, 2)) > 0
    kept: Pictures = changed * has_ink[:, None, None]
    return kept
