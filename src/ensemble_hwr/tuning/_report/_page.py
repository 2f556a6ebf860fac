"""The page: figures and geometry put into the template."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import jinja2

from ensemble_hwr.config.search_space import WHOLE
from ensemble_hwr.tuning._report._charts import gain_plot, history, parallel, readable, slices
from ensemble_hwr.tuning._report._figures import StudyFigures, name_of_score, study_figures
from ensemble_hwr.tuning._result import Tuning
from ensemble_hwr.tuning._storage import dashboard_command
from ensemble_hwr.tuning._tuned_file import write_whole
from ensemble_hwr.tuning._versions import versions


def write_tuning_report(tuning: Tuning, file: Path, command: str) -> None:
    """Write the report, whole or not at all.

    Parameters
    ----------
    tuning : Tuning
    file : Path
    command : str
        What was typed.

    Raises
    ------
    DataError
        When it cannot be written.
    """
    write_whole(file, render_tuning_report(tuning, command))


def render_tuning_report(tuning: Tuning, command: str) -> str:
    """Return the report as HTML that loads nothing: no script, no font, no file.

    Parameters
    ----------
    tuning : Tuning
    command : str
        What was typed.

    Returns
    -------
    str
        A whole document.
    """
    shared = jinja2.PackageLoader("ensemble_hwr.report", "templates")
    own = jinja2.PackageLoader(__package__, "templates")
    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader([own, jinja2.PrefixLoader({"shared": shared})]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"score": _score, "duration": duration, "readable": readable, "count": _count}
    return environment.get_template("tuning.html").render(_context(tuning, command))


def duration(seconds: float) -> str:
    """Return a time as people say it.

    Examples
    --------
    >>> from ensemble_hwr.tuning._report._page import duration
    >>> duration(42.4), duration(200), duration(9000)
    ('42 s', '3.3 min', '2.5 h')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _context(tuning: Tuning, command: str) -> dict[str, Any]:
    score = tuning.data["score"]
    studies = [study_figures(tuned, score) for tuned in tuning.members]
    return {
        "name": tuning.config.name,
        "headline": _headline(tuning, score),
        "sentences": _sentences(tuning, studies, score),
        "score": name_of_score(score),
        "facts": _facts(studies),
        "gain": None if tuning.gain is None else gain_plot(tuning.gain, 860),
        "interval": None if tuning.gain is None or not math.isfinite(tuning.gain.interval[0]) else tuning.gain.interval,
        "difference": None if tuning.gain is None else tuning.gain.difference,
        "accuracies": None if tuning.gain is None else _accuracies(tuning),
        "folds": 0 if tuning.gain is None else len(tuning.gain.tuned),
        "studies": [
            {
                "f": study,
                "title": "the whole ensemble" if study.name == WHOLE else study.name.replace(":", " "),
                "history": [history(study, 860, 300), history(study, 380, 280)],
                "parallel": parallel(study, 860, 330),
                "slices": slices(study, 270, 190),
            }
            for study in studies
        ],
        "data": tuning.data,
        "versions": versions(),
        "command": command,
        "dashboard": dashboard_command(tuning.address),
    }


def _headline(tuning: Tuning, score: str) -> str:
    if tuning.gain is None:
        return f"{len(tuning.members)} members tuned"
    gain = tuning.gain
    low, high = gain.interval
    plot = gain_plot(gain, 860)
    change = f"{name_of_score(score)} {plot['before']:.4f} → {plot['after']:.4f}"
    if low > 0:
        return f"Tuning made the ensemble better: {change}"
    if high < 0:
        return f"Tuning made the ensemble worse: {change}"
    return f"Tuning shows no difference: {change}"


def _sentences(tuning: Tuning, studies: list[StudyFigures], score: str) -> list[str]:
    told = []
    if tuning.gain is not None and math.isfinite(tuning.gain.interval[0]):
        low, high = tuning.gain.interval
        told.append(
            f"The {name_of_score(score)} improved by {tuning.gain.difference:.4f} in {len(tuning.gain.tuned)} folds of "
            f"repeated cross-validation, 95 % interval {_signed(low)} to {_signed(high)}."
        )
    gains = [(study.name, abs(study.untuned - study.best) / abs(study.untuned)) for study in studies if study.untuned]
    if gains:
        name, share = max(gains, key=lambda item: item[1])
        if share > 0:
            told.append(f"The member that gained most on its own question is {name}: {100 * share:.0f} %.")
    epochs, without = (sum(getattr(s, key) for s in studies) for key in ("epochs", "epochs_without_pruning"))
    if without > epochs:
        told.append(f"Pruning spared {100 * (1 - epochs / without):.0f} % of the epochs.")
    told.append(
        "Caution: settings were chosen on the training letters that this gain was measured on, in other folds of them, "
        "so it flatters a little. Judge the tuned config on its test letters, once."
    )
    return told


def _facts(studies: list[StudyFigures]) -> list[tuple[str, str]]:
    counts = {key: sum(study.counts[key] for study in studies) for key in ("completed", "pruned", "failed")}
    return [
        ("members tuned", str(len(studies))),
        ("trials completed", f"{counts['completed']:,}"),
        ("pruned", f"{counts['pruned']:,}"),
        ("failed", f"{counts['failed']:,}"),
        ("time of all trials", duration(sum(study.seconds for study in studies))),
    ]


def _accuracies(tuning: Tuning) -> tuple[float, float]:
    assert tuning.gain is not None
    before, after = tuning.gain.untuned_accuracy, tuning.gain.tuned_accuracy
    return 100 * sum(before) / len(before), 100 * sum(after) / len(after)


def _signed(value: float) -> str:
    return f"{'−' if value < 0 else '+'}{abs(value):.4f}"  # noqa: RUF001


def _score(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"  # noqa: RUF001


def _count(value: int) -> str:
    return f"{value:,}"
