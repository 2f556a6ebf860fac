"""Cache of fitted estimators in a folder, one model file each."""

from __future__ import annotations

import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

from ensemble_hwr._typing import PathLike
from ensemble_hwr.exceptions import ModelError
from ensemble_hwr.persistence.models import SUFFIX, load_model, read_manifest, save_model


class DiskFitCache:
    """Cache of finished fits in a folder, to resume a training run that was stopped.

    Use it with :func:`~ensemble_hwr.ensemble.fit_cache`. Every fit is one model file, written completely or not at all,
    which is loaded without running code from it. A file that is damaged, or does not match its name, is not used.

    Parameters
    ----------
    folder : path
        Created with the first fit; its parent folder must exist.
    reuse : bool, default=True
        Whether to return existing fits. If False, everything is fitted again and replaced.

    Attributes
    ----------
    n_reused : int
        Number of fits returned.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from ensemble_hwr.persistence import DiskFitCache
    >>> X, y = load_digits(return_X_y=True)
    >>> with TemporaryDirectory() as folder:
    ...     cache = DiskFitCache(Path(folder, "fits"))
    ...     cache.put("c0ffee", "router", GaussianNB().fit(X, y))
    ...     cache.get("c0ffee").score(X, y) > 0.8, cache.get("decade") is None, len(cache)
    (True, True, 1)
    """

    def __init__(self, folder: PathLike, *, reuse: bool = True) -> None:
        self.folder = Path(folder)
        self.reuse = reuse
        self.n_reused = 0
        self._own: set[str] = set()

    def __len__(self) -> int:
        return len(self._files())

    def get(self, key: str) -> Any | None:
        """Return the fit of a key, or None.

        Parameters
        ----------
        key : str
            Hash of everything that the fit depends on.

        Returns
        -------
        estimator or None
        """
        self._own.add(key)
        file = self._file(key)
        if not self.reuse or not file.exists():
            return None
        try:
            if read_manifest(file)["metadata"].get("key") != key:
                raise ModelError(f"{file}: does not match its name")
            kept = load_model(file)
        except ModelError as error:
            warnings.warn(f"a member is fitted again, since the cache cannot be used: {error}", stacklevel=2)
            return None
        self.n_reused += 1
        return kept

    def put(self, key: str, name: str, fitted: Any) -> None:
        """Store a fitted estimator.

        Parameters
        ----------
        key : str
            Hash of everything that the fit depends on.
        name : str
            Name of the member, for the metadata of the file.
        fitted : estimator

        Raises
        ------
        ModelError
            If it could not be loaded safely or cannot be written; existing fits are unchanged.
        """
        self._own.add(key)
        try:
            self.folder.mkdir(exist_ok=True)
        except OSError as error:
            raise ModelError(
                f"{self.folder}: the folder of finished members cannot be created: {error.strerror or error}"
            ) from None
        save_model(fitted, self._file(key), metadata={"key": key, "member": name})

    def clear(self) -> None:
        """Remove the fits that were wanted from this cache and incomplete files, and the folder if it is then empty.

        Fits of other settings are kept: they are those of another run, which may be resumed.
        """
        for file in [*map(self._file, self._own), *self.folder.glob(f".*{SUFFIX}.*.part")]:
            file.unlink(missing_ok=True)
        with suppress(OSError):  # it has fits of other runs, or none
            self.folder.rmdir()

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob(f"*{SUFFIX}"))

    def _file(self, key: str) -> Path:
        return self.folder / f"{key}{SUFFIX}"
