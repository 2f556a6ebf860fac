"""Open any picture safely as 8-bit grey: files, bytes, PIL images and arrays."""

from __future__ import annotations

import io
import os
import stat
import threading
import warnings
from numbers import Integral
from pathlib import Path
from typing import IO, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from ensemble_hwr.exceptions import PictureError
from ensemble_hwr.images.sources import Picture, describe

Grey: TypeAlias = NDArray[np.uint8]

FORMATS = ("PNG", "JPEG", "BMP", "TIFF", "GIF", "WEBP")
"""Names of the accepted picture formats, as Pillow spells them."""

_EXIF_ORIENTATION = 0x0112
_QUIET = threading.Lock()
_DEEP_MODES = frozenset({"I", "F", "I;16", "I;16L", "I;16B", "I;16N"})
_FLOAT_SLACK = 1e-3  # interpolation leaves values slightly outside 0..1


def open_picture(picture: Picture, *, max_pixels: int = 50_000_000) -> Grey:
    """Open a picture as 8-bit grey.

    Parameters
    ----------
    picture : path, bytes, PIL image or ndarray
        A PNG, JPEG, BMP, TIFF, GIF or WebP file, or its bytes: colour, palette, grey, 1-bit or 16-bit. The first
        frame of an animation is taken. An array has shape (height, width), or (height, width, channels) with 1 (grey),
        3 (RGB) or 4 (RGBA) channels; its dtype is bool, uint8, uint16, another integer type with values in 0..255, or
        float with values in 0..1 (or integral values in 0..255). Integers of 0 and 1 alone are black and white.
    max_pixels : int, default=50_000_000
        Pictures with more pixels raise an error before they are decoded.

    Returns
    -------
    ndarray of uint8, shape (height, width)
        0 is black, 255 is white. The picture is turned as its EXIF orientation states. Transparent pixels are
        composited on paper that contrasts with what was drawn. Pixels of more than 8 bits are scaled by the smallest
        bit depth that holds the brightest of them.

    Raises
    ------
    PictureError
        If the picture is missing, of another format, damaged, empty, fully transparent or too large; the message names
        the picture.
    ValueError
        If `max_pixels` is not a positive integer.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.images import open_picture
    >>> open_picture(np.array([[0.0, 1.0]]))
    array([[  0, 255]], dtype=uint8)
    """
    if not isinstance(max_pixels, Integral) or max_pixels < 1:
        raise ValueError(f"max_pixels={max_pixels!r} must be an integer of 1 or more")
    name = describe(picture)
    try:
        if isinstance(picture, np.ndarray):
            _check_size(picture.shape[:2], max_pixels)
            return grey_of_array(picture)
        if isinstance(picture, Image.Image):
            return _decode(picture, max_pixels)
        return _open_file(picture, max_pixels)
    except PictureError as error:
        raise PictureError(f"{name}: {error}") from error.__cause__


def count_pages(picture: Picture) -> int:
    """Count the pages of a file: those of a TIFF, or the frames of an animation.

    Parameters
    ----------
    picture : path, bytes, PIL image or ndarray

    Returns
    -------
    int
        1 for an array, and for what is not a picture.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.images import count_pages
    >>> count_pages(np.eye(9))
    1
    """
    if isinstance(picture, Image.Image):
        return int(getattr(picture, "n_frames", 1))
    if isinstance(picture, bytes | bytearray | memoryview):
        picture = io.BytesIO(picture)  # type: ignore[assignment]
    try:
        with _QUIET, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(picture, formats=FORMATS) as image:  # type: ignore[arg-type]
                return int(getattr(image, "n_frames", 1))
    except Exception:  # what cannot be opened is reported when it is read
        return 1


def grey_of_image(image: Image.Image) -> Grey:
    """Convert a decoded PIL image to 8-bit grey; error messages do not name the picture."""
    if image.mode in _DEEP_MODES:
        return _scale_deep(np.asarray(image))
    if image.has_transparency_data:
        with_alpha = image.convert("RGBA")
        return composite_on_paper(np.array(with_alpha.convert("L")), np.array(with_alpha.getchannel("A")))
    return np.array(image.convert("L"))


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
    luma = np.array(Image.fromarray(np.ascontiguousarray(pixels[..., :3])).convert("L"))
    return luma if channels == 3 else composite_on_paper(luma, pixels[..., 3])


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
    opacity = alpha.astype(np.uint16)
    laid = (grey * opacity + np.uint16(paper) * (255 - opacity) + np.uint16(127)) // np.uint16(255)
    return laid.astype(np.uint8)


def _paper_under_transparency(grey: Grey, alpha: Grey) -> int:
    """Return the brightness of the paper under the transparent pixels of a picture.

    A cut-out photograph contains its own paper, and the same brightness is continued. Strokes on a transparent
    background have one brightness or few pixels; their paper is the extreme that contrasts with them.
    """
    visible = alpha >= alpha.max() / 2
    levels = np.cumsum(np.bincount(grey[visible], minlength=256)) / np.count_nonzero(visible)
    low, middle, high = (int(np.searchsorted(levels, q)) for q in (0.05, 0.5, 0.95))
    if high - low > 60 and visible.mean() > 0.5:
        return middle
    return 255 if middle < 128 else 0


def _eight_bits(array: NDArray[np.generic]) -> Grey:
    """Convert pixels of any accepted dtype to bytes."""
    if array.dtype == np.bool_ or (array.dtype.kind in "iu" and array.max() == 1 and array.min() >= 0):
        return array.astype(np.uint8) * np.uint8(255)
    if array.dtype == np.uint8:
        return array.astype(np.uint8, copy=False)
    if array.dtype == np.uint16:
        return _scale_deep(array)
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


def _scale_deep(array: NDArray[np.generic]) -> Grey:
    """Scale pixels of more than 8 bits by the smallest bit depth that holds the brightest of them."""
    _check_range(array, 0, np.inf, "they must not be negative")
    most = float(array.max())
    if array.dtype.kind == "f" and most <= 1 + _FLOAT_SLACK:
        return _eight_bits(array)
    depth = max(8, int(np.ceil(np.log2(most + 1))))
    scaled: Grey = np.rint(array.astype(np.float64) * (255 / (2.0**depth - 1))).astype(np.uint8)
    return scaled


def _open_file(picture: str | os.PathLike[str] | bytes, max_pixels: int) -> Grey:
    """Open a path, or the bytes of a file."""
    if isinstance(picture, bytes | bytearray | memoryview):
        if len(picture) == 0:
            raise PictureError("it is empty; it should hold the bytes of a picture file")
        return _read(io.BytesIO(picture), max_pixels)
    if not isinstance(picture, str | os.PathLike):
        raise PictureError("a picture is a path, bytes, a PIL image or an array")
    path = Path(picture)
    _check_file(path)
    try:
        with path.open("rb") as file:
            return _read(file, max_pixels)
    except OSError as error:
        raise PictureError(f"it cannot be read: {error.strerror or error}") from error


def _check_file(path: Path) -> None:
    """Raise an error unless a path leads to a regular file that is not empty."""
    try:
        status = path.stat()
    except FileNotFoundError as error:
        raise PictureError("there is no such file") from error
    except (OSError, ValueError) as error:
        raise PictureError(f"it cannot be reached: {error}") from error
    if stat.S_ISDIR(status.st_mode):
        raise PictureError("it is a folder; give the path of a picture file in it")
    if not stat.S_ISREG(status.st_mode):
        raise PictureError("it is not a regular file")
    if status.st_size == 0:
        raise PictureError("the file is empty")


def _read(file: IO[bytes], max_pixels: int) -> Grey:
    """Decode a file of one of the accepted formats."""
    # Pillow warns of large pictures and unusual metadata; the size is checked here. The lock keeps concurrent readers
    # from restoring each other's warning filters.
    with _QUIET, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            image = Image.open(file, formats=FORMATS)
        except UnidentifiedImageError as error:
            raise PictureError(f"it is not a picture in one of the formats {', '.join(FORMATS)}") from error
        except Image.DecompressionBombError as error:
            raise PictureError(f"it is too large: {error}") from error
        except Exception as error:
            raise PictureError(f"it is damaged or cut short ({error})") from error
        with image:
            return _decode(image, max_pixels)


def _decode(image: Image.Image, max_pixels: int) -> Grey:
    """Decode an image that has been opened, after a check of its size."""
    _check_size((image.height, image.width), max_pixels)
    try:
        image.load()
        return _turn_upright(grey_of_image(image), _orientation(image))
    except PictureError:
        raise
    except Exception as error:  # decoders raise many types of errors on hostile bytes
        raise PictureError(f"it is damaged or cut short ({error})") from error


def _check_size(shape: tuple[int, ...], max_pixels: int) -> None:
    """Raise an error if a picture has no pixels or too many."""
    if 0 in shape:
        raise PictureError("it is empty; a picture needs at least one pixel")
    if np.prod(shape, dtype=np.float64) > max_pixels:
        height, width = shape
        raise PictureError(
            f"it is too large: {width}x{height} pixels, allowed are {max_pixels:,}; make it smaller or raise max_pixels"
        )


def _orientation(image: Image.Image) -> int:
    """Return the EXIF orientation, from 1 to 8; 1 if there is none."""
    try:
        value = image.getexif().get(_EXIF_ORIENTATION, 1)
    except Exception:  # a picture with damaged metadata can still be read
        return 1
    return value if isinstance(value, int) else 1


def _turn_upright(grey: Grey, orientation: int) -> Grey:
    """Undo an EXIF orientation."""
    if orientation in (5, 6, 7, 8):
        grey = grey.T
    if orientation in (2, 3, 6, 7):
        grey = grey[:, ::-1]
    if orientation in (3, 4, 7, 8):
        grey = grey[::-1]
    return np.ascontiguousarray(grey)
