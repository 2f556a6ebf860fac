"""HTML pages from templates: one Jinja environment with shared styles, and pictures as data URIs."""

from __future__ import annotations

import math
from base64 import b64encode
from io import BytesIO
from typing import Any

import jinja2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ensemble_hwr.report import formats

FILTERS = ("percent", "points", "spread", "mean", "quantity", "size", "seconds", "duration", "p_number")


def environment(package: str | None = None) -> jinja2.Environment:
    """Return a Jinja environment with the shared templates and the number formats as filters.

    The templates ``page.html`` (the skeleton to extend), ``report.css`` and ``macros.html`` are shared by all reports.

    Parameters
    ----------
    package : str, default=None
        Name of a package whose ``templates`` folder is searched first.

    Returns
    -------
    jinja2.Environment
        Text is escaped, and an undefined variable is an error.
    """
    packages = [__package__] if package is None else [package, __package__]
    made = jinja2.Environment(
        loader=jinja2.ChoiceLoader([jinja2.PackageLoader(name, "templates") for name in packages]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update({name: getattr(formats, name) for name in FILTERS})
    return made


def are_pictures(rows: NDArray[Any]) -> bool:
    """Return whether rows are numbers and have the length of a square picture of at least 4 x 4 pixels."""
    if rows.ndim != 2 or rows.dtype.kind not in "fiub":
        return False
    return bool(rows.shape[1] >= 16 and math.isqrt(rows.shape[1]) ** 2 == rows.shape[1])


def png_uri(row: NDArray[np.floating]) -> str:
    """Return a square picture as a data URI of a PNG, dark ink on light paper.

    Parameters
    ----------
    row : ndarray of shape (side ** 2,)
        Ink between 0 (paper) and 1 (ink). Other values are clipped; NaN is paper.

    Returns
    -------
    str
    """
    side = math.isqrt(len(row))
    ink = np.clip(np.nan_to_num(np.asarray(row, dtype=np.float64)), 0.0, 1.0).reshape(side, side)
    buffer = BytesIO()
    Image.fromarray(np.round(255 * (1 - ink)).astype(np.uint8)).save(buffer, "PNG", optimize=True)
    return "data:image/png;base64," + b64encode(buffer.getvalue()).decode("ascii")
