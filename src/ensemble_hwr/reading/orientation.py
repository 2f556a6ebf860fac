"""Orientation of a page: whether its writing is turned by 90, 180 or 270 degrees, and the way back.

A small classifier recognizes by which angle a single letter is turned, whatever the letter is. Many letters, such as H,
look the same in two orientations, so the probabilities of a sample of letters are multiplied.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr.images import Picture, Polarity
from ensemble_hwr.persistence import load_model
from ensemble_hwr.preprocessing import LetterNormalizer
from ensemble_hwr.reading.issues import Issue
from ensemble_hwr.segmentation import sample_letters

Pixel = TypeVar("Pixel", bound=np.generic)

ORIENTATIONS = (0, 90, 180, 270)
"""Degrees by which the writing in a picture can be turned clockwise."""

SURE = 0.99
"""Least probability with which a page is turned."""

SHIPPED_ORIENTATION = "orientation"

_LEAST_PROBABILITY = 0.02  # of a letter: one that is no letter must not decide
_WEIGHT = 0.5  # below 1, because the letters of a writer are not independent
_PROBABLE = 0.5
_ADVANTAGE = 4.0  # nats: prior log-odds of upright writing against each other orientation


class Orientation(NamedTuple):
    """Orientation of the writing in a picture.

    Attributes
    ----------
    degrees : int
        0, 90, 180 or 270: how far the writing is turned clockwise.
    confidence : float or None
        Probability of this orientation, from 0 to 1; None if it was given.
    """

    degrees: int
    confidence: float | None


def check_orientation(orientation: str | int) -> None:
    """Raise a ValueError if an orientation is not "auto" or one of `ORIENTATIONS`."""
    if orientation != "auto" and orientation not in ORIENTATIONS:
        raise ValueError(f"orientation={orientation!r} must be 'auto', 0, 90, 180 or 270")


def find_orientation(
    picture: Picture, *, polarity: Polarity = "auto", max_pixels: int = 50_000_000, model: Any = None
) -> Orientation:
    r"""Find the orientation of a page from the shapes of a sample of its letters.

    Parameters
    ----------
    picture : path, bytes, PIL image or ndarray
    polarity : {"auto", "dark", "light"}, default="auto"
        Which pixels are ink.
    max_pixels : int, default=50_000_000
        Pictures with more pixels raise an error.
    model : classifier, default=None
        Takes rows of 784 pixels; its classes are the degrees by which a letter is turned clockwise, as texts. None
        loads the shipped model.

    Returns
    -------
    Orientation
        Upright if no other orientation has a probability of 0.99, then with the probability of upright writing.

    Raises
    ------
    PictureError
        If the picture cannot be opened.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr import compose_words, generate_letters
    >>> from ensemble_hwr.reading.orientation import find_orientation
    >>> letters = generate_letters(520, writers=5, random_state=0)
    >>> page = compose_words(letters, ["TURN THIS PAGE\nAND READ IT"], random_state=0)[0]
    >>> find_orientation(np.rot90(page.picture, 2)).degrees
    180
    """
    letters = sample_letters(picture, polarity=polarity, max_pixels=max_pixels)
    rows = np.zeros((0, 784), np.float32)
    if letters:
        rows, _ = LetterNormalizer(polarity="light").transform_readable(letters)
    return orientation_of_letters(rows, _shipped_model() if model is None else model)


def orientation_of_letters(rows: NDArray[np.float32], model: Any) -> Orientation:
    """Return the common orientation of some letters.

    Parameters
    ----------
    rows : ndarray of float32, shape (n_letters, 784)
    model : classifier
        As for `find_orientation`.

    Returns
    -------
    Orientation
    """
    score = np.where(np.array(ORIENTATIONS) == 0, _ADVANTAGE, 0.0)
    if len(rows):
        columns = [list(model.classes_).index(str(degrees)) for degrees in ORIENTATIONS]
        probability = np.maximum(model.predict_proba(rows)[:, columns], _LEAST_PROBABILITY)
        score = score + _WEIGHT * np.log(probability).sum(axis=0)
    posterior = np.exp(score - score.max())
    posterior /= posterior.sum()
    best = int(posterior.argmax())
    if posterior[best] < SURE:
        best = 0
    return Orientation(ORIENTATIONS[best], round(float(posterior[best]), 6))  # more digits depend on the BLAS threads


def turned_issues(orientation: Orientation) -> tuple[Issue, ...]:
    """Return an issue if a page that is read as it is is probably turned.

    Parameters
    ----------
    orientation : Orientation

    Returns
    -------
    tuple of Issue
    """
    confidence = orientation.confidence
    if confidence is None or confidence >= _PROBABLE:
        return ()
    found = f"the page is probably turned (probability {1 - confidence:.2f})"
    return (Issue("turned", f"{found}; turn the picture, or give its orientation"),)


def turn_upright(picture: NDArray[Pixel], degrees: int) -> NDArray[Pixel]:
    """Turn a picture so that its writing is upright.

    Parameters
    ----------
    picture : ndarray of shape (height, width) or (height, width, channels)
    degrees : int
        How far the writing is turned clockwise: a multiple of 90.

    Returns
    -------
    ndarray
        The picture, turned counterclockwise.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.reading.orientation import turn_upright
    >>> turn_upright(np.array([[3, 1], [4, 2]]), 90)
    array([[1, 2],
           [3, 4]])
    """
    return np.ascontiguousarray(np.rot90(picture, degrees // 90))


@cache
def _shipped_model() -> Any:
    return load_model(SHIPPED_ORIENTATION)
