"""A comparison on disk: report.json and report.html, whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ensemble_hwr._writing import whole_files
from ensemble_hwr.evaluation._report import render_report
from ensemble_hwr.evaluation._result import Comparison
from ensemble_hwr.evaluation._summary import summarise
from ensemble_hwr.exceptions import DataError


def write_report(
    comparison: Comparison, out_dir: str | os.PathLike[str], *, summary: Mapping[str, Any] | None = None
) -> tuple[Path, Path]:
    """Write report.json and the self-contained report.html.

    Both files are written beside their places and then moved there, so that nobody ever finds half of one.

    Parameters
    ----------
    comparison : Comparison
        What was measured. ``command`` and ``config`` in its ``data``, if there, are shown as the way to repeat it.
    out_dir : path
        Folder; made if missing.
    summary : mapping, default=None
        What ``summarise(comparison)`` returned, if it is at hand.

    Returns
    -------
    json_path, html_path : pathlib.Path
        The files.

    Raises
    ------
    DataError
        If they cannot be written; files that were there before are then left as they were.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from ensemble_hwr.evaluation import Comparison, Run, write_report
    >>> run = Run("flat", 0, np.arange(2), np.eye(2), fit_seconds=1.0, predict_seconds=0.1, size_bytes=100)
    >>> comparison = Comparison((run,), np.array(["B", "P"]), np.zeros((2, 784), np.float32))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [path.name for path in write_report(comparison, folder)]
    ['report.json', 'report.html']
    """
    summary = summarise(comparison) if summary is None else summary
    text = json.dumps(summary, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    page = render_report(summary, comparison)
    folder = Path(out_dir)
    json_path, html_path = folder / "report.json", folder / "report.html"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with whole_files(json_path, html_path) as streams:
            for stream, content in zip(streams, (text, page), strict=True):
                # a label taken from a folder's undecodable name is shown with its bytes escaped
                stream.write(content.encode("utf-8", errors="backslashreplace"))
    except OSError as error:
        reason = error.strerror or error
        raise DataError(f"{folder}: the report cannot be written there ({reason}); choose another folder.") from error
    return json_path, html_path
