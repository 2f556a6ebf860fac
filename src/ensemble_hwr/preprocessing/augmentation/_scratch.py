"""Arrays that are used again and again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


class Scratch:
    """Lend arrays by name, so that a loop over blocks does not ask the system for memory each time.

    Fresh pages cost more than all the arithmetic on them. One Scratch serves one call: threads do not share it.

    Examples
    --------
    >>> from ensemble_hwr.preprocessing.augmentation._scratch import Scratch
    >>> scratch = Scratch()
    >>> scratch.array("sum", (2, 3)).shape
    (2, 3)
    """

    def __init__(self) -> None:
        self._buffers: dict[str, NDArray[Any]] = {}

    def array(self, name: str, shape: Sequence[int], dtype: DTypeLike = np.float32) -> NDArray[Any]:
        """Return an array with any content; whatever was lent under this name before is overwritten.

        Parameters
        ----------
        name : str
        shape : sequence of int
        dtype : dtype, default=float32
            The same at each call under a name.

        Returns
        -------
        ndarray
        """
        size = int(np.prod(shape))
        buffer = self._buffers.get(name)
        if buffer is None or len(buffer) < size:
            buffer = self._buffers[name] = np.empty(size, dtype=dtype)
        return buffer[:size].reshape(shape)
