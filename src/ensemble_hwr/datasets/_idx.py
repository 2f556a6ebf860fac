"""Reading idx files, the form of MNIST and its kin: a big-endian header, then bytes."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, cast

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr.datasets._files import reading
from ensemble_hwr.datasets._letters import PIXELS
from ensemble_hwr.exceptions import DataError

_BYTES = 0x08
_MOST = 1_000_000  # EMNIST has 814,255 images: a header that promises more than this is not one of its files
_BLOCK = 4096


@contextmanager
def open_idx(path: Path, name: str) -> Iterator[tuple[IO[bytes], str]]:
    """Open idx file `name`, bare or gzipped, from a folder or a zip archive; also give its place for messages."""
    with ExitStack() as stack:
        if path.is_dir():
            file = _find_in_folder(path, name)
            where = str(file)
            stack.enter_context(reading(where, "an idx file"))
            stream: IO[bytes] = stack.enter_context(open(file, "rb"))
        else:
            stack.enter_context(reading(path, "a zip archive of idx files"))
            archive = stack.enter_context(zipfile.ZipFile(path))
            member = _find_in_archive(path, archive, name)
            where = f"{path}: {member}"
            stack.enter_context(reading(where, "an idx file"))
            stream = stack.enter_context(archive.open(member))
        if where.endswith(".gz"):
            stream = cast(IO[bytes], stack.enter_context(gzip.GzipFile(fileobj=stream)))
        yield stream, where


def read_labels(stream: IO[bytes], where: str) -> NDArray[np.uint8]:
    """Read all labels of an idx1 file."""
    (count,) = _read_header(stream, where, 1)
    labels = np.frombuffer(_read_exactly(stream, count, where, "labels"), np.uint8)
    _expect_end(stream, where, f"{count} labels")
    return labels


def read_images(stream: IO[bytes], where: str, keep: NDArray[np.bool_], out: NDArray[np.uint8]) -> None:
    """Read the images of an idx3 file that `keep` marks into `out`, turning columns into rows.

    Only a few thousand images are in memory beside `out` at any time.
    """
    count, height, width = _read_header(stream, where, 3)
    if (height, width) != (28, 28):
        raise DataError(f"{where}: images of {height}x{width} pixels; expected 28x28")
    if count != len(keep):
        raise DataError(f"{where}: {count} images for {len(keep)} labels; the two files do not belong together")
    filled = 0
    for start in range(0, count, _BLOCK):
        kept = keep[start : start + _BLOCK]
        raw = _read_exactly(stream, len(kept) * PIXELS, where, f"images of {count}", start)
        chosen = righted(np.frombuffer(raw, np.uint8).reshape(-1, PIXELS)[kept])
        out[filled : filled + len(chosen)] = chosen
        filled += len(chosen)
    _expect_end(stream, where, f"{count} images")


def righted(rows: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Swap rows and columns of 28x28 images: EMNIST's files hold them column by column."""
    return rows.reshape(-1, 28, 28).transpose(0, 2, 1).reshape(-1, PIXELS)


def _find_in_folder(folder: Path, name: str) -> Path:
    for place in (folder, folder / "gzip"):
        for file in (place / name, place / f"{name}.gz"):
            if file.is_file():
                return file
    raise DataError(f"{folder}: neither {name} nor {name}.gz in it, nor in a folder named gzip")


def _find_in_archive(path: Path, archive: zipfile.ZipFile, name: str) -> str:
    for member in archive.namelist():
        if member.rsplit("/", 1)[-1] in (name, f"{name}.gz"):
            return member
    raise DataError(f"{path}: neither {name} nor {name}.gz among its {len(archive.namelist())} members")


def _read_header(stream: IO[bytes], where: str, dimensions: int) -> tuple[int, ...]:
    magic = bytes((0, 0, _BYTES, dimensions))
    head = stream.read(4 + 4 * dimensions)
    if head[:4] != magic:
        raise DataError(
            f"{where}: begins with {head[:4].hex() or 'nothing'}; an idx file of bytes in {dimensions} "
            f"dimensions begins with {magic.hex()}"
        )
    if len(head) < 4 + 4 * dimensions:
        raise DataError(f"{where}: ends within its header; fetch it again")
    sizes = tuple(int(size) for size in np.frombuffer(head, ">u4", offset=4))
    if sizes[0] > _MOST:
        raise DataError(f"{where}: its header promises {sizes[0]} entries; at most {_MOST} are read")
    return sizes


def _read_exactly(stream: IO[bytes], size: int, where: str, what: str, seen: int = 0) -> bytes:
    raw = stream.read(size)
    if len(raw) < size:
        got = seen + len(raw) // (PIXELS if what.startswith("images") else 1)
        raise DataError(f"{where}: ends after {got} {what}, fewer than its header promises; fetch it again")
    return raw


def _expect_end(stream: IO[bytes], where: str, what: str) -> None:
    if stream.read(1):
        raise DataError(f"{where}: goes on after the {what} its header promises; it is not what it says it is")
