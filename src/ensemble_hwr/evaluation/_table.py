"""Tables of a comparison for the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ensemble_hwr._writing import printable
from ensemble_hwr.evaluation._verdict import cautions, duels, headline, recommendation, samples_tested
from ensemble_hwr.report.formats import ABSENT, p_number, percent, points, quantity, seconds, spread

WITHOUT_ERRORS = "without_suspected_errors"
TIMES = "×"  # noqa: RUF001
RATIOS = {"parameters": "para-\nmeters", "macs": "MACs", "fit_seconds": "fit\ntime"}


def comparison_table(summary: Mapping[str, Any]) -> RenderableType:
    """Return the contenders, their comparison with the reference, and the conclusion for ``rich.print``.

    Parameters
    ----------
    summary : mapping
        Return value of :func:`summarise`.

    Returns
    -------
    rich renderable
        The contenders with their figures, the best accuracy bold; how the reference differs from each of them, in
        accuracy and in costs; then the conclusion and its limits.

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
    parts: list[RenderableType] = [_contenders_table(summary), _explained(*_key_of_contenders(summary))]
    if duels(summary):
        parts += [_verdict_table(summary), _explained(*_key_of_verdict(summary))]
    return Group(*parts, *map(_text, (headline(summary), *recommendation(summary), *cautions(summary))))


def _contenders_table(summary: Mapping[str, Any]) -> Table:
    contenders = summary["contenders"]
    table = _table("contender", padding=0)
    with_flags = _with_flags(summary)
    headings = ["accuracy %", *(["clean\nlabels %"] if with_flags else []), "log-\nloss", "ECE"]
    with_tree = _with_tree(summary)
    headings += ["hier.\nF1 %"] if with_tree else []
    headings += ["para-\nmeters", "MACs", "fit s", "samples\nper s"]
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    best = max(_accuracy(figures) for figures in contenders.values())
    for name, figures in contenders.items():
        shown = f"{name} (did not learn)" if figures["did_not_learn"] else name
        cells = _cells(figures, with_flags, with_tree)
        table.add_row(*map(_text, (shown, *cells)), style="bold" if _accuracy(figures) == best else "")
    return table


def _cells(figures: Mapping[str, Any], with_flags: bool, with_tree: bool) -> list[str]:
    clean = figures[WITHOUT_ERRORS]
    accuracy_of_clean = [_without_spread(clean) if clean else ABSENT] if with_flags else []
    return [
        spread(figures["accuracy"], 100),
        *accuracy_of_clean,
        f"{np.mean(figures['log_loss']):.3f}",
        f"{np.mean(figures['expected_calibration_error']):.3f}",
        *([f"{100 * np.mean(figures['hierarchical_scores']['f1']):.2f}"] if with_tree else []),
        quantity(figures["parameters"]),
        quantity(figures["macs"]),
        seconds(figures["fit_seconds"]),
        quantity(figures["samples_per_second"]),
    ]


def _verdict_table(summary: Mapping[str, Any]) -> Table:
    """Return a row per other contender: how the reference differs from it in accuracy and in costs."""
    reference, contenders = summary["reference"], summary["contenders"]
    table = _table(reference, padding=0)
    for heading in ("points", "interval", "p", "", *RATIOS.values()):
        table.add_column(heading, justify="right", no_wrap=True)
    for duel in duels(summary):
        low, high = (points(end) for end in duel["interval"])
        cells = (
            f"vs {duel['rival']}",
            points(duel["difference"]),
            f"[{low}, {high}]",
            p_number(duel["p_holm"]),
            "n.s." if duel["won"] is None else "better" if duel["won"] else "worse",
            *(_ratio(contenders[reference][cost], contenders[duel["rival"]][cost]) for cost in RATIOS),
        )
        table.add_row(*map(_text, cells), style="bold" if duel["won"] is not None else "")
    return table


def _text(shown: str) -> Text:
    """Return text without markup; names of contenders come from files of others."""
    return Text(printable(shown, kept="\n"))


def _ratio(own: float | None, other: float | None) -> str:
    if own is None or not other:
        return ABSENT
    ratio = own / other
    digits = 0 if ratio >= 99.5 else 1 if ratio >= 9.95 else 2
    return f"{TIMES}{ratio:,.{digits}f}"


def _table(first: str, padding: int) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, padding), collapse_padding=True)
    table.add_column(_text(first), overflow="fold")
    return table


def _key_of_contenders(summary: Mapping[str, Any]) -> list[str]:
    seeds = len(summary["seeds"])
    over = "1 seed" if seeds == 1 else f"mean ± standard deviation of {seeds} seeds"
    key = [
        f"{samples_tested(summary)}, {over}",
        "ECE: expected calibration error; MACs: multiply-accumulates per sample",
    ]
    if _with_flags(summary):
        key.append("clean labels: accuracy without suspected label errors")
    if _with_tree(summary):
        key.append("hier. F1: hierarchical F1; a wrong class within the true group is partly correct")
    return key


def _key_of_verdict(summary: Mapping[str, Any]) -> list[str]:
    reference = summary["reference"]
    return [
        f"points: accuracy of {reference} minus that of the other; n.s.: not significant",
        f"costs: those of {reference} divided by those of the other",
    ]


def _explained(*lines: str) -> Text:
    return Text(printable("\n".join((*lines, "")), kept="\n"), style="dim")


def _with_tree(summary: Mapping[str, Any]) -> bool:
    return all(figures.get("hierarchical_scores") for figures in summary["contenders"].values())


def _with_flags(summary: Mapping[str, Any]) -> bool:
    return any(figures[WITHOUT_ERRORS] for figures in summary["contenders"].values())


def _without_spread(figures: Mapping[str, Any]) -> str:
    known = [accuracy for accuracy in figures["accuracy"] if accuracy is not None]
    return percent(float(np.mean(known))) if known else ABSENT


def _accuracy(figures: Mapping[str, Any]) -> float:
    return float(np.mean(figures["accuracy"]))
