"""Profiles of writers: labelled letters that are kept in the user's data folder.

A profile exists only where a name is given. It is one file with the letters as 28x28 pixels and their labels,
which is never sent anywhere.
"""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr._typing import PathLike, Rows
from ensemble_hwr._writing import whole_files
from ensemble_hwr.exceptions import DataError

N_PIXELS = 28 * 28
MOST_LETTERS = 2000
"""Letters of a profile; older ones are removed."""

_SUFFIX = ".npz"
_NAME = re.compile(r"[\w][\w .-]{0,63}")


def profiles_folder() -> Path:
    """Return the folder of the profiles, which may not exist yet."""
    from platformdirs import user_data_path

    return Path(user_data_path("ensemble_hwr", appauthor=False)) / "profiles"


def available_profiles(folder: PathLike | None = None) -> list[str]:
    """Return the names of the profiles, sorted.

    Parameters
    ----------
    folder : path, default=None
        Folder of the profiles; None is that of the user.
    """
    place = profiles_folder() if folder is None else Path(folder)
    return sorted(file.stem for file in place.glob(f"*{_SUFFIX}"))


class Profile:
    """Labelled letters of one writer, kept in a file.

    Parameters
    ----------
    name : str
        Name of the writer: letters, digits, spaces, dots and hyphens.
    folder : path, default=None
        Folder of the profiles; None is that of the user.

    Attributes
    ----------
    file : Path
        Does not exist as long as the profile has no letters.

    Raises
    ------
    DataError
        If the name is not valid.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> import numpy as np
    >>> from ensemble_hwr.adaptation.profiles import Profile
    >>> with TemporaryDirectory() as folder:
    ...     profile = Profile("Anna", folder)
    ...     profile.add(np.zeros((1, 784)), ["A"])
    ...     rows, labels = profile.letters()
    ...     profile.delete()
    >>> rows.shape, labels.tolist(), profile.file.exists()
    ((1, 784), ['A'], False)
    """

    def __init__(self, name: str, folder: PathLike | None = None) -> None:
        if not _NAME.fullmatch(name):
            raise DataError(f"{name!r} is not a name of a profile; use letters, digits, spaces, dots and hyphens")
        self.name = name
        self.file = (profiles_folder() if folder is None else Path(folder)) / f"{name}{_SUFFIX}"

    def letters(self) -> tuple[Rows, NDArray[np.str_]]:
        """Return rows of ink and labels, in the order in which they were added.

        Returns
        -------
        rows : ndarray of float32, shape (n_letters, 784)
        labels : ndarray of str, shape (n_letters,)

        Raises
        ------
        DataError
            If the file cannot be read.
        """
        if not self.file.exists():
            return np.empty((0, N_PIXELS), np.float32), np.empty(0, "<U1")
        try:
            with np.load(self.file, allow_pickle=False) as content:
                pixels, labels = content["data"], content["target"]
        except (OSError, ValueError, KeyError, EOFError) as error:
            raise DataError(f"{self.file}: cannot be read: {error}; delete the profile or restore the file") from None
        if pixels.dtype != np.uint8 or pixels.shape != (len(labels), N_PIXELS) or labels.dtype.kind != "U":
            raise DataError(f"{self.file}: is not a profile; delete it or restore the file")
        return pixels.astype(np.float32) / np.float32(255), labels

    def add(self, rows: Any, labels: Any) -> None:
        """Add letters; a letter that is there already gets its new label.

        Parameters
        ----------
        rows : array-like of shape (n_letters, 784)
            Ink from 0 to 1, as a model's normalizer returns it.
        labels : sequence of str

        Raises
        ------
        DataError
            If the numbers of rows and labels differ, or the file cannot be read or written.
        """
        if len(rows) != len(labels):
            raise DataError(f"there are {len(rows)} letters, but {len(labels)} labels; give one label for each letter")
        before, known = self.letters()
        pixels = np.rint(255 * np.concatenate([before, np.asarray(rows, np.float32).reshape(-1, N_PIXELS)]))
        target = np.concatenate([known, np.asarray(labels, dtype=np.str_)])
        latest = {row.tobytes(): place for place, row in enumerate(pixels.astype(np.uint8))}
        kept = sorted(latest.values())[-MOST_LETTERS:]
        self._write(pixels[kept].astype(np.uint8), target[kept])

    def delete(self) -> None:
        """Delete the profile; nothing happens if it has no letters."""
        try:
            self.file.unlink(missing_ok=True)
        except OSError as error:
            raise DataError(f"{self.file}: cannot be deleted: {error.strerror or error}") from None

    def export(self, file: PathLike) -> Path:
        """Copy the letters to an .npz file, which ``ensemble-hwr adapt`` takes.

        Parameters
        ----------
        file : path

        Returns
        -------
        Path

        Raises
        ------
        DataError
            If the profile has no letters, or the file cannot be written.
        """
        if not self.file.exists():
            raise DataError(f"the profile {self.name!r} has no letters yet")
        target = Path(file)
        if target.suffix.lower() != _SUFFIX:
            raise DataError(f"{target}: give a file that ends with {_SUFFIX}")
        try:
            with whole_files(target) as (stream,):
                stream.write(self.file.read_bytes())
        except OSError as error:
            raise DataError(f"{target}: cannot be written: {error.strerror or error}") from None
        return target

    def _write(self, pixels: NDArray[np.uint8], labels: NDArray[np.str_]) -> None:
        content = io.BytesIO()
        np.savez_compressed(content, data=pixels, target=labels)
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with whole_files(self.file) as (stream,):
                stream.write(content.getvalue())
        except OSError as error:
            raise DataError(f"{self.file}: cannot be written: {error.strerror or error}") from None
