"""Files of pictures, opened as a sequence of pages of which one is decoded at a time."""

from __future__ import annotations

import contextlib
import ctypes
import io
import math
import os
import stat
import threading
import time
import warnings
from collections.abc import Iterator
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import IO, Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from ensemble_hwr.exceptions import MissingExtraError, PictureError

COMMON_FORMATS = ("PNG", "JPEG", "BMP", "TIFF", "GIF", "WEBP")
"""Formats that every build of Pillow decodes, as Pillow spells them; the others are tried after them."""

REFUSED_FORMATS = frozenset({"EPS", "WMF", "BUFR", "GRIB", "HDF5", "MPEG"})
"""Formats of Pillow that need another program, or that Pillow cannot decode."""

PDF_DPI = 300  # pages of a PDF are rendered at this resolution, that of a good scan
LEAST_PDF_DPI = 72  # a page that is larger than the limit of pixels at this resolution raises an error
PDF_SECONDS = 10  # a page that takes longer to render raises an error
MAX_SCANS = 200  # of a progressive JPEG; encoders write about 10, and each costs the time of a whole picture

DECODER_BYTES = {"WEBP": 16, "JPEG2000": 19}  # memory that a decoder takes for each pixel, where it is much; measured
DECODER_MEMORY = 500_000_000  # bytes; more if the limit of pixels is raised
GREY_PIXELS = 24_000_000  # larger JPEGs are decoded as grey: less memory, but some pixels differ by one level

_SEQUENCES = frozenset({"GIF", "PNG", "WEBP", "AVIF", "FLI"})  # frames that are decoded from the frames before them
_COLLECTIONS = frozenset({"TIFF", "MPO", "HEIF", "DCX", "IM", "SPIDER"})  # pages that are decoded one by one
_HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"})
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_NEW_SUBFILE_TYPE, _REDUCED_OR_MASK = 254, 1 | 4
_EXIF_ORIENTATION = 0x0112

_QUIET = threading.RLock()  # keeps concurrent readers from restoring each other's warning filters
_PDFIUM = threading.RLock()  # PDFium must not be called by two threads


class Container(Protocol):
    """An opened file of one or more pages.

    Attributes
    ----------
    several : bool
        Whether the file has more than one page.
    sequential : bool
        Whether a page that cannot be decoded hides the pages after it.
    """

    sequential: bool

    @property
    def several(self) -> bool: ...

    def seek(self, number: int) -> bool:
        """Go to a page, counted from 1; return whether there is one."""
        ...

    def check_size(self, max_pixels: int) -> None:
        """Raise an error if the current page has no pixels or too many."""
        ...

    def load(self, max_pixels: int, longest: int | None = None) -> tuple[Image.Image, int]:
        """Decode the current page, of which `longest` pixels per side are needed; return it and its orientation."""
        ...


class RasterFile:
    """A file that Pillow decodes.

    Parameters
    ----------
    image : PIL image
        As it was opened, not decoded.
    file : file object or None
        The bytes of the image.
    """

    def __init__(self, image: Image.Image, file: IO[bytes] | None = None) -> None:
        self._image, self._file = image, file
        self.sequential = image.format in _SEQUENCES
        self._frames = self._pages()
        self._seen: list[int] = [next(self._frames)]

    @cached_property
    def several(self) -> bool:
        """Whether the file has more than one page."""
        with quiet():
            try:
                return self._find(2)
            except Exception:  # what is damaged is reported when it is reached
                return True

    def seek(self, number: int) -> bool:
        """Go to a page, counted from 1; return whether there is one."""
        with quiet():
            try:
                if not self._find(number):
                    return False
                frame = self._seen[number - 1]
                if number > 1 or self._tell() != frame:
                    self._image.seek(frame)
            except EOFError:
                return False
            except Exception as error:
                raise PictureError(f"it is damaged or cut short ({error})") from error
        return True

    def check_size(self, max_pixels: int) -> None:
        """Raise an error if the current page has no pixels or too many."""
        shape = (self._image.height, self._image.width)
        check_size(shape, max_pixels)
        n_bytes = DECODER_BYTES.get(str(self._image.format), 0)
        if self._file is not None and np.prod(shape, dtype=np.float64) * n_bytes > max(DECODER_MEMORY, 10 * max_pixels):
            raise PictureError(
                f"it is too large: {shape[1]}x{shape[0]} pixels, which take {n_bytes} bytes each to decode as "
                f"{self._image.format}, and allowed are {DECODER_MEMORY:,}; save it as PNG or JPEG, or raise max_pixels"
            )

    def load(self, max_pixels: int, longest: int | None = None) -> tuple[Image.Image, int]:
        """Decode the current page, of which `longest` pixels per side are needed; return it and its orientation."""
        self.check_size(max_pixels)
        with quiet():
            try:
                self._check_scans()
                if self._image.format == "JPEG" and self._file is not None:  # the caller's own image is not changed
                    self._draft(reduction(self._image.size, longest))
                with _no_messages_of_libtiff(self._image):
                    self._image.load()
                return self._image, _orientation(self._image)
            except PictureError:
                raise
            except Exception as error:  # decoders raise many types of errors on hostile bytes
                raise PictureError(f"it is damaged or cut short ({error})") from error

    def _draft(self, factor: int) -> None:
        """Let a JPEG be decoded at a fraction of its size that divides the factor, and as grey if it is still large."""
        width, height = self._image.size
        scale = next(scale for scale in (8, 4, 2, 1) if factor % scale == 0)
        is_large = width * height > GREY_PIXELS * scale**2
        if scale > 1 or is_large:
            self._image.draft("L" if is_large else None, (max(1, width // scale), max(1, height // scale)))

    def _tell(self) -> int:
        return int(self._image.tell())

    def _find(self, number: int) -> bool:
        """Find the frames of the pages up to a number; return whether there are as many."""
        while len(self._seen) < number:
            frame = next(self._frames, None)
            if frame is None:
                return False
            self._seen.append(frame)
        return True

    def _pages(self) -> Iterator[int]:
        """Yield the frames that are pages: no thumbnails, masks, maps of depth or brightness, or layers."""
        image, first = self._image, self._tell()
        yield first
        if image.format == "TIFF":
            yield from self._tiff_pages(first + 1)
        elif image.format == "MPO":
            yield from _mpo_pages(image)
        elif image.format in _SEQUENCES | _COLLECTIONS and getattr(image, "is_animated", False):
            yield from (frame for frame in count() if frame != first)

    def _tiff_pages(self, frame: int) -> Iterator[int]:
        """Yield the frames of a TIFF that are whole pages; a frame that is damaged may be one."""
        damaged = 0
        while damaged < 2:  # the next one cannot be found if the directory of this one is damaged
            try:
                self._image.seek(frame)
                damaged = 0
                kind = self._image.tag_v2.get(_NEW_SUBFILE_TYPE, 0)  # type: ignore[attr-defined]
                if not (isinstance(kind, int) and kind & _REDUCED_OR_MASK):
                    yield frame
            except EOFError:
                return
            except Exception:
                damaged += 1
                if damaged == 1:
                    yield frame
            frame += 1

    def _check_scans(self) -> None:
        """Raise an error if a JPEG has so many scans that decoding it takes long."""
        if self._image.format not in ("JPEG", "MPO") or self._file is None:
            return
        if not self._image.info.get("progressive"):
            return
        place = self._file.tell()
        self._file.seek(0)
        scans = 0
        while part := self._file.read(1 << 20):
            scans += part.count(b"\xff\xda")
        self._file.seek(place)
        if scans > MAX_SCANS:
            raise PictureError(f"it has {scans:,} progressive scans, allowed are {MAX_SCANS}; save it again")


@contextlib.contextmanager
def _no_messages_of_libtiff(image: Any) -> Iterator[None]:
    """Discard the lines that libtiff writes to the standard error of the process; its errors are raised in addition."""
    tiles = getattr(image, "tile", None) or [("",)]
    try:
        kept = os.dup(2) if tiles[0][0] == "libtiff" else None
    except OSError:  # there is no standard error
        kept = None
    if kept is None:
        yield
        return
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _mpo_pages(image: Any) -> Iterator[int]:
    """Yield the further pictures of an MPO: views of a set, or pictures of the size of the first."""
    size = image.size
    for frame, entry in enumerate(image.mpinfo[0xB002]):
        if frame == 0:
            continue
        kind = entry.get("Attribute", {}).get("MPType", "Undefined")
        if kind.startswith("Multi-Frame"):
            yield frame
        elif kind in ("Undefined", "Unknown") or kind.startswith("Baseline"):
            try:
                image.seek(frame)
            except Exception:
                yield frame
                continue
            if image.size == size:
                yield frame


class PdfFile:
    """A PDF, whose pages PDFium renders in grey.

    Parameters
    ----------
    file : file object
    """

    sequential = False

    def __init__(self, file: IO[bytes]) -> None:
        pdfium = _pdfium()
        self._number = 1
        with _PDFIUM:
            try:
                self._document = pdfium.PdfDocument(file)
                self._n_pages = len(self._document)
            except pdfium.PdfiumError as error:
                if "password" in str(error).lower():
                    raise PictureError("it is protected by a password; save a copy without one") from error
                raise PictureError(f"it is a damaged PDF ({error})") from error
        if not self._n_pages:
            self.close()
            raise PictureError("it is a PDF without pages")

    @property
    def several(self) -> bool:
        """Whether the file has more than one page."""
        return self._n_pages > 1

    def close(self) -> None:
        """Free the document."""
        with _PDFIUM:
            self._document.close()

    def seek(self, number: int) -> bool:
        """Go to a page, counted from 1; return whether there is one."""
        self._number = number
        return number <= self._n_pages

    def check_size(self, max_pixels: int) -> None:
        """Raise an error if the current page has no pixels or too many."""
        with self._page() as page:
            self._scale(page, max_pixels)

    def load(self, max_pixels: int, longest: int | None = None) -> tuple[Image.Image, int]:
        """Render the current page at its resolution; return it and the orientation of an upright picture."""
        with self._page() as page:
            return Image.fromarray(_render(page, self._scale(page, max_pixels))), 1

    @contextlib.contextmanager
    def _page(self) -> Iterator[Any]:
        """Lend the current page."""
        with _PDFIUM:
            page = None
            try:
                page = self._document[self._number - 1]
                yield page
            except PictureError:
                raise
            except Exception as error:
                raise PictureError(f"it is damaged ({error})") from error
            finally:
                if page is not None:
                    page.close()

    def _scale(self, page: Any, max_pixels: int) -> float:
        """Return the pixels per point, of 1/72 inch, so that a page is not larger than the limit."""
        width, height = page.get_size()
        if not (np.isfinite(width) and np.isfinite(height) and width > 0 and height > 0):
            raise PictureError("it has no size")
        least = LEAST_PDF_DPI / 72
        check_size((round(height * least), round(width * least)), max_pixels)
        fitting = np.sqrt(max_pixels / (width * height))
        return float(min(PDF_DPI / 72, max(fitting * 0.999, least)))


def _pdfium() -> Any:
    try:
        import pypdfium2
    except ImportError as error:
        raise PictureError(f"it is a PDF; {MissingExtraError('pypdfium2', 'pdf')}") from error
    return pypdfium2


def _render(page: Any, scale: float) -> NDArray[np.uint8]:
    """Render a page in grey on white, in steps, so that one that takes long ends with an error."""
    import pypdfium2
    from pypdfium2 import raw

    deadline = time.monotonic() + PDF_SECONDS
    width, height = (max(1, int(np.ceil(side * scale))) for side in page.get_size())
    bitmap = pypdfium2.PdfBitmap.new_native(width, height, raw.FPDFBitmap_Gray)
    try:
        raw.FPDFBitmap_FillRect(bitmap.raw, 0, 0, width, height, 0xFFFFFFFF)
        is_late = dict(raw.IFSDK_PAUSE._fields_)["NeedToPauseNow"](lambda _: int(time.monotonic() > deadline))
        pause = ctypes.byref(raw.IFSDK_PAUSE(version=1, NeedToPauseNow=is_late, user=None))
        flags = raw.FPDF_ANNOT | raw.FPDF_GRAYSCALE
        state = raw.FPDF_RenderPageBitmap_Start(bitmap.raw, page.raw, 0, 0, width, height, 0, flags, pause)
        raw.FPDF_RenderPage_Close(page.raw)
        if state == raw.FPDF_RENDER_TOBECONTINUED:
            raise PictureError(f"it takes longer than {PDF_SECONDS} s to render")
        if state != raw.FPDF_RENDER_DONE:
            raise PictureError("it is damaged; it cannot be rendered")
        return bitmap.to_numpy().reshape(height, width).copy()  # type: ignore[no-any-return]
    finally:
        bitmap.close()


@contextlib.contextmanager
def opened(picture: str | os.PathLike[str] | bytes) -> Iterator[Container]:
    """Open a path, or the bytes of a file, and close it at the end of a ``with`` block."""
    with _binary(picture) as file:
        try:
            head = file.read(1024)
            file.seek(0)
        except OSError as error:
            raise PictureError(f"it cannot be read: {error.strerror or error}") from error
        if b"%PDF-" in head:
            with contextlib.closing(PdfFile(file)) as document:
                yield document
        else:
            with _open_image(file, head) as image:
                yield RasterFile(image, file)


def _binary(picture: str | os.PathLike[str] | bytes) -> IO[bytes]:
    """Open a path, or the bytes of a file."""
    if isinstance(picture, bytes | bytearray | memoryview):
        if len(picture) == 0:
            raise PictureError("it is empty; it should hold the bytes of a picture file")
        return io.BytesIO(picture)
    if not isinstance(picture, str | os.PathLike):
        raise PictureError("a picture is a path, bytes, a PIL image or an array")
    path = Path(picture)
    _check_file(path)
    try:
        return path.open("rb")
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


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Hide Pillow's warnings of large pictures and unusual metadata; sizes are checked here."""
    with _QUIET, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _open_image(file: IO[bytes], head: bytes) -> Image.Image:
    """Open an image of any format that can be decoded, without decoding it."""
    brands = {head[8:12], *(head[start : start + 4] for start in range(16, 64, 4))} if head[4:8] == b"ftyp" else set()
    with quiet():
        try:
            if brands & _HEIF_BRANDS and not brands & _AVIF_BRANDS:
                return _open_heif(file)
            return _open_by_pillow(file)
        except PictureError:
            raise
        except UnidentifiedImageError as error:
            kind = "it is an AVIF, which this build of Pillow does not read" if brands & _AVIF_BRANDS else None
            raise PictureError(kind or "it is not a picture in a format that can be read, or it is damaged") from error
        except Image.DecompressionBombError as error:
            raise PictureError(f"it is too large: {error}") from error
        except Exception as error:
            raise PictureError(f"it is damaged or cut short ({error})") from error


def _open_heif(file: IO[bytes]) -> Image.Image:
    try:
        from pillow_heif import HeifImageFile
    except ImportError as error:
        raise PictureError(f"it is an HEIC; {MissingExtraError('pillow-heif', 'heif')}") from error
    return cast(Image.Image, HeifImageFile(file))  # type: ignore[no-untyped-call]


def _open_by_pillow(file: IO[bytes]) -> Image.Image:
    try:
        return Image.open(file, formats=COMMON_FORMATS)
    except UnidentifiedImageError:
        Image.init()
        others = [name for name in Image.ID if name not in REFUSED_FORMATS and name not in COMMON_FORMATS]
        return Image.open(file, formats=others)


def reduction(shape: tuple[int, ...], longest: int | None) -> int:
    """Return the side of the blocks of pixels to average, so that no side of a picture is longer than `longest`."""
    return 1 if longest is None else -(-max(shape) // longest)


def check_size(shape: tuple[int, ...], max_pixels: int) -> None:
    """Raise an error if a picture has no pixels or too many."""
    if 0 in shape:
        raise PictureError("it is empty; a picture needs at least one pixel")
    if math.prod(shape) > max_pixels:
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
