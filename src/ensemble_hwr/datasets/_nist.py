"""Load NIST Special Database 19, ``by_class``: 814,255 characters as 128x128 PNG, one folder per class."""

from __future__ import annotations

import re
import string
import zipfile
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from ensemble_hwr._typing import PathLike
from ensemble_hwr._writing import expanded
from ensemble_hwr.datasets._files import reading
from ensemble_hwr.datasets._letters import LetterSet, pictures_array
from ensemble_hwr.exceptions import DataError

PARTS = ("train", *(f"hsf_{i}" for i in range(8)))
STANDARD_PARTS = ("train", "hsf_4")
_MEMBER = re.compile(r"(?:.*/)?(?P<code>[0-9a-f]{2})/(?P<part>hsf_[0-7]|train)(?:_(?P=code))?/[^/]+\.png")
_LARGEST = 1 << 20  # bytes; a picture has about one kilobyte
_SMALL = 64 << 20
_MAX_EXPANSION = 4

# paths or PNG bytes by letter and part
Found = dict[tuple[str, str], list[Any]]


def load_nist(
    path: PathLike,
    *,
    letters: Iterable[str] = string.ascii_uppercase,
    parts: Iterable[str] = STANDARD_PARTS,
    name: str = "nist-sd19",
) -> LetterSet:
    """Load characters of NIST Special Database 19 (second edition) from its ``by_class`` folders or archive.

    Each character has a folder named by its hexadecimal code (41 for A). It contains folders ``hsf_0`` to ``hsf_7``,
    one per group of writers, and ``train_41``, which repeats all of them but ``hsf_4``. The split that NIST defines,
    and the default here, is training on ``train_XX`` and testing on ``hsf_4``.

    Parameters
    ----------
    path : path-like
        The folder ``by_class``, its parent folder, or the published archive ``by_class.zip``. Pictures of an archive
        are read into memory; nothing is unpacked.
    letters : iterable of str, default="ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        Characters to load: digits, uppercase or lowercase.
    parts : iterable of str, default=("train", "hsf_4")
        ``"train"``, or any of ``"hsf_0"`` to ``"hsf_7"``. The part is the ``source`` of its letters, so a split by
        source is a split by writers. ``"train"`` can be combined with ``"hsf_4"`` only, since it repeats the others.
    name : str, default="nist-sd19"
        Name of the set.

    Returns
    -------
    LetterSet
        Pictures, as paths from a folder or as PNG bytes from an archive; ``split`` is "test" for ``hsf_4``.

    Raises
    ------
    DataError
        If the folder or archive is missing, or does not contain a requested letter or part.

    References
    ----------
    P. Grother, K. Hanaoka, "NIST Special Database 19: handprinted forms and characters", 2nd edition, 2016.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from ensemble_hwr.datasets import load_nist
    >>> with tempfile.TemporaryDirectory() as root:
    ...     for part in ("train_41", "hsf_4"):
    ...         folder = pathlib.Path(root, "by_class", "41", part)
    ...         folder.mkdir(parents=True)
    ...         _ = (folder / f"{part}_00000.png").write_bytes(b"...")
    ...     letters = load_nist(root, letters="A")
    >>> letters.source.tolist(), letters.split.tolist()
    (['hsf_4', 'train'], ['test', 'train'])
    """
    wanted = _check_letters(letters)
    chosen = _check_parts(parts)
    root = expanded(path)
    if root.is_dir():
        found = _find_in_folder(root, wanted, chosen)
    elif root.is_file():
        found = _find_in_archive(root, wanted, chosen)
    else:
        raise DataError(f"{root}: no such file or folder; expected by_class or by_class.zip")
    _check_found(root, found, wanted, chosen)
    keys = [key for key in sorted(found) for _ in found[key]]
    source = np.array([part for _, part in keys])
    return LetterSet(
        pictures_array([picture for key in sorted(found) for picture in found[key]]),
        np.array([letter for letter, _ in keys]),
        source=source,
        split=np.where(source == "hsf_4", "test", "train"),
        name=name,
    )


def _check_letters(letters: Iterable[str]) -> list[str]:
    wanted = sorted(set(letters))
    odd = [letter for letter in wanted if len(letter) != 1 or letter not in string.ascii_letters + string.digits]
    if odd or not wanted:
        raise DataError(f"letters must be digits or letters of the Latin alphabet, got {odd or wanted}")
    return wanted


def _check_parts(parts: Iterable[str]) -> list[str]:
    chosen = [parts] if isinstance(parts, str) else list(dict.fromkeys(parts))
    odd = sorted(set(chosen) - set(PARTS))
    if odd or not chosen:
        raise DataError(f"parts must be among {', '.join(PARTS)}, got {odd or chosen}")
    if "train" in chosen and set(chosen) - set(STANDARD_PARTS):
        raise DataError(
            f"parts {chosen}: 'train' repeats every hsf part but hsf_4; combine train with hsf_4, or use hsf parts only"
        )
    return chosen


def _find_in_folder(root: Path, letters: list[str], parts: list[str]) -> Found:
    base = root / "by_class" if (root / "by_class").is_dir() else root
    found: Found = {}
    for letter in letters:
        code = f"{ord(letter):02x}"
        folder = base / code
        if not folder.is_dir():
            raise DataError(f"{folder}: no such folder; expected the pictures of {letter!r}")
        for part in parts:
            place = folder / (f"train_{code}" if part == "train" else part)
            with reading(place, "a folder of pictures"):
                pictures = [str(file) for file in place.iterdir() if file.suffix == ".png"] if place.is_dir() else []
            if pictures:
                found[letter, part] = sorted(pictures)
    return found


def _find_in_archive(path: Path, letters: list[str], parts: list[str]) -> Found:
    members: dict[tuple[str, str], list[zipfile.ZipInfo]] = defaultdict(list)
    with reading(path, "the archive by_class.zip"), zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            _check_member(path, info)
            match = _MEMBER.fullmatch(info.filename)
            if match is None:
                continue
            letter, part = chr(int(match["code"], 16)), match["part"]
            if letter in letters and part in parts:
                members[letter, part].append(info)
        _check_total(path, [info for infos in members.values() for info in infos])
        return {
            key: [archive.read(info) for info in sorted(infos, key=lambda info: info.filename)]
            for key, infos in members.items()
        }


def _check_member(path: Path, info: zipfile.ZipInfo) -> None:
    name = info.filename
    if name.startswith("/") or ":" in name or ".." in name.split("/"):
        raise DataError(f"{path}: member {name!r} leads out of the archive; the file is not safe")
    if name.endswith(".png") and info.file_size > _LARGEST:
        raise DataError(f"{path}: member {name!r} unpacks to {info.file_size} bytes; at most {_LARGEST} are read")


def _check_total(path: Path, members: list[zipfile.ZipInfo]) -> None:
    """Raise an error if pictures would take far more memory than the archive has bytes; PNG files hardly compress."""
    total, stored = sum(info.file_size for info in members), sum(info.compress_size for info in members)
    if total > max(_SMALL, _MAX_EXPANSION * min(stored, path.stat().st_size)):
        raise DataError(
            f"{path}: its pictures have {stored:,} bytes and would take {total:,} in memory; it is not safe"
        )


def _check_found(root: Path, found: Found, letters: list[str], parts: list[str]) -> None:
    for letter in letters:
        if not any(key[0] == letter for key in found):
            raise DataError(f"{root}: no picture of {letter!r} (folder {ord(letter):02x}) in {', '.join(parts)}")
    for part in parts:
        if not any(key[1] == part for key in found):
            raise DataError(f"{root}: no picture in any folder of part {part!r}; check that it is completely unpacked")
