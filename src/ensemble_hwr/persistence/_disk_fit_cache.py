"""Finished members in a folder, one model file each."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from ensemble_hwr._typing import PathLike
from ensemble_hwr.exceptions import ModelError
from ensemble_hwr.persistence._files import load_model, read_manifest, save_model
from ensemble_hwr.persistence._shipped import SUFFIX


class DiskFitCache:
    """Keep finished fits in a folder, for a run that is stopped to be gone on with.

    Give it to :func:`~ensemble_hwr.ensemble.fit_cache`. Every fit is one model file, written whole or not at all, which
    runs nothing when it is read. A file that is damaged, or not what its name says, is not used.

    Parameters
    ----------
    folder : path
        Made when there is something to keep; the folder around it must exist.
    reuse : bool, default=True
        Whether to give back what is there. False fits everything anew and replaces it.

    Attributes
    ----------
    n_reused : int
        How many fits were given back.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from ensemble_hwr.persistence import DiskFitCache
    >>> X, y = load_digits(return_X_y=True)
    >>> with TemporaryDirectory() as folder:
    ...     kept = DiskFitCache(Path(folder, "kept"))
    ...     kept.put("c0ffee", "router", GaussianNB().fit(X, y))
    ...     kept.get("c0ffee").score(X, y) > 0.8, kept.get("decade") is None, len(kept)
    (True, True, 1)
    """

    def __init__(self, folder: PathLike, *, reuse: bool = True) -> None:
        self.folder = Path(folder)
        self.reuse = reuse
        self.n_reused = 0

    def __len__(self) -> int:
        return len(self._files())

    def get(self, key: str) -> Any | None:
        """Return what was kept under a key, or None.

        Parameters
        ----------
        key : str
            A hash of everything that the fit depends on.

        Returns
        -------
        estimator or None
        """
        file = self._file(key)
        if not self.reuse or not file.exists():
            return None
        try:
            if read_manifest(file)["metadata"].get("key") != key:
                raise ModelError(f"{file}: holds another member than its name says.")
            kept = load_model(file)
        except ModelError as error:
            warnings.warn(f"a kept member is fitted again: {error}", stacklevel=2)
            return None
        self.n_reused += 1
        return kept

    def put(self, key: str, name: str, fitted: Any) -> None:
        """Keep a fitted estimator.

        Parameters
        ----------
        key : str
            A hash of everything that the fit depends on.
        name : str
            Whose it is, for people; it goes into the file's metadata.
        fitted : estimator

        Raises
        ------
        ModelError
            When it could not be read back safely, or there is no room for it; what was kept before stays whole.
        """
        try:
            self.folder.mkdir(exist_ok=True)
        except OSError as error:
            raise ModelError(
                f"{self.folder}: finished members cannot be kept there: {error.strerror or error}."
            ) from None
        save_model(fitted, self._file(key), metadata={"key": key, "member": name})

    def clear(self) -> None:
        """Remove what is kept, half-written files of killed runs too, and the folder if nothing else is in it."""
        for file in [*self._files(), *self.folder.glob(f".*{SUFFIX}.*.part")]:
            file.unlink(missing_ok=True)
        if self.folder.is_dir() and not any(self.folder.iterdir()):
            self.folder.rmdir()

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob(f"*{SUFFIX}"))

    def _file(self, key: str) -> Path:
        return self.folder / f"{key}{SUFFIX}"
