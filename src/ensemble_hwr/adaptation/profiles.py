"""Profiles of writers: labelled letters that are kept in the user's data folder.

A profile exists only where a name is given. It is one file with the letters as 28x28 pixels and their labels,
which is never sent anywhere.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr._typing import IntArray, PathLike, Rows
from ensemble_hwr._writing import whole_files
from ensemble_hwr.adaptation._adapt import adapt_rows, adapted_classifier
from ensemble_hwr.adaptation._gain import describe_gain, gain_for_json
from ensemble_hwr.exceptions import DataError

N_PIXELS = 28 * 28
MOST_LETTERS = 2000
"""Letters of a profile; older ones are removed."""

MOST_SAMPLES, MOST_OF_A_CLASS = 600, 20
"""Letters of a profile that a model is adapted by, the latest ones: this bounds the time."""

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

    def version(self) -> tuple[int, ...] | None:
        """Return numbers that change with the letters; None if there are no letters."""
        try:
            found = self.file.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

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

    def content(self) -> bytes:
        """Return the letters as an .npz file, which ``ensemble-hwr adapt`` takes.

        Raises
        ------
        DataError
            If the profile has no letters, or cannot be read.
        """
        try:
            return self.file.read_bytes()
        except FileNotFoundError:
            raise DataError(f"the profile {self.name!r} has no letters yet") from None
        except OSError as error:
            raise DataError(f"{self.file}: cannot be read: {error.strerror or error}") from None

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
        content, target = self.content(), Path(file)
        if target.suffix.lower() != _SUFFIX:
            raise DataError(f"{target}: give a file that ends with {_SUFFIX}")
        try:
            with whole_files(target) as (stream,):
                stream.write(content)
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


@dataclass(frozen=True)
class ProfileModel:
    """A model that is adapted by the letters of a profile.

    Attributes
    ----------
    model : estimator
        The model itself as long as the profile has fewer than two different letters.
    counts : dict of str to int
        Number of letters of the profile that the model can read, by label.
    gain : dict or None
        Estimated gain, as in :class:`~ensemble_hwr.AdaptedClassifier`; None if the model is not adapted.
    """

    model: Any = field(repr=False)
    counts: dict[str, int]
    gain: dict[str, Any] | None

    @property
    def n_letters(self) -> int:
        """Number of letters."""
        return sum(self.counts.values())

    @property
    def summary(self) -> str:
        """The estimated gain in one line."""
        if self.gain is None:
            return "the model is adapted from two different letters on"
        return describe_gain(self.gain)

    def export(self) -> dict[str, Any]:
        """Return the estimated gain and its description as plain values; unknown numbers are None."""
        return {"gain": None if self.gain is None else gain_for_json(self.gain), "summary": self.summary}


def adapt_to_profile(model: Any, profile: Profile | None) -> ProfileModel:
    """Adapt a model by the latest letters of a profile.

    Letters that the model cannot read are left out. The latest 20 of each letter, and 600 in total, are used.

    Parameters
    ----------
    model : estimator
        As for :func:`~ensemble_hwr.adaptation.adapt`; it stays as it is.
    profile : Profile or None
        None adapts nothing.

    Returns
    -------
    ProfileModel

    Raises
    ------
    DataError
        If the file of the profile cannot be read.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from ensemble_hwr import generate_letters, load_model
    >>> from ensemble_hwr.adaptation.profiles import Profile, adapt_to_profile
    >>> letters = generate_letters(52, writers=1, difficulty=2.0, random_state=10)
    >>> with TemporaryDirectory() as folder:
    ...     profile = Profile("Anna", folder)
    ...     profile.add(letters.to_rows(), letters.target)
    ...     mine = adapt_to_profile(load_model("az"), profile)
    >>> mine.n_letters, mine.gain["n_samples"]
    (52, 52)
    """
    if profile is None:
        return ProfileModel(model, {}, None)
    rows, labels = profile.letters()
    known = np.isin(labels, [str(label) for label in model.classes_])
    rows, labels = rows[known], labels[known]
    counts = dict(sorted(Counter(labels.tolist()).items()))
    if len(counts) < 2:
        return ProfileModel(model, counts, None)
    latest = _latest(labels)
    adapted = adapt_rows(model, rows[latest], labels[latest])
    classifier = adapted_classifier(adapted)
    return ProfileModel(adapted, counts, None if classifier is None else classifier.gain_)


def _latest(labels: NDArray[np.str_]) -> IntArray:
    """Return the positions of the latest letters of each label, in ascending order."""
    kept = [np.flatnonzero(labels == label)[-MOST_OF_A_CLASS:] for label in np.unique(labels)]
    return np.sort(np.concatenate(kept))[-MOST_SAMPLES:]
