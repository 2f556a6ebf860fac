"""Load EMNIST, letters and digits of NIST Special Database 19 as 28x28 images (Cohen et al., 2017)."""

from __future__ import annotations

import gzip
import string
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr._typing import PathLike
from ensemble_hwr._writing import expanded
from ensemble_hwr.datasets._files import reading, require_choice
from ensemble_hwr.datasets._letters import PIXELS, LetterSet, concatenate
from ensemble_hwr.datasets._matlab import MatlabError, Value, read_matlab
from ensemble_hwr.exceptions import DataError

_UNMERGED = "abdefghnqrt"
CHARACTERS = {  # character of each label per split, from label 0; "" is not a label
    "letters": ("", *string.ascii_uppercase),
    "byclass": tuple(string.digits + string.ascii_uppercase + string.ascii_lowercase),
    "bymerge": tuple(string.digits + string.ascii_uppercase + _UNMERGED),
    "balanced": tuple(string.digits + string.ascii_uppercase + _UNMERGED),
}
SUBSETS = ("all", "train", "test")
_BYTES = 0x08
_MOST = 1_000_000  # EMNIST has 814,255 images; a larger number in a header is an error
_SMALL, _MAX_EXPANSION = 64 << 20, 50  # bytes, and bytes of images per byte of a compressed file
_BLOCK = 4096


@contextmanager
def open_idx(path: Path, name: str, *, expected: int = 0) -> Iterator[tuple[IO[bytes], str]]:
    """Open an idx file, plain or gzipped, in a folder or zip archive; yield stream and location.

    A file that is far too short for the expected number of bytes, even if it is compressed, is an error.
    """
    with ExitStack() as stack:
        if path.is_dir():
            file = _find_in_folder(path, name)
            where = str(file)
            stack.enter_context(reading(where, "an idx file"))
            size = file.stat().st_size
            stream: IO[bytes] = stack.enter_context(open(file, "rb"))
        else:
            stack.enter_context(reading(path, "a zip archive of idx files"))
            archive = stack.enter_context(zipfile.ZipFile(path))
            member = _find_in_archive(path, archive, name)
            where = f"{path}: {member}"
            stack.enter_context(reading(where, "an idx file"))
            size = archive.getinfo(member).compress_size
            stream = stack.enter_context(archive.open(member))
        if expected > max(_SMALL, _MAX_EXPANSION * size):
            raise DataError(
                f"{where}: has {size:,} bytes and would take {expected:,} in memory; images are compressed to about a "
                "fifth"
            )
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
    """Read the images of an idx3 file selected by `keep` into `out`, and transpose them.

    The file is read in blocks of a few thousand images.
    """
    count, height, width = _read_header(stream, where, 3)
    if (height, width) != (28, 28):
        raise DataError(f"{where}: images of {height}x{width} pixels; expected 28x28")
    if count != len(keep):
        raise DataError(f"{where}: {count} images for {len(keep)} labels; the two files do not match")
    filled = 0
    for start in range(0, count, _BLOCK):
        kept = keep[start : start + _BLOCK]
        raw = _read_exactly(stream, len(kept) * PIXELS, where, f"images of {count}", start)
        chosen = transposed(np.frombuffer(raw, np.uint8).reshape(-1, PIXELS)[kept])
        out[filled : filled + len(chosen)] = chosen
        filled += len(chosen)
    _expect_end(stream, where, f"{count} images")


def transposed(rows: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Transpose 28x28 images, which EMNIST stores column by column."""
    return rows.reshape(-1, 28, 28).transpose(0, 2, 1).reshape(-1, PIXELS)


def _find_in_folder(folder: Path, name: str) -> Path:
    for place in (folder, folder / "gzip"):
        for file in (place / name, place / f"{name}.gz"):
            if file.is_file():
                return file
    raise DataError(f"{folder}: contains neither {name} nor {name}.gz, nor a folder gzip with one of them")


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
        raise DataError(f"{where}: ends within its header; download it again")
    sizes = tuple(int(size) for size in np.frombuffer(head, ">u4", offset=4))
    if sizes[0] > _MOST:
        raise DataError(f"{where}: its header declares {sizes[0]} entries; at most {_MOST} are allowed")
    return sizes


def _read_exactly(stream: IO[bytes], size: int, where: str, what: str, seen: int = 0) -> bytes:
    raw = stream.read(size)
    if len(raw) < size:
        got = seen + len(raw) // (PIXELS if what.startswith("images") else 1)
        raise DataError(f"{where}: ends after {got} {what}, fewer than its header declares; download it again")
    return raw


def _expect_end(stream: IO[bytes], where: str, what: str) -> None:
    if stream.read(1):
        raise DataError(f"{where}: continues after the {what} that its header declares; it is not a valid idx file")


def load_emnist(
    path: PathLike, split: str = "letters", *, subset: str = "all", uppercase_only: bool = False
) -> LetterSet:
    """Load one split of EMNIST from idx files (plain, gzipped or in ``gzip.zip``) or from its .mat file.

    EMNIST stores each image column by column; the images are transposed here.

    Parameters
    ----------
    path : path-like
        The folder that contains ``emnist-letters-train-images-idx3-ubyte`` (or the same with ``.gz``, also in a
        subfolder ``gzip``) or ``emnist-letters.mat``; the published archive ``gzip.zip``; or a .mat file.
    split : {"letters", "byclass", "bymerge", "balanced"}, default="letters"
        - "letters": A-Z, upper and lower case under one label, which is uppercase here;
        - "byclass": digits, uppercase and lowercase, 62 labels with natural frequencies;
        - "bymerge": the same images, but the lowercase of C I J K L M O P S U V W X Y Z, which looks like the
          uppercase, is merged with it, 47 labels;
        - "balanced": as "bymerge", with the same number of images per label.
    subset : {"all", "train", "test"}, default="all"
        Part of the train/test split that EMNIST defines.
    uppercase_only : bool, default=False
        Whether to ignore digits and lowercase. Exact for "byclass". For "bymerge" and "balanced" the fifteen merged
        letters still contain lowercase ones. Not available for "letters".

    Returns
    -------
    LetterSet
        Rows of uint8, with ``split``, and with ``writer`` if the file contains it (.mat only).

    Raises
    ------
    DataError
        If a file is missing, truncated or inconsistent.

    References
    ----------
    G. Cohen, S. Afshar, J. Tapson, A. van Schaik, "EMNIST: extending MNIST to handwritten letters", IJCNN 2017.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from ensemble_hwr.datasets import load_emnist
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     labels = pathlib.Path(folder, "emnist-letters-test-labels-idx1-ubyte")
    ...     _ = labels.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 2, 1, 26]))
    ...     images = pathlib.Path(folder, "emnist-letters-test-images-idx3-ubyte")
    ...     _ = images.write_bytes(bytes([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 28, 0, 0, 0, 28]) + bytes(2 * 784))
    ...     load_emnist(folder, "letters", subset="test").target.tolist()
    ['A', 'Z']
    """
    require_choice(split, tuple(CHARACTERS), "split")
    require_choice(subset, SUBSETS, "subset")
    if uppercase_only and split == "letters":
        raise DataError(
            "split 'letters' has both cases under one label, so uppercase_only is not available; use split='byclass'"
        )
    folder = expanded(path)
    if not folder.exists():
        raise DataError(f"{folder}: no such file or folder; expected the folder of EMNIST, gzip.zip or a .mat file")
    wanted = ("train", "test") if subset == "all" else (subset,)
    mat = _find_mat(folder, split)
    if mat is not None:
        return _load_mat(mat, split, wanted, uppercase_only)
    return _load_idx(folder, split, wanted, uppercase_only)


def _find_mat(path: Path, split: str) -> Path | None:
    if path.is_file():
        return path if path.suffix.lower() == ".mat" else None
    places = (path / f"emnist-{split}.mat", path / "matlab" / f"emnist-{split}.mat")
    return next((file for file in places if file.is_file()), None)


def _load_idx(path: Path, split: str, wanted: tuple[str, ...], uppercase_only: bool) -> LetterSet:
    targets, keeps = [], []
    for part in wanted:
        with open_idx(path, f"emnist-{split}-{part}-labels-idx1-ubyte") as (stream, where):
            labels = read_labels(stream, where)
        keep, target = _characters(labels, split, uppercase_only, where)
        keeps.append(keep)
        targets.append(target)
    names = [f"emnist-{split}-{part}-images-idx3-ubyte" for part in wanted]
    for name, keep in zip(names, keeps, strict=True):
        with open_idx(path, name, expected=len(keep) * PIXELS):
            pass
    data = np.empty((sum(map(len, targets)), PIXELS), np.uint8)
    start = 0
    for name, keep, target in zip(names, keeps, targets, strict=True):
        with open_idx(path, name) as (stream, where):
            read_images(stream, where, keep, data[start : start + len(target)])
        start += len(target)
    part_of = np.repeat(wanted, [len(target) for target in targets])
    return LetterSet(data, np.concatenate(targets), split=part_of, name=f"emnist-{split}")


def _load_mat(file: Path, split: str, wanted: tuple[str, ...], uppercase_only: bool) -> LetterSet:
    try:
        dataset = read_matlab(file, "dataset")
        fields = {part: _fields(dataset, part) for part in wanted}
    except (OSError, MatlabError) as error:
        raise DataError(f"{file}: cannot be read as a .mat file of EMNIST ({error}); download it again") from error
    loaded = [_mat_part(f"{file}: dataset.{part}", part, split, uppercase_only, fields[part]) for part in wanted]
    return concatenate(loaded, name=f"emnist-{split}")


def _fields(dataset: Value, part: str) -> dict[str, NDArray[Any]]:
    """Return the arrays of one part of the dataset."""
    found = dataset.get(part) if isinstance(dataset, Mapping) else None
    if not isinstance(found, Mapping):
        raise MatlabError(f"dataset has no struct {part!r}")
    return {key: value for key, value in found.items() if isinstance(value, np.ndarray)}


def _mat_part(where: str, part: str, split: str, uppercase_only: bool, fields: dict[str, NDArray[Any]]) -> LetterSet:
    missing = {"images", "labels"} - set(fields)
    if missing:
        raise DataError(f"{where}: no field {missing.pop()!r}; expected images and labels")
    images, labels = fields["images"], fields["labels"].reshape(-1)
    if images.dtype != np.uint8 or images.size != len(labels) * PIXELS:
        raise DataError(
            f"{where}: images of shape {images.shape} and dtype {images.dtype} for {len(labels)} labels; "
            f"expected ({len(labels)}, {PIXELS}) uint8"
        )
    keep, target = _characters(labels, split, uppercase_only, where)
    writers = fields["writers"].reshape(-1) if "writers" in fields else None
    if writers is not None and len(writers) != len(labels):
        raise DataError(f"{where}: {len(writers)} writers for {len(labels)} labels")
    return LetterSet(
        transposed(images.reshape(-1, PIXELS)[keep]),
        target,
        writer=None if writers is None else writers[keep].astype(np.str_),
        split=np.full(len(target), part),
    )


def _characters(
    labels: NDArray[Any], split: str, uppercase_only: bool, where: str
) -> tuple[NDArray[np.bool_], NDArray[np.str_]]:
    """Return a mask of the images to keep, and their characters."""
    characters = np.array(CHARACTERS[split])
    lowest = int(characters[0] == "")
    wrong = np.flatnonzero((labels < lowest) | (labels >= len(characters)))
    if labels.dtype.kind not in "ui" or len(wrong):
        got = f"label {labels[wrong[0]]} at {wrong[0]}" if len(wrong) else f"labels of dtype {labels.dtype}"
        raise DataError(f"{where}: {got}; split {split!r} has labels {lowest} to {len(characters) - 1}")
    target = characters[labels]
    keep = np.isin(target, list(string.ascii_uppercase)) if uppercase_only else np.ones(len(target), np.bool_)
    return keep, target[keep]
