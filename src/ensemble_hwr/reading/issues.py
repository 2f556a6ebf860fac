"""Issues of a reading: signs that a text may be wrong, each with its likely cause.

Most issues are found in the results themselves: the confidences, and the pixels of each letter that was classified.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ensemble_hwr._geometry import FRAME_SIDE, INK_THRESHOLD
from ensemble_hwr._typing import Rows
from ensemble_hwr.alphabets import MARKS, have_one_shape
from ensemble_hwr.images import contrast_to_grain

Kind: TypeAlias = Literal["unreadable", "turned", "solid", "faint", "uncertain"]

# chosen on words and letters that are generated or trained the shipped model: python -m benchmarks.issues
_SOLID = 9 / FRAME_SIDE  # side of the greatest square of ink, relative to the frame; of letters it is 5/28, rarely 7/28
_SOLID_SMALL = 11 / FRAME_SIDE  # of small letters, whose strokes are thicker relative to their height
_FAINT = 6.0  # contrast relative to the grain; of clean pictures it is above 40
_UNCERTAIN_LETTER = 0.5  # probability of a single letter
_UNCERTAIN_LETTERS = 0.75  # mean probability of the letters of words; of clean words it is above 0.85
_LESS_CERTAIN = 0.9  # likewise, or of a single letter: below it, the contrast is measured

_CAUSES = "the picture may be turned or blurred, or hold no {} in the letters of the model"


@dataclass(frozen=True)
class Issue:
    """A sign that a reading may be wrong.

    Attributes
    ----------
    kind : {"unreadable", "turned", "solid", "faint", "uncertain"}
        Nothing was read; the page is probably not upright; one dark part fills most of a letter; the contrast is near
        the grain of the paper, and the probabilities of the letters are below 0.9; they are low for another reason.
    message : str
        What was found, and its likely cause.

    Examples
    --------
    >>> from ensemble_hwr.reading.issues import Issue
    >>> Issue("faint", "the contrast is only 4 times the grain of the paper").export()
    {'kind': 'faint', 'message': 'the contrast is only 4 times the grain of the paper'}
    """

    kind: Kind
    message: str

    def export(self) -> dict[str, Any]:
        """Return the issue as a dict of strings."""
        return asdict(self)


_SOLID_PART = Issue(
    "solid",
    "one dark part fills most of a letter; a shadow, a desk or a blot may have been read: "
    "crop the picture to the writing",
)


def letter_issues(row: Rows, probability: float, grey: NDArray[np.uint8] | None = None) -> tuple[Issue, ...]:
    """Find the issues of a classified letter.

    Parameters
    ----------
    row : ndarray of float32, shape (n_pixels,)
        The classified row of a square frame, 0 for paper and 1 for ink.
    probability : float
        Probability of the predicted letter.
    grey : ndarray of uint8, shape (height, width), default=None
        The picture; without it, its contrast is not measured. It is measured only if the probability is below 0.9.

    Returns
    -------
    tuple of Issue

    Examples
    --------
    A shadow is not a letter, however confident the classifier is.

    >>> import numpy as np
    >>> from ensemble_hwr.reading.issues import letter_issues
    >>> shadow = np.zeros((28, 28), np.float32)
    >>> shadow[4:24, 4:18] = 1.0
    >>> [issue.kind for issue in letter_issues(shadow.ravel(), 0.97)]
    ['solid']
    """
    found = [_SOLID_PART] if _is_solid(row, _SOLID) else []
    faint = list(_faint(grey)) if grey is not None and probability < _LESS_CERTAIN else []
    if not faint and probability < _UNCERTAIN_LETTER:
        cause = f"the probability of the letter is low ({probability:.2f}); {_CAUSES.format('letter')}"
        found.append(Issue("uncertain", cause))
    return (*found, *faint)


def reading_issues(words: Iterable[Any], grey: NDArray[np.uint8]) -> tuple[Issue, ...]:
    """Find the issues of the words that were read on a picture.

    Parameters
    ----------
    words : iterable of Word
    grey : ndarray of uint8, shape (height, width)
        The picture.

    Returns
    -------
    tuple of Issue

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.boxes import Box
    >>> from ensemble_hwr.reading import Letter, Word
    >>> from ensemble_hwr.reading.issues import reading_issues
    >>> picture = np.full((40, 60), 255, np.uint8)
    >>> picture[5:20, 5:9] = 0
    >>> letter = Letter(Box(5, 5, 9, 20), "I", 0.3)
    >>> [issue.kind for issue in reading_issues([Word(letter.box, (letter,), "I", 0.8)], picture)]
    ['uncertain']
    """
    read = list(words)
    letters = [letter for word in read for letter in word.letters]
    if not letters:
        return (Issue("unreadable", "nothing was read; the picture may hold no handwriting"),)
    found = [_SOLID_PART] if any(_letter_is_solid(letter) for letter in letters) else []
    probability = float(np.mean([_probability_of_shape(letter) for letter in letters]))
    faint = list(_faint(grey)) if probability < _LESS_CERTAIN else []
    if not faint and probability < _UNCERTAIN_LETTERS:
        cause = f"the probabilities of the letters are low ({probability:.2f} on average); {_CAUSES.format('word')}"
        found.append(Issue("uncertain", cause))
    return (*found, *faint)


def _probability_of_shape(letter: Any) -> float:
    """Return the probability of a letter and of those of the same shape, among which the classifier cannot decide."""
    if letter.confidence is None:
        return 1.0
    alike = [probability for text, probability in letter.alternatives if have_one_shape(text, letter.text)]
    return float(letter.confidence + sum(alike))


def _letter_is_solid(letter: Any) -> bool:
    """Return whether a letter of a word is solid; a mark such as a period always is."""
    if letter.row is None or letter.text in MARKS:
        return False
    return _is_solid(letter.row, _SOLID_SMALL if letter.text.islower() else _SOLID)


def _is_solid(row: Rows, least: float) -> bool:
    """Return whether a square of ink fills much of the frame of a letter, as it does if a shadow is classified."""
    side = round(len(row) ** 0.5)
    return bool(side * side == len(row) and _greatest_square(row.reshape(side, side)) >= least * side)


def _greatest_square(frame: NDArray[np.float32]) -> int:
    """Return the side of the greatest square of ink, in pixels and odd."""
    inside = ndimage.distance_transform_cdt(np.pad(frame > INK_THRESHOLD, 1), "chessboard")
    return max(0, 2 * int(inside.max()) - 1)


def _faint(grey: NDArray[np.uint8]) -> Iterable[Issue]:
    """Yield an issue if the contrast of a picture is near the grain of its paper."""
    ratio = contrast_to_grain(grey)
    if ratio < _FAINT:
        yield Issue(
            "faint",
            f"the contrast is only {ratio:.1f} times the grain of the paper; the writing may be too faint: "
            "use more light, or a darker pen",
        )
