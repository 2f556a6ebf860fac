"""Big tables of text are parsed once: what was read is kept as arrays in the user's cache folder."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr._writing import whole_files

CACHE_VARIABLE = "ENSEMBLE_HWR_CACHE"
WORTH_IT = 20_000_000  # bytes of text; smaller files are parsed faster than anybody would notice
_FORM = 1  # raise it when a kept table would be read differently

Arrays = dict[str, NDArray[Any]]


def cache_folder() -> Path:
    """Return the folder of what may be thrown away: that of ``ENSEMBLE_HWR_CACHE``, or else the user's."""
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        return Path(named).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", "~")).expanduser() / "ensemble_hwr" / "Cache"
    if sys.platform == "darwin":
        return Path("~/Library/Caches/ensemble_hwr").expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "ensemble_hwr"


class Cached:
    """What was read of one file, valid while the file keeps its size and its time of change.

    Parameters
    ----------
    file : Path
        The file that takes long to read.
    asked : mapping
        With which options it is read; anything JSON can hold.
    folder : Path or None
        Where to keep arrays; None keeps and finds none.
    """

    def __init__(self, file: Path, asked: Mapping[str, Any], folder: Path | None) -> None:
        self._file, self._asked = file, dict(asked)
        self._stamp = self._stamped()
        whose = json.dumps([str(file.resolve()), self._asked])
        name = f"{file.stem}-{hashlib.sha256(whose.encode()).hexdigest()[:16]}.npz"
        self._kept = None if folder is None or self._stamp["size"] < WORTH_IT else folder / name

    def load(self) -> Arrays | None:
        """Return the arrays that are kept; None where there are none, or the file has changed since, or they have."""
        if self._kept is None:
            return None
        try:
            with open(self._kept, "rb") as stream, np.load(stream, allow_pickle=False) as archive:
                if json.loads(str(archive["stamp"])) != self._stamp:
                    return None
                return {name: archive[name] for name in archive.files if name != "stamp"}
        except Exception:  # whatever numpy and zip raise over a file that is missing, cut short or changed
            return None

    def save(self, **arrays: NDArray[Any]) -> None:
        """Keep arrays, whole or not at all; where there is no room for them, warn and go on."""
        if self._kept is None or self._stamped() != self._stamp:
            return
        try:
            self._kept.parent.mkdir(parents=True, exist_ok=True)
            with whole_files(self._kept) as (stream,):
                named: Any = {"stamp": np.array(json.dumps(self._stamp)), **arrays}
                np.savez(stream, **named)
        except OSError as error:
            reason = error.strerror or error
            warnings.warn(
                f"{self._file.name} cannot be kept for the next time in {self._kept.parent} ({reason}); "
                f"{CACHE_VARIABLE} names another folder, cache=False keeps nothing.",
                stacklevel=3,
            )

    def _stamped(self) -> dict[str, Any]:
        found = self._file.stat()
        return {"form": _FORM, "size": found.st_size, "changed": found.st_mtime_ns, **self._asked}
