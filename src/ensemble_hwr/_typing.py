"""Types that several packages share."""

from __future__ import annotations

import os
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.intp]
Ink: TypeAlias = NDArray[np.float32]  # (height, width), 0 = paper, 1 = ink
Pictures: TypeAlias = NDArray[np.float32]  # (n, height, width), 0 = paper, 1 = ink
Rows: TypeAlias = NDArray[np.float32]  # (n_samples, n_features)
Fold: TypeAlias = tuple[IntArray, IntArray]  # positions of the rows to train on, and of the rows to evaluate on
PathLike: TypeAlias = str | os.PathLike[str]
