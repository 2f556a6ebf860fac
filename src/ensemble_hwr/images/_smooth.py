"""What changes slowly over a picture, quickly."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

_THUMBNAIL = 48


def smooth(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Gaussian mean with a standard deviation of a quarter of each side.

    Large pictures are smoothed as thumbnails and enlarged again: nothing that survives so wide a mean is lost.

    Parameters
    ----------
    pixels : ndarray of float32, shape (height, width)

    Returns
    -------
    ndarray of float32, shape (height, width)
    """
    height, width = pixels.shape
    small_height, small_width = min(height, _THUMBNAIL), min(width, _THUMBNAIL)
    small = _resize(pixels, small_height, small_width, Image.Resampling.BOX)
    sigma = (small_height / 4, small_width / 4)
    mean = ndimage.gaussian_filter(small, sigma, mode="nearest", truncate=2)
    return _resize(mean, height, width, Image.Resampling.BILINEAR)


def _resize(pixels: NDArray[np.float32], height: int, width: int, how: Image.Resampling) -> NDArray[np.float32]:
    if pixels.shape == (height, width):
        return pixels
    return np.array(Image.fromarray(pixels).resize((width, height), how))
