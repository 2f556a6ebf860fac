"""Pictures in a folder and in the folders below it."""

from __future__ import annotations

import os

from ensemble_hwr._typing import PathLike
from ensemble_hwr.datasets._files import reading, require_folder
from ensemble_hwr.datasets._folder import SUFFIXES


def find_pictures(folder: PathLike) -> list[str]:
    """List the pictures in a folder and below, by their endings; hidden files and folders are left out.

    Parameters
    ----------
    folder : path-like
        Links to other folders are not followed.

    Returns
    -------
    list of str
        Paths that begin with `folder`: of each folder first its own pictures by name, then those of its folders.
        They are not opened.

    Raises
    ------
    DataError
        When there is no such folder, or a folder cannot be looked into.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from ensemble_hwr.datasets import find_pictures
    >>> with tempfile.TemporaryDirectory() as root:
    ...     pathlib.Path(root, "page").mkdir()
    ...     for name in ("page/2.PNG", "page/1.png", "notes.txt", ".hidden.png"):
    ...         _ = pathlib.Path(root, name).write_bytes(b"...")
    ...     [pathlib.Path(path).name for path in find_pictures(root)]
    ['1.png', '2.PNG']
    """
    top = require_folder(folder, "a folder of pictures")
    found = []
    with reading(top, "a folder of pictures"):
        for root, folders, names in os.walk(top, onerror=_raise):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            pictures = (name for name in names if name.lower().endswith(SUFFIXES) and not name.startswith("."))
            found += [os.path.join(root, name) for name in sorted(pictures)]
    return found


def _raise(error: OSError) -> None:
    raise error
