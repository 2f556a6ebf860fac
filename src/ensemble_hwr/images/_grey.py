"""Pixels of any kind and depth as 8-bit grey, transparency laid on paper."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ensemble_hwr.exceptions import PictureError

Grey = NDArray[np.uint8]

_DEEP_MODES = frozenset({"I", "F", "I;16", "I;16L", "I;16B", "I;16N"})
_FLOAT_SLACK = 1e-3  # interpolation leaves values a little outside 0..1


def grey_of_image(image: Image.Image) -> Grey:
    """Return a decoded Pillow image as 8-bit grey; a problem is a plain ``PictureError`` without a name."""
    if image.mode in _DEEP_MODES:
        return _scale_deep(np.asarray(image))
    if image.has_transparency_data:
        with_alpha = image.convert("RGBA")
        return lay_on_paper(np.array(with_alpha.convert("L")), np.array(with_alpha.getchannel("A")))
    return np.array(image.convert("L"))


def grey_of_array(array: NDArray[np.generic]) -> Grey:
    """Return a grey, RGB or RGBA array as 8-bit grey; a problem is a plain ``PictureError`` without a name."""
    if array.size == 0:
        raise PictureError("it is empty; a picture needs at least one pixel")
    channels = array.shape[2] if array.ndim == 3 else 1
    if array.ndim not in (2, 3) or channels not in (1, 3, 4):
        raise PictureError("a picture has shape (height, width), or (height, width, 1, 3 or 4)")
    pixels = _eight_bits(array)
    if pixels.ndim == 2 or channels == 1:
        return pixels.reshape(pixels.shape[:2])
    luma = np.array(Image.fromarray(np.ascontiguousarray(pixels[..., :3])).convert("L"))
    return luma if channels == 3 else lay_on_paper(luma, pixels[..., 3])


def lay_on_paper(grey: Grey, alpha: Grey) -> Grey:
    """Composite grey pixels on a paper chosen so that what was drawn stays visible.

    Parameters
    ----------
    grey, alpha : ndarray of uint8, shape (height, width)
        Brightness and opacity.

    Returns
    -------
    ndarray of uint8, shape (height, width)

    Raises
    ------
    PictureError
        If every pixel is wholly transparent.
    """
    if alpha.max() == 0:
        raise PictureError("every pixel is transparent; there is nothing to see in it")
    if alpha.min() == alpha.max():
        return grey
    paper = _paper_level(grey, alpha)
    opacity = alpha.astype(np.uint16)
    laid = (grey * opacity + np.uint16(paper) * (255 - opacity) + np.uint16(127)) // np.uint16(255)
    return laid.astype(np.uint8)


def _paper_level(grey: Grey, alpha: Grey) -> int:
    """Brightness of the paper under a picture with transparent parts.

    A cut-out photograph shows its own paper, which goes on under the transparent parts. Strokes drawn on
    nothing, of one brightness or few pixels, get the paper that contrasts with them.
    """
    visible = alpha >= alpha.max() / 2
    levels = np.cumsum(np.bincount(grey[visible], minlength=256)) / np.count_nonzero(visible)
    low, middle, high = (int(np.searchsorted(levels, q)) for q in (0.05, 0.5, 0.95))
    if high - low > 60 and visible.mean() > 0.5:
        return middle
    return 255 if middle < 128 else 0


def _eight_bits(array: NDArray[np.generic]) -> Grey:
    if array.dtype == np.uint8:
        return array.astype(np.uint8, copy=False)
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * np.uint8(255)
    if array.dtype == np.uint16:
        return _scale_deep(array)
    if array.dtype.kind in "iu":
        _check_range(array, 0, 255, "whole numbers other than uint16 must lie in 0..255")
        return array.astype(np.uint8)
    if array.dtype.kind == "f":
        return _eight_bits_of_floats(array)
    raise PictureError(f"its dtype is {array.dtype}; allowed are bool, whole numbers and floats")


def _eight_bits_of_floats(array: NDArray[np.generic]) -> Grey:
    most = float(array.max())
    if 1 + _FLOAT_SLACK < most <= 255 and (array == np.rint(array)).all():
        _check_range(array, 0, 255, "whole numbers must lie in 0..255")
        return array.astype(np.uint8)
    _check_range(array, -_FLOAT_SLACK, 1 + _FLOAT_SLACK, "floats must lie in 0..1, or be whole numbers in 0..255")
    scaled: Grey = np.rint(np.clip(array, 0, 1).astype(np.float32) * np.float32(255)).astype(np.uint8)
    return scaled


def _check_range(array: NDArray[np.generic], low: float, high: float, rule: str) -> None:
    least, most = float(array.min()), float(array.max())
    if not (np.isfinite(least) and np.isfinite(most)):
        raise PictureError("it holds NaN or infinite pixels; every pixel must be a finite number")
    if least < low or most > high:
        raise PictureError(f"its pixels range from {least:g} to {most:g}; {rule}")


def _scale_deep(array: NDArray[np.generic]) -> Grey:
    """Scale pixels of more than 8 bits by the smallest bit depth that holds the brightest of them."""
    _check_range(array, 0, np.inf, "none may be below 0")
    most = float(array.max())
    if array.dtype.kind == "f" and most <= 1 + _FLOAT_SLACK:
        return _eight_bits(array)
    depth = max(8, int(np.ceil(np.log2(most + 1))))
    scaled: Grey = np.rint(array.astype(np.float64) * (255 / (2.0**depth - 1))).astype(np.uint8)
    return scaled
