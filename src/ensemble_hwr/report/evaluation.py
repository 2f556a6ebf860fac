"""HTML page of the evaluation of one model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ensemble_hwr.report.charts import confusion_plots, reliability_plot
from ensemble_hwr.report.page import environment


def evaluation_page(
    figures: Mapping[str, Any],
    *,
    model: str,
    data: str,
    cautions: Sequence[str] = (),
    mistakes: Sequence[Mapping[str, Any]] = (),
) -> str:
    """Return the evaluation of a model as one HTML page without scripts, fonts or other files.

    Parameters
    ----------
    figures : mapping
        Return value of :func:`~ensemble_hwr.training.evaluate_predictions`.
    model, data : str
        Names of the model and of the letters.
    cautions : sequence of str
        Sentences that are highlighted, each starting with "Caution".
    mistakes : sequence of mapping
        The most confident errors: ``true``, ``predicted``, ``probability``, ``true_probability`` and ``picture``, a
        data URI.

    Returns
    -------
    str
        A complete document.
    """
    table = figures["per_class"]
    tested = {label: row for label, row in table.items() if row["support"]}
    summary = {"contenders": {model: {"per_class": table}}, "classes": list(table)}
    return (
        environment()
        .get_template("evaluation.html")
        .render(
            headline=f"{model} reads {100 * figures['accuracy']:.2f} % of {figures['letters']:,} letters",
            sentences=cautions,
            figures=figures,
            model=model,
            data=data,
            classes=sorted(tested.items(), key=lambda item: (item[1]["accuracy"], -item[1]["support"])),
            matrix=confusion_plots(summary)[0],
            reliability=reliability_plot(figures["reliability"]),
            mistakes=mistakes,
        )
    )
