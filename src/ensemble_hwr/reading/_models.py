"""The models that a reader reads with: found, taken apart, and refused where they are not for letters."""

from __future__ import annotations

from typing import Any

from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from ensemble_hwr.exceptions import ModelError
from ensemble_hwr.persistence import available_models, load_model
from ensemble_hwr.preprocessing import LetterNormalizer
from ensemble_hwr.reading._non_letter import LETTER

SHIPPED_NON_LETTER = "non-letter"
SHIPPED_STROKE_NON_LETTER = "non-letter-strokes"
ROW = 28 * 28  # numbers of a letter


def letter_model(classifier: Any) -> tuple[Any, Any]:
    """Return what makes rows of ink, and what classifies rows.

    Parameters
    ----------
    classifier : classifier or None
        On rows, or a Pipeline whose first step is a `LetterNormalizer`. None takes the shipped model.

    Returns
    -------
    (LetterNormalizer, classifier)

    Raises
    ------
    ModelError
        If the classifier says that its rows are not those of letters.
    """
    normalizer, classifier = _take_apart(load_model() if classifier is None else classifier)
    width = getattr(classifier, "n_features_in_", ROW)
    if width != ROW:
        raise ModelError(
            f"classifier reads rows of {width} numbers, but a letter is a row of {ROW}; "
            "give one that was fitted on letters"
        )
    return normalizer, classifier


def non_letter_model(non_letter: Any, name: str = SHIPPED_NON_LETTER) -> Any:
    """Return the classifier that tells letters from junk, or None.

    Parameters
    ----------
    non_letter : "shipped", classifier or None
        "shipped" takes the shipped model where there is one.
    name : str, default="non-letter"
        Which shipped model.

    Raises
    ------
    ModelError
        If it is not fitted, or knows no letters.
    """
    if non_letter is None:
        return None
    if isinstance(non_letter, str):
        return load_model(name) if name in [model.name for model in available_models()] else None
    if LETTER not in class_names(non_letter, "non_letter"):
        raise ModelError(
            f"non_letter has the classes {list(non_letter.classes_)}, but 'letter' must be one; train it by fit_non_letter_model"
        )
    return non_letter


def class_names(model: Any, name: str) -> list[str]:
    """Return what a model tells apart; messages call the model by `name`.

    Raises
    ------
    ModelError
        If it is not fitted.
    """
    try:
        check_is_fitted(model)
        return [str(label) for label in model.classes_]
    except (AttributeError, ValueError) as error:
        kind = type(model).__name__
        raise ModelError(f"{name} is a {kind} that is not fitted; fit it on letters first") from error


def _take_apart(model: Any) -> tuple[Any, Any]:
    steps = [step for _, step in model.steps] if isinstance(model, Pipeline) else []
    if len(steps) < 2 or not isinstance(steps[0], LetterNormalizer):
        return LetterNormalizer(polarity="light", errors="blank"), model
    normalizer = clone(steps[0]).set_params(polarity="light", errors="blank", n_jobs=None)
    return normalizer, steps[1] if len(steps) == 2 else model[1:]
