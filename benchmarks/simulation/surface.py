"""The surface of the paper and the camera: pencil, show-through, stains, blur, noise, JPEG; blank sheets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import ndimage

from benchmarks.simulation.sheet import Grey, Sheet, as_grey


def pencil_contrast(sheet: Sheet, contrast: float) -> Sheet:
    """Faint strokes on paper with grain."""
    return replace(sheet, contrast=contrast, grain=8.0)


def pencil_grain(sheet: Sheet, grain: float) -> Sheet:
    """Strokes of 30 % on paper with grain of some grey levels; the grain of the paper also breaks the strokes."""
    texture = ndimage.gaussian_filter(sheet.rng.normal(0, 1, sheet.ink.shape), 0.7)
    broken = np.clip(1 - 0.02 * grain * np.maximum(texture / texture.std(), 0), 0, 1)
    return replace(sheet, ink=sheet.ink * broken, contrast=0.3, grain=grain)


def show_through(sheet: Sheet, darkness: float) -> Sheet:
    """Let the writing of the other side show: mirrored, blurred, shifted."""
    other = np.roll(sheet.ink[:, ::-1], round(sheet.rng.uniform(-0.5, 0.5) * sheet.height), axis=0)
    other = ndimage.gaussian_filter(other, 0.03 * sheet.height)
    return replace(sheet, paper=sheet.paper * (1 - darkness * other))


def stains(sheet: Sheet, darkness: float) -> Sheet:
    """Spill coffee: a ring with a dark edge over the writing, and blots."""
    y, x = sheet.grid()
    rng, box, factor = sheet.rng, sheet.box, np.ones_like(sheet.ink)
    for number in range(1 + max(3, len(sheet.lines))):
        radius = sheet.height * (rng.uniform(1.0, 2.0) if number == 0 else rng.uniform(0.2, 0.8))
        down, across = rng.uniform(box.top, box.bottom), rng.uniform(box.left, box.right)
        distance = np.hypot(y - down, x - across) - radius
        inside = 1 / (1 + np.exp(np.clip(distance / 1.0, -50, 50)))
        edge = np.exp(-((distance / (0.08 * sheet.height)) ** 2))
        factor *= 1 - darkness * np.clip(0.6 * inside + 0.6 * edge, 0, 1)
    return replace(sheet, paper=sheet.paper * factor)


def blur(sheet: Sheet, width: float) -> Sheet:
    """Put the camera out of focus, by a share of the letter height."""
    return replace(sheet, blur=width * sheet.height)


def jpeg(sheet: Sheet, quality: float) -> Sheet:
    """Compress the picture."""
    return replace(sheet, quality=round(quality))


def phone_noise(sheet: Sheet, deviation: float) -> Sheet:
    """Add the noise of a small sensor in dim light, after the phone's own smoothing and compression."""
    coarse = ndimage.gaussian_filter(sheet.rng.normal(0, 1, sheet.ink.shape), 0.8)
    light = sheet.light * (1 + deviation / 210 * coarse / coarse.std())
    return replace(sheet, light=light, grain=deviation / 3, blur=max(sheet.blur, 0.7), quality=sheet.quality or 85)


def blank_sheet(rng: np.random.Generator) -> Grey:
    """Return paper without writing: grain of any strength and size, under even or uneven light."""
    height, width = rng.integers(40, 400, 2)
    grain = ndimage.gaussian_filter(rng.normal(0, 1, (height, width)), rng.choice([0.0, 0.5, 1.0, 2.0]))
    grain *= rng.uniform(0.5, 15) / grain.std()
    light = (
        1
        + rng.uniform(-0.2, 0.2) * np.linspace(-1, 1, width)
        + rng.uniform(-0.2, 0.2) * np.c_[np.linspace(-1, 1, height)]
    )
    return as_grey(rng.uniform(100, 170) * light + grain)
