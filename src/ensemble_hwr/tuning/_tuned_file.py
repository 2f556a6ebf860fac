"""tuned.toml: the config with everything that was chosen, and where it comes from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ensemble_hwr._writing import whole_files
from ensemble_hwr.config import ExperimentConfig
from ensemble_hwr.config.loading import stored_letters
from ensemble_hwr.exceptions import DataError
from ensemble_hwr.tuning._result import Tuned, Tuning
from ensemble_hwr.tuning._score import shown
from ensemble_hwr.tuning._toml import to_toml
from ensemble_hwr.tuning._versions import versions

NAMED = ("views", "augmentations", "members", "contenders")
FIRST = ("name", "description", "seeds", "data", "split", "balance", "extra", "normalizer", "views", "augmentations")


def write_tuned(tuning: Tuning, file: Path, command: str) -> None:
    """Write the tuned config, whole or not at all.

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
    write_whole(file, tuned_text(tuning, file, command))


def tuned_text(tuning: Tuning, file: Path, command: str) -> str:
    """Return the tuned config as TOML, its members commented with study, score and settings."""
    document = _ordered(_document(tuning.config))
    comments: dict[tuple[str, ...], str] = {(): _heading(tuning, file, command)}
    for tuned in tuning.members:
        comments[_place(tuned.name)] = _comment(tuned, tuning)
    return to_toml(document, comments, named=NAMED)


def write_whole(file: Path, text: str) -> None:
    """Write a text file whole, or say why it cannot be."""
    try:
        with whole_files(file) as (stream,):
            stream.write(text.encode())
    except OSError as error:
        raise DataError(f"{file}: cannot be written ({error.strerror or error}).") from error


def _document(config: ExperimentConfig) -> dict[str, Any]:
    """Return every section that says something."""
    document = config.model_dump(mode="json", exclude_unset=True, exclude_none=True, exclude={"tune"})
    for stored in stored_letters(document):
        stored["path"] = str(Path(stored["path"]).absolute())
    return document


def _ordered(document: dict[str, Any]) -> dict[str, Any]:
    """Put the sections in the order in which the shipped configs have them."""
    return {key: document[key] for key in FIRST if key in document} | document


def _place(name: str) -> tuple[str, ...]:
    return ("members", name) if ":" in name else (name,)


def _heading(tuning: Tuning, file: Path, command: str) -> str:
    score = tuning.data["score"].replace("_", "-") if tuning.data["score"] == "log_loss" else tuning.data["score"]
    lines = [
        f"{tuning.config.name}, tuned. Made by:",
        "",
        f"  {command}",
        "",
        f"  ensemble-hwr compare {file} --output report       to judge it on letters that tuning never saw",
        f"  ensemble-hwr train {file} -o letters.model",
        "",
        f"Chosen by cross-validated {score} in {tuning.data['folds']} folds of the "
        f"{tuning.data['letters to learn from']:,} training letters.",
    ]
    if tuning.gain is not None:
        low, high = (shown(tuning.gain.score, bound) for bound in tuning.gain.interval)
        before, after = (
            shown(tuning.gain.score, sum(losses) / len(losses)) for losses in (tuning.gain.untuned, tuning.gain.tuned)
        )
        low, high = sorted((abs(low) if low * high > 0 else low, abs(high) if low * high > 0 else high))
        lines.append(
            f"The whole ensemble's {score} in repeated cross-validation: {before:.4f} untuned, {after:.4f} tuned; "
            f"95 % interval of the difference {low:.4f} to {high:.4f}."
        )
    lines += ["Versions: " + ", ".join(f"{name} {version}" for name, version in versions().items()), ""]
    return "\n".join(lines)


def _comment(tuned: Tuned, tuning: Tuning) -> str:
    score = tuning.data["score"]
    before = "" if tuned.untuned_loss is None else f", {shown(score, tuned.untuned_loss):.4f} untuned"
    return (
        f"Study {tuned.study.study_name!r}, trial {_number(tuned)}: {score} {shown(score, tuned.loss):.4f}{before}; "
        f"{tuned.reason}."
    )


def _number(tuned: Tuned) -> int:
    return next(trial.number for trial in tuned.study.get_trials(deepcopy=False) if trial.value == tuned.loss)
