"""Load, check and split the classifiers that a reader uses."""

from __future__ import annotations

from typing import Any, Literal

from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from ensemble_hwr.exceptions import ModelError
from ensemble_hwr.persistence import load_model
from ensemble_hwr.persistence.models import shipped_files
from ensemble_hwr.preprocessing import LetterNormalizer
from ensemble_hwr.reading._candidates import LETTER

COMMON_MARKS = ".,-'"
"""Marks that are read by default; the others cost more words without marks."""

Case = Literal["as_written", "lexicon", "upper", "lower"]
"""Case of the texts that a reader returns."""

Accents = Literal["drop", "keep"]
"""Whether words are returned with the accents of the lexicon."""

SHIPPED_CLASSIFIER = "mixed"
SHIPPED_NON_LETTER = "non-letter"
SHIPPED_STROKE_NON_LETTER = "non-letter-strokes"
SHIPPED_MIXED = {SHIPPED_NON_LETTER: "non-letter-mixed", SHIPPED_STROKE_NON_LETTER: "non-letter-mixed-strokes"}
"""Models in their places for classifiers of small letters."""
SHIPPED_MARKS = "marks"
N_PIXELS = 28 * 28
"""Columns of a row that holds one letter."""


def split_pipeline(model: Any) -> tuple[LetterNormalizer | None, Any]:
    """Split a model of pictures into the normalizer of pictures and the classifier of pixel rows.

    Parameters
    ----------
    model : estimator
        A Pipeline whose first step is a `LetterNormalizer`, as ``ensemble-hwr train`` saves it, or any classifier.

    Returns
    -------
    normalizer : LetterNormalizer or None
        The first step itself, not a copy; None if the model takes rows.
    classifier : estimator
        The remaining step, or a Pipeline of the remaining steps; the model itself if it takes rows.

    Examples
    --------
    >>> from ensemble_hwr import load_model
    >>> from ensemble_hwr.reading.models import split_pipeline
    >>> normalizer, classifier = split_pipeline(load_model("az"))
    >>> type(normalizer).__name__, hasattr(classifier, "predict_proba")
    ('LetterNormalizer', True)
    """
    steps = [step for _, step in model.steps] if isinstance(model, Pipeline) else []
    if len(steps) < 2 or not isinstance(steps[0], LetterNormalizer):
        return None, model
    return steps[0], steps[1] if len(steps) == 2 else model[1:]


def find_letter_model(classifier: Any) -> tuple[LetterNormalizer, Any]:
    """Return the normalizer of letter candidates and the classifier of pixel rows.

    Parameters
    ----------
    classifier : classifier or None
        Takes rows of 784 pixels, or is a Pipeline whose first step is a `LetterNormalizer`. None loads the shipped
        model "mixed".

    Returns
    -------
    normalizer : LetterNormalizer
    classifier : classifier

    Raises
    ------
    ModelError
        If the classifier takes rows of another length, or its classes are not single characters.
    """
    normalizer, classifier = split_pipeline(load_model(SHIPPED_CLASSIFIER) if classifier is None else classifier)
    n_features = getattr(classifier, "n_features_in_", N_PIXELS)
    if n_features != N_PIXELS:
        raise ModelError(
            f"classifier takes rows of {n_features} numbers, but a letter is a row of {N_PIXELS}; "
            "give a classifier that was fitted on letters"
        )
    longer = [str(label) for label in getattr(classifier, "classes_", ()) if len(str(label)) != 1]
    if longer:
        raise ModelError(f"classifier has the class {longer[0]!r}; words are read by a model of single characters")
    normalizer = LetterNormalizer() if normalizer is None else clone(normalizer)
    return normalizer.set_params(polarity="light", errors="blank", n_jobs=None), classifier


def find_non_letter_model(model: Any, name: str = SHIPPED_NON_LETTER) -> Any:
    """Return the non-letter model of a reader, or None.

    Parameters
    ----------
    model : "shipped", classifier or None
        "shipped" loads a shipped model, if there is one.
    name : str, default="non-letter"
        Name of the shipped model.

    Raises
    ------
    ModelError
        If the classifier is not fitted, or has no class "letter".
    """
    if model is None:
        return None
    if isinstance(model, str):
        try:
            return load_model(name)
        except ModelError:
            if name in shipped_files():
                raise
            return None
    if LETTER not in class_names(model, "non_letter_model"):
        raise ModelError(
            f"non_letter_model must have the class {LETTER!r}, got the classes {list(model.classes_)}; "
            "train it with fit_non_letter_model"
        )
    return model


def class_names(model: Any, name: str) -> list[str]:
    """Return the classes of a fitted classifier as strings.

    Parameters
    ----------
    model : classifier
    name : str
        Name of the model in error messages.

    Raises
    ------
    ModelError
        If it is not fitted.
    """
    try:
        check_is_fitted(model)
        return [str(label) for label in model.classes_]
    except (AttributeError, ValueError) as error:
        raise ModelError(f"{name} is a {type(model).__name__} that is not fitted; fit it on letters first") from error
