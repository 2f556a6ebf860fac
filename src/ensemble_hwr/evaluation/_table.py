"""A comparison as a table for the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ensemble_hwr.evaluation._format import ABSENT, p_number, percent, points, quantity, seconds, spread
from ensemble_hwr.evaluation._verdict import verdict_sentences


def comparison_table(summary: Mapping[str, Any]) -> RenderableType:
    """Return the contenders, their pairs and the verdict, for ``rich.print``.

    Parameters
    ----------
    summary : mapping
        What :func:`summarise` returned.

    Returns
    -------
    rich renderable
        Two tables and a text. The best accuracy is bold.

    Examples
    --------
    >>> import numpy as np
    >>> from rich.console import Console
    >>> from ensemble_hwr.evaluation import Comparison, Run, comparison_table, summarise
    >>> run = Run("flat", 0, np.arange(2), np.eye(2), fit_seconds=1.0, predict_seconds=0.1, size_bytes=100)
    >>> summary = summarise(Comparison((run,), np.array(["B", "P"]), np.zeros((2, 784), np.float32)))
    >>> console = Console(width=100)
    >>> with console.capture() as captured:
    ...     console.print(comparison_table(summary))
    >>> "100.00" in captured.get()
    True
    """
    parts: list[RenderableType] = [_contenders_table(summary)]
    if summary["pairs"]:
        parts += ["", _pairs_table(summary["pairs"])]
    return Group(*parts, "", *(Text(sentence) for sentence in verdict_sentences(summary)))


def _contenders_table(summary: Mapping[str, Any]) -> Table:
    contenders = summary["contenders"]
    table = _table("contender", padding=0)
    table.caption, table.caption_justify = _caption(summary), "left"
    with_flags = any(figures["not_suspect"] for figures in contenders.values())
    headings = ["accuracy %", *(["not\nsuspect"] if with_flags else []), "log-\nloss", "cal.\nerror"]
    headings += ["para-\nmeters", "mult-\nadds", "fit s", "letters\nper s"]
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    best = max(_accuracy(figures) for figures in contenders.values())
    for name, figures in contenders.items():
        cells = _cells(figures, with_flags)
        table.add_row(*map(Text, (name, *cells)), style="bold" if _accuracy(figures) == best else "")
    return table


def _cells(figures: Mapping[str, Any], with_flags: bool) -> list[str]:
    flagged = figures["not_suspect"]
    doubted = [_without_spread(flagged) if flagged else ABSENT] if with_flags else []
    return [
        spread(figures["accuracy"], 100),
        *doubted,
        f"{np.mean(figures['log_loss']):.3f}",
        f"{np.mean(figures['expected_calibration_error']):.3f}",
        quantity(figures["parameters"]),
        quantity(figures["macs"]),
        seconds(figures["fit_seconds"]),
        quantity(figures["letters_per_second"]),
    ]


def _pairs_table(pairs: list[Mapping[str, Any]]) -> Table:
    table = _table("pair", padding=1)
    for heading in ("points", "95 % interval", "p (Holm)"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("better", no_wrap=True)
    for pair in pairs:
        low, high = pair["interval"]
        cells = (
            f"{pair['a']} - {pair['b']}",
            points(pair["difference"]),
            f"{points(low)} to {points(high)}",
            p_number(pair["p_holm"]),
            pair["better"] or "none shown",
        )
        table.add_row(*map(Text, cells))
    return table


def _table(first: str, padding: int) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, padding), collapse_padding=True)
    table.add_column(first, overflow="fold")
    return table


def _caption(summary: Mapping[str, Any]) -> str:
    seeds = len(summary["seeds"])
    over = "1 seed" if seeds == 1 else f"mean ± standard deviation of {seeds} seeds"
    return f"{summary['letters']:,} letters tested, {over}"


def _without_spread(figures: Mapping[str, Any]) -> str:
    known = [accuracy for accuracy in figures["accuracy"] if accuracy is not None]
    return percent(float(np.mean(known))) if known else ABSENT


def _accuracy(figures: Mapping[str, Any]) -> float:
    return float(np.mean(figures["accuracy"]))
