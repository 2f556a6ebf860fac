"""Open any picture a user has, without trusting it."""

import io
import os
import stat
import threading
import warnings
from numbers import Integral
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from ensemble_hwr.exceptions import PictureError
from ensemble_hwr.images._grey import Grey, grey_of_array, grey_of_image

Picture = str | os.PathLike[str] | bytes | NDArray[np.generic] | Image.Image

FORMATS = ("PNG", "JPEG", "BMP", "TIFF", "GIF", "WEBP")
"""Names of the picture formats that are opened; every other is refused."""

_EXIF_ORIENTATION = 0x0112
_QUIET = threading.Lock()


def open_picture(picture: Picture, *, max_pixels: int = 50_000_000) -> Grey:
    """Open a picture as 8-bit grey.

    Parameters
    ----------
    picture : path, bytes, PIL image or ndarray
        A PNG, JPEG, BMP, TIFF, GIF or WebP file, or its bytes: colour, palette, grey, 1-bit or 16-bit.
        Of an animation the first frame is taken. An array is ``(height, width)`` grey, or has a third axis
        of 1 (grey), 3 (RGB) or 4 (RGBA) channels; bool, uint8, uint16, other whole numbers in 0..255, or
        floats in 0..1 (or whole numbers in 0..255 stored as floats).
    max_pixels : int, default=50_000_000
        Pictures with more pixels are refused, before they are decoded.

    Returns
    -------
    ndarray of uint8, shape (height, width)
        0 is black, 255 white. Turned upright as its EXIF orientation says. Transparent parts show paper that
        leaves what was drawn visible. Pixels of more than 8 bits are scaled by the smallest bit depth that
        holds the brightest of them.

    Raises
    ------
    PictureError
        If it is not a picture, cut short, empty, wholly transparent or too large; the message names it.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.images import open_picture
    >>> open_picture(np.array([[0.0, 1.0]]))
    array([[  0, 255]], dtype=uint8)
    """
    if not isinstance(max_pixels, Integral) or max_pixels < 1:
        raise ValueError(f"max_pixels={max_pixels!r}; it must be a whole number, 1 or more")
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


def describe(picture: object) -> str:
    """Say which picture this is, for messages.

    Parameters
    ----------
    picture : object
        What was given as a picture.

    Returns
    -------
    str

    Examples
    --------
    >>> from ensemble_hwr.images import describe
    >>> describe("letters/A/0001.png")
    "'letters/A/0001.png'"
    >>> describe(b"GIF89a")
    'picture of 6 bytes'
    """
    if isinstance(picture, np.ndarray):
        return f"array of shape {picture.shape}"
    if isinstance(picture, Image.Image):
        file_name = getattr(picture, "filename", "")
        size = f"{picture.mode} image of {picture.width}x{picture.height} pixels"
        return f"{size} from {os.fspath(file_name)!r}" if file_name else size
    if isinstance(picture, bytes | bytearray | memoryview):
        return f"picture of {len(picture)} bytes"
    if isinstance(picture, str | os.PathLike):
        return repr(os.fspath(picture))
    return f"object of type {type(picture).__name__}"


def _open_file(picture: str | os.PathLike[str] | bytes, max_pixels: int) -> Grey:
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
    # Pillow warns about large pictures and odd metadata; size is checked here, and the lock keeps
    # concurrent readers from restoring each other's warning filters.
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
    _check_size((image.height, image.width), max_pixels)
    try:
        image.load()
        return _turn_upright(grey_of_image(image), _orientation(image))
    except PictureError:
        raise
    except Exception as error:  # what a decoder raises on hostile bytes is an open list
        raise PictureError(f"it is damaged or cut short ({error})") from error


def _check_size(shape: tuple[int, ...], max_pixels: int) -> None:
    if 0 in shape:
        raise PictureError("it is empty; a picture needs at least one pixel")
    if np.prod(shape, dtype=np.float64) > max_pixels:
        height, width = shape
        raise PictureError(
            f"it is too large: {width}x{height} pixels, allowed are {max_pixels:,}; make it smaller or raise max_pixels"
        )


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(_EXIF_ORIENTATION, 1)
    except Exception:  # damaged metadata must not cost the picture
        return 1
    return value if isinstance(value, int) else 1


def _turn_upright(grey: Grey, orientation: int) -> Grey:
    if orientation in (5, 6, 7, 8):
        grey = grey.T
    if orientation in (2, 3, 6, 7):
        grey = grey[:, ::-1]
    if orientation in (3, 4, 7, 8):
        grey = grey[::-1]
    return np.ascontiguousarray(grey)
