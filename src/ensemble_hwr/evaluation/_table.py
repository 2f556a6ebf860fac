"""Tables of a comparison for the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ensemble_hwr.evaluation._verdict import verdict_sentences
from ensemble_hwr.report.formats import ABSENT, p_number, percent, points, quantity, seconds, spread

WITHOUT_ERRORS = "without_suspected_errors"


def comparison_table(summary: Mapping[str, Any]) -> RenderableType:
    """Return contenders, pairs and conclusions for ``rich.print``.

    Parameters
    ----------
    summary : mapping
        Return value of :func:`summarise`.

    Returns
    -------
    rich renderable
        Two tables and a text. The best accuracy is bold.

    Examples
    --------
    >>> from rich.console import Console
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from ensemble_hwr.evaluation import compare, comparison_table, summarise
    >>> split = (range(0, 150, 2), range(1, 150, 2))
    >>> comparison = compare({"bayes": GaussianNB()}, *load_iris(return_X_y=True), split=split, seeds=[0])
    >>> console = Console(width=100)
    >>> with console.capture() as captured:
    ...     console.print(comparison_table(summarise(comparison)))
    >>> "96.00" in captured.get()
    True
    """
    parts: list[RenderableType] = [_contenders_table(summary)]
    if summary["pairs"]:
        parts += ["", _pairs_table(summary["pairs"])]
    return Group(*parts, "", *(Text(sentence) for sentence in verdict_sentences(summary)))


def _contenders_table(summary: Mapping[str, Any]) -> Table:
    contenders = summary["contenders"]
    table = _table("contender", padding=0)
    with_flags = any(figures[WITHOUT_ERRORS] for figures in contenders.values())
    table.caption, table.caption_justify = _caption(summary, with_flags), "left"
    headings = ["accuracy %", *(["clean\nlabels %"] if with_flags else []), "log-\nloss", "ECE"]
    headings += ["para-\nmeters", "MACs", "fit s", "samples\nper s"]
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    best = max(_accuracy(figures) for figures in contenders.values())
    for name, figures in contenders.items():
        cells = _cells(figures, with_flags)
        table.add_row(*map(Text, (name, *cells)), style="bold" if _accuracy(figures) == best else "")
    return table


def _cells(figures: Mapping[str, Any], with_flags: bool) -> list[str]:
    clean = figures[WITHOUT_ERRORS]
    accuracy_of_clean = [_without_spread(clean) if clean else ABSENT] if with_flags else []
    return [
        spread(figures["accuracy"], 100),
        *accuracy_of_clean,
        f"{np.mean(figures['log_loss']):.3f}",
        f"{np.mean(figures['expected_calibration_error']):.3f}",
        quantity(figures["parameters"]),
        quantity(figures["macs"]),
        seconds(figures["fit_seconds"]),
        quantity(figures["samples_per_second"]),
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
            pair["better"] or "n. s.",
        )
        table.add_row(*map(Text, cells))
    table.caption, table.caption_justify = "n. s.: no significant difference", "left"
    return table


def _table(first: str, padding: int) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, padding), collapse_padding=True)
    table.add_column(first, overflow="fold")
    return table


def _caption(summary: Mapping[str, Any], with_flags: bool) -> str:
    seeds = len(summary["seeds"])
    over = "1 seed" if seeds == 1 else f"mean ± standard deviation of {seeds} seeds"
    clean = "\nclean labels: accuracy without suspected label errors" if with_flags else ""
    return (
        f"{summary['n_samples']:,} test samples, {over}\n"
        f"ECE: expected calibration error; MACs: multiply-accumulates per sample{clean}"
    )


def _without_spread(figures: Mapping[str, Any]) -> str:
    known = [accuracy for accuracy in figures["accuracy"] if accuracy is not None]
    return percent(float(np.mean(known))) if known else ABSENT


def _accuracy(figures: Mapping[str, Any]) -> float:
    return float(np.mean(figures["accuracy"]))
