"""Open any picture safely as 8-bit grey: files, bytes, PIL images and arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from numbers import Integral
from typing import TypeAlias, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ensemble_hwr.exceptions import PictureError
from ensemble_hwr.images._colour import separated_grey
from ensemble_hwr.images._containers import Container, RasterFile, check_size, opened
from ensemble_hwr.images.sources import FilePage, Picture, describe

Grey: TypeAlias = NDArray[np.uint8]

MAX_PIXELS = 50_000_000
"""Default for the number of pixels above which a picture, or a page, raises an error before it is decoded."""

_DEEP_MODES = frozenset({"I", "F", "I;16", "I;16L", "I;16B", "I;16N"})
_BAND_PIXELS = 1 << 20
_FLOAT_SLACK = 1e-3  # interpolation leaves values slightly outside 0..1


def open_picture(picture: Picture, *, max_pixels: int = MAX_PIXELS, longest: int | None = None) -> Grey:
    """Open a picture as 8-bit grey.

    Parameters
    ----------
    picture : path, bytes, PIL image, ndarray or FilePage
        A file of a format that Pillow decodes, such as PNG, JPEG, TIFF, GIF, WebP, BMP or AVIF, or its bytes, in any
        mode of colour; a PDF with the extra ``pdf``, an HEIC with the extra ``heif``. The first page of a file is
        taken; :func:`ensemble_hwr.images.pages.open_pages` opens all. An array has shape (height, width), or
        (height, width, channels) with 1 (grey), 3 (RGB) or 4 (RGBA) channels; its dtype is bool, uint8, uint16, another
        integer type with values in 0..255, or float with values in 0..1 (or integral values in 0..255). Integers of 0
        and 1 alone are black and white.
    max_pixels : int, default=50_000_000
        Pictures with more pixels raise an error before they are decoded.
    longest : int, default=None
        Pixels of the longest side that are needed; the JPEG files that have several times as many are decoded at a
        half, a quarter or an eighth of their size, which is faster. None: all pixels.

    Returns
    -------
    ndarray of uint8, shape (height, width)
        0 is black, 255 is white. Colours become their luma, except where writing is pale, or where coloured ruling or
        highlighters differ from the writing: there the writing is dark, and these are as bright as the paper.
        The picture is turned as its EXIF orientation states. Transparent pixels are composited on paper that contrasts
        with what was drawn. Pixels of more than 8 bits are scaled by the smallest bit depth that holds the brightest.

    Raises
    ------
    PictureError
        If the picture is missing, of another format, damaged, empty, fully transparent or too large; the message names
        the picture.
    ValueError
        If `max_pixels` or `longest` is not a positive integer.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.images import open_picture
    >>> open_picture(np.array([[0.0, 1.0]]))
    array([[  0, 255]], dtype=uint8)
    """
    if not isinstance(max_pixels, Integral) or max_pixels < 1:
        raise ValueError(f"max_pixels={max_pixels!r} must be an integer of 1 or more")
    if longest is not None and (not isinstance(longest, Integral) or longest < 1):
        raise ValueError(f"longest={longest!r} must be an integer of 1 or more, or None")
    page = picture.grey if isinstance(picture, FilePage) else None
    try:
        if page is not None:
            check_size(page.shape, max_pixels)
            return page
        if isinstance(picture, np.ndarray):
            check_size(picture.shape[:2], max_pixels)
            return grey_of_array(picture)
        if isinstance(picture, Image.Image):
            return decode_page(RasterFile(picture), max_pixels, longest)
        with opened(picture) as container:  # type: ignore[arg-type]
            return decode_page(container, max_pixels, longest)
    except PictureError as error:
        raise PictureError(f"{describe(picture)}: {error}") from error.__cause__


def grey_of_image(image: Image.Image) -> Grey:
    """Convert a decoded PIL image to 8-bit grey; error messages do not name the picture."""
    if image.mode in _DEEP_MODES:
        shape = (image.height, image.width)
        return _scale_deep(shape, lambda rows: np.asarray(image.crop((0, rows.start, image.width, rows.stop))))
    if image.mode == "LAB":
        return np.array(image.getchannel(0))  # lightness; Pillow cannot convert it
    if image.has_transparency_data:
        grey, alpha = (np.empty((image.height, image.width), np.uint8) for _ in range(2))
        for rows in _bands(grey.shape):
            band = image.crop((0, rows.start, image.width, rows.stop)).convert("RGBA")
            grey[rows], alpha[rows] = np.asarray(band.convert("L")), np.asarray(band.getchannel("A"))
        separated = separated_grey(image) if image.mode == "RGBA" and alpha.min() == 255 else None
        return composite_on_paper(grey, alpha) if separated is None else separated
    return _grey_of_colours(image)


def _grey_of_colours(image: Image.Image) -> Grey:
    """Convert an opaque image of any mode of 8 bits to grey: to its luma, or where colour separates inks, by them."""
    separated = None
    if image.mode not in ("1", "L"):
        separated = separated_grey(image if image.mode == "RGB" else image.convert("RGB"))
    return np.array(image.convert("L")) if separated is None else separated


def _bands(shape: tuple[int, ...]) -> Iterator[slice]:
    """Yield bands of rows, so that a large picture is converted without large copies."""
    height, width = shape[:2]
    step = max(1, _BAND_PIXELS // max(1, width))
    return (slice(top, min(top + step, height)) for top in range(0, height, step))


def grey_of_array(array: NDArray[np.generic]) -> Grey:
    """Convert a grey, RGB or RGBA array to 8-bit grey; error messages do not name the picture."""
    if array.size == 0:
        raise PictureError("it is empty; a picture needs at least one pixel")
    channels = array.shape[2] if array.ndim == 3 else 1
    if array.ndim not in (2, 3) or channels not in (1, 3, 4):
        raise PictureError("a picture has shape (height, width), or (height, width, 1, 3 or 4)")
    pixels = _eight_bits(array)
    if pixels.ndim == 2 or channels == 1:
        return pixels.reshape(pixels.shape[:2])
    image = Image.fromarray(np.ascontiguousarray(pixels[..., :3]))
    if channels == 3 or pixels[..., 3].min() == 255:
        return _grey_of_colours(image)
    return composite_on_paper(np.array(image.convert("L")), pixels[..., 3])


def composite_on_paper(grey: Grey, alpha: Grey) -> Grey:
    """Composite grey pixels on paper that contrasts with what was drawn.

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
        If every pixel is fully transparent.
    """
    if alpha.max() == 0:
        raise PictureError("every pixel is transparent; a picture needs opaque pixels")
    if alpha.min() == alpha.max():
        return grey
    paper = _paper_under_transparency(grey, alpha)
    laid = np.empty_like(grey)
    for rows in _bands(grey.shape):
        opacity = alpha[rows].astype(np.uint16)
        laid[rows] = (grey[rows] * opacity + np.uint16(paper) * (255 - opacity) + np.uint16(127)) // np.uint16(255)
    return laid


def _paper_under_transparency(grey: Grey, alpha: Grey) -> int:
    """Return the brightness of the paper under the transparent pixels of a picture.

    A cut-out photograph contains its own paper, and the same brightness is continued. Strokes on a transparent
    background have one brightness or few pixels; their paper is the extreme that contrasts with them.
    """
    least, counts = alpha.max() / 2, np.zeros(256)
    for rows in _bands(grey.shape):
        counts += np.bincount(grey[rows][alpha[rows] >= least], minlength=256)
    levels = np.cumsum(counts) / counts.sum()
    low, middle, high = (int(np.searchsorted(levels, q)) for q in (0.05, 0.5, 0.95))
    if high - low > 60 and counts.sum() / grey.size > 0.5:
        return middle
    return 255 if middle < 128 else 0


def _eight_bits(array: NDArray[np.generic]) -> Grey:
    """Convert pixels of any accepted dtype to bytes."""
    if array.dtype == np.bool_ or (array.dtype.kind in "iu" and array.max() == 1 and array.min() >= 0):
        return array.astype(np.uint8) * np.uint8(255)
    if array.dtype == np.uint8:
        return cast(Grey, array)
    if array.dtype == np.uint16:
        return _scale_deep(array.shape, lambda rows: array[rows])
    if array.dtype.kind in "iu":
        _check_range(array, 0, 255, "integers other than uint16 must be in 0..255")
        return array.astype(np.uint8)
    if array.dtype.kind == "f":
        return _eight_bits_of_floats(array)
    raise PictureError(f"its dtype is {array.dtype}; allowed are bool, integers and floats")


def _eight_bits_of_floats(array: NDArray[np.generic]) -> Grey:
    """Convert floats in 0..1, or integral floats in 0..255, to bytes."""
    most = float(array.max())
    if 1 + _FLOAT_SLACK < most <= 255 and (array == np.rint(array)).all():
        _check_range(array, 0, 255, "integral floats must be in 0..255")
        return array.astype(np.uint8)
    _check_range(array, -_FLOAT_SLACK, 1 + _FLOAT_SLACK, "floats must be in 0..1, or integral in 0..255")
    scaled: Grey = np.rint(np.clip(array, 0, 1).astype(np.float32) * np.float32(255)).astype(np.uint8)
    return scaled


def _check_range(array: NDArray[np.generic], low: float, high: float, rule: str) -> None:
    """Raise an error unless all pixels are finite and within a range."""
    least, most = float(array.min()), float(array.max())
    if not (np.isfinite(least) and np.isfinite(most)):
        raise PictureError("it holds NaN or infinite pixels; every pixel must be a finite number")
    if least < low or most > high:
        raise PictureError(f"its pixels range from {least:g} to {most:g}; {rule}")


def _scale_deep(shape: tuple[int, ...], part: Callable[[slice], NDArray[np.generic]]) -> Grey:
    """Scale pixels of more than 8 bits by the smallest bit depth that holds the brightest of them."""
    most = -np.inf
    for rows in _bands(shape):
        pixels = part(rows)
        _check_range(pixels, 0, np.inf, "they must not be negative")
        most = max(most, float(pixels.max()))
    of_floats = part(slice(0, 1)).dtype.kind == "f" and most <= 1 + _FLOAT_SLACK
    factor = 255 / (2.0 ** max(8, int(np.ceil(np.log2(most + 1)))) - 1)
    scaled: Grey = np.empty(shape, np.uint8)
    for rows in _bands(shape):
        pixels = part(rows)
        scaled[rows] = _eight_bits_of_floats(pixels) if of_floats else np.rint(pixels.astype(np.float64) * factor)
    return scaled


def decode_page(container: Container, max_pixels: int, longest: int | None = None) -> Grey:
    """Decode the current page of a file as upright grey; error messages do not name the picture."""
    image, orientation = container.load(max_pixels, longest)
    try:
        return _turn_upright(grey_of_image(image), orientation)
    except PictureError:
        raise
    except Exception as error:
        raise PictureError(f"it is damaged or cut short ({error})") from error


def _turn_upright(grey: Grey, orientation: int) -> Grey:
    """Undo an EXIF orientation."""
    if orientation in (5, 6, 7, 8):
        grey = grey.T
    if orientation in (2, 3, 6, 7):
        grey = grey[:, ::-1]
    if orientation in (3, 4, 7, 8):
        grey = grey[::-1]
    return np.ascontiguousarray(grey)
