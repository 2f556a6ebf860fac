"""Which tone of a picture is ink."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ensemble_hwr.images._grey import Grey
from ensemble_hwr.images._smooth import smooth
from ensemble_hwr.images._threshold import Histogram

_TOUCHING = np.ones((3, 3), dtype=bool)


def dark_is_ink(grey: Grey) -> bool:
    """Decide whether the dark pixels of a picture are its ink.

    Light and dark are told apart after slow changes of brightness are taken away. Paper then owns most of
    the frame and of the area; where those two do not say clearly, as with bold letters cut close, paper is
    also the tone with the thicker parts and the more pieces. Every measure changes its sign when the
    picture is inverted, so no polarity is favoured.

    Parameters
    ----------
    grey : ndarray of uint8, shape (height, width)

    Returns
    -------
    bool
    """
    light = _light_part(grey)
    frame = np.concatenate([light[0], light[-1], light[1:-1, 0], light[1:-1, -1]])
    frame_vote = 2 * float(frame.mean()) - 1
    area_vote = 2 * float(light.mean()) - 1
    if abs(frame_vote) > 0.6 and abs(area_vote) > 0.3 and frame_vote * area_vote > 0:
        return frame_vote > 0
    # Weights rounded from a logistic regression on letters of known polarity.
    score = frame_vote + 2 * _balance(_thickness(light), _thickness(~light))
    score += _balance(_pieces(light), _pieces(~light))
    return score >= 0


def _light_part(grey: Grey) -> NDArray[np.bool_]:
    pixels = grey.astype(np.float32)
    local = pixels - smooth(pixels)
    light: NDArray[np.bool_] = local > Histogram.of(local).otsu()
    return light


def _balance(first: float, second: float) -> float:
    total = first + second
    return (first - second) / total if total else 0.0


def _thickness(part: NDArray[np.bool_]) -> float:
    """Mean distance of a part's pixels to the other part; the frame counts as more of the same."""
    distance = ndimage.distance_transform_cdt(np.pad(part, 1, mode="edge"))
    inside = distance > 0
    return float(distance[inside].mean()) if inside.any() else 0.0


def _pieces(part: NDArray[np.bool_]) -> int:
    return int(ndimage.label(part, _TOUCHING)[1])
