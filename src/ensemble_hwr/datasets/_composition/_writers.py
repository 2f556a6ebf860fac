"""Choose the letters that write a text, from one writer if possible, and cut out their ink."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ensemble_hwr._geometry import INK_THRESHOLD
from ensemble_hwr._typing import Ink
from ensemble_hwr.datasets._letters import LetterSet
from ensemble_hwr.exceptions import DataError
from ensemble_hwr.preprocessing import LetterNormalizer

_SIDE, _BOX = 120, 100  # pixels; intermediate size of pictures, and of the letter in it
_WIDEST = 2.5  # cap heights; wider letters lie on their side and are scaled to this width

_FLAT, _DASH = 0.2, 0.4  # cap heights: marks lower than this that are wider than high, and their width


class Glyphs:
    """Ink of selected letters of a set, scaled on request.

    Parameters
    ----------
    letters : LetterSet
    chosen : ndarray of int
        Positions of the letters.
    """

    def __init__(self, letters: LetterSet, chosen: NDArray[np.intp]) -> None:
        unique = np.unique(chosen)
        taken = letters.take(unique)
        if letters.is_rows:
            rows = taken.to_rows().reshape(-1, 28, 28)
        else:
            rows = np.empty((len(unique), _SIDE, _SIDE), np.float32)
            dotted = np.isin(taken.target, list("ij!?:"))
            for dots in np.unique(dotted):
                own = dotted == dots
                normalizer = LetterNormalizer(_SIDE, _BOX, dots=bool(dots))
                rows[own] = normalizer.fit_transform(list(taken.data[own])).reshape(-1, _SIDE, _SIDE)
        self._ink = {int(index): cut_out(row) for index, row in zip(unique, rows, strict=True)}

    def at(self, index: int, height: float, *, cap_height: float) -> Ink:
        """Return the ink of a letter, scaled to `height` pixels with its aspect ratio."""
        ink = self._ink[index]
        if height < _FLAT * cap_height and ink.shape[1] > ink.shape[0]:  # a dash
            scale = _DASH * cap_height / ink.shape[1]
        else:
            scale = min(height / ink.shape[0], _WIDEST * height / ink.shape[1])
        size = (max(1, round(scale * ink.shape[1])), max(1, round(scale * ink.shape[0])))
        resampled = np.array(Image.fromarray(ink).resize(size, Image.Resampling.BICUBIC))
        return rescaled(resampled)


def rescaled(ink: Ink) -> Ink:
    """Scale resampled ink so that its darkest pixel is 1; thin lines keep their contrast."""
    darkest = max(float(ink.max()), 1e-6)
    scaled: Ink = np.clip(ink / np.float32(darkest), np.float32(0), np.float32(1))
    return scaled


def cut_out(ink: Ink) -> Ink:
    """Crop a picture to its ink and scale the darkest pixel to 1; a blank picture gives one pixel of ink."""
    darkest = float(ink.max(initial=0))
    if darkest == 0:
        return np.ones((1, 1), np.float32)
    mask = ink > INK_THRESHOLD * darkest
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] / np.float32(darkest)


Indices = NDArray[np.intp]


class WriterSampler:
    """Draws letters for texts, all of one writer if a writer has all characters.

    Letters of a source without known writers count as one writer.

    Parameters
    ----------
    letters : LetterSet
    """

    def __init__(self, letters: LetterSet) -> None:
        blank = np.full(len(letters), "")
        self._source_names = blank if letters.source is None else letters.source
        self._writer_names = blank if letters.writer is None else letters.writer
        self._all_letters: dict[str, Indices] = _by_label(letters.target, np.arange(len(letters)))
        pairs = np.char.add(np.char.add(self._source_names, "\n"), self._writer_names)
        self._writers = [_by_label(letters.target, np.flatnonzero(pairs == pair)) for pair in np.unique(pairs)]

    @classmethod
    def of(cls, letters: LetterSet, texts: list[str]) -> Self:
        """Create a sampler for texts; raise an error for characters that the set does not contain."""
        sampler = cls(letters)
        missing = sorted(set("".join("".join(text.split()) for text in texts)) - set(sampler._all_letters))
        if missing:
            raise DataError(
                f"{letters!r} has no letter for {''.join(missing)!r}, which the texts contain; "
                f"it has {''.join(sorted(sampler._all_letters))!r}"
            )
        return sampler

    def choose(self, characters: str, rng: np.random.Generator) -> Indices:
        """Draw a writer with all the characters and a letter for each; use all letters if there is no such writer."""
        able = [writer for writer in self._writers if all(character in writer for character in characters)]
        writer = able[rng.integers(len(able))] if able else self._all_letters
        return np.array([rng.choice(writer[character]) for character in characters])

    def writer_of(self, chosen: Indices) -> tuple[str, str]:
        """Return source and writer of letters; ``""`` if they differ."""
        sources, writers = np.unique(self._source_names[chosen]), np.unique(self._writer_names[chosen])
        if len(sources) > 1:
            return "", ""
        return str(sources[0]), str(writers[0]) if len(writers) == 1 else ""


def _by_label(target: NDArray[np.str_], index: Indices) -> dict[str, Indices]:
    labels = target[index]
    return {str(label): index[labels == label] for label in np.unique(labels)}
