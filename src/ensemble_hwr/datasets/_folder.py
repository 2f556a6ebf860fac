"""Letters kept as one folder a letter."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ensemble_hwr._typing import PathLike
from ensemble_hwr.datasets._files import reading, require_folder
from ensemble_hwr.datasets._letters import LetterSet, pictures_array
from ensemble_hwr.exceptions import DataError

SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
_LEFT_BY_SYSTEMS = ("thumbs.db", "desktop.ini")


def load_folder(root: PathLike, *, labels: Iterable[str] | None = None, name: str = "") -> LetterSet:
    """Load pictures sorted into one folder a letter: ``ROOT/A/1.png``, ``ROOT/B/anything.jpg``.

    The folder's name is the label. Hidden files and files beside the letter folders are left out. The pictures
    are not opened here.

    Parameters
    ----------
    root : path-like
        The folder that holds the letter folders.
    labels : iterable of str, optional
        Load these only; each must be there. By default every folder is a label.
    name : str, default=""
        Name of the set; by default that of the folder.

    Returns
    -------
    LetterSet
        Pictures as paths, in order of label and file name.

    Raises
    ------
    DataError
        When there is no such folder, no letter in it, or anything but pictures in a letter's folder.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import numpy as np
    >>> from PIL import Image
    >>> from ensemble_hwr.datasets import load_folder
    >>> with tempfile.TemporaryDirectory() as root:
    ...     for letter in "AB":
    ...         folder = pathlib.Path(root, letter)
    ...         folder.mkdir()
    ...         Image.fromarray(np.zeros((9, 9), np.uint8)).save(folder / "1.png")
    ...     load_folder(root, name="mine")
    LetterSet('mine': 2 letters of 2 classes, pictures)
    """
    folder = require_folder(root, "a folder with one folder of pictures for each letter")
    wanted = _label_folders(folder) if labels is None else sorted(set(labels))
    paths: list[str] = []
    target: list[str] = []
    for label in wanted:
        pictures = list_pictures(require_folder(folder / label, f"a folder of pictures of {label!r}"))
        if not pictures:
            raise DataError(f"{folder / label}: no pictures in it; add some ({', '.join(SUFFIXES)})")
        paths += pictures
        target += [label] * len(pictures)
    return LetterSet(pictures_array(paths), np.array(target), name=name or folder.resolve().name)


def list_pictures(folder: Path) -> list[str]:
    """Return the pictures of a folder by name; refuse anything else that is visible."""
    pictures = []
    with reading(folder, "a folder of pictures"), os.scandir(folder) as entries:
        for entry in entries:
            if _is_hidden(entry.name):
                continue
            if entry.is_dir() or not entry.name.lower().endswith(SUFFIXES):
                raise DataError(f"{entry.path}: not a picture (allowed: {', '.join(SUFFIXES)}); move it elsewhere")
            pictures.append(entry.path)
    return sorted(pictures)


def _label_folders(folder: Path) -> list[str]:
    with reading(folder, "a folder of letter folders"):
        names = [child.name for child in folder.iterdir() if child.is_dir() and not _is_hidden(child.name)]
    if not names:
        raise DataError(f"{folder}: no folder in it; expected one for each letter, such as {folder / 'A'}")
    return sorted(names)


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name.lower() in _LEFT_BY_SYSTEMS
