"""Adapt a model to a writer: models of pictures, models of rows, names and files of models, and adapted models."""

from __future__ import annotations

import os
from collections.abc import Sequence
from copy import copy
from typing import Any

from sklearn.pipeline import Pipeline

from ensemble_hwr.adaptation._classifier import AdaptedClassifier
from ensemble_hwr.adaptation._gain import describe_gain, gain_for_json
from ensemble_hwr.exceptions import DataError, ModelError
from ensemble_hwr.persistence import load_model
from ensemble_hwr.preprocessing import LetterNormalizer


def adapt(model: Any, X: Any, y: Any, **params: Any) -> Any:
    """Adapt a model to a writer by a few labelled samples; the model itself stays as it is.

    Parameters
    ----------
    model : estimator, str or path
        A fitted classifier with ``predict_proba``, the name of a shipped model or the path of a model file. The samples
        of a model that is adapted already are kept, and those in `X` are added.
    X : sequence of pictures, or array-like of shape (n_samples, n_features)
        1 to 20 samples of each class; some classes may have none. Pictures for a model of pictures, such as a shipped
        one: paths, arrays, PIL images. Rows for any other classifier.
    y : array-like of shape (n_samples,)
        Labels.
    **params : dict
        Parameters of :class:`AdaptedClassifier`, such as ``new_classes=True``.

    Returns
    -------
    estimator
        Used and saved like `model`: a Pipeline with the same normalizer for a model of pictures, otherwise an
        `AdaptedClassifier`.

    Raises
    ------
    DataError
        If the samples have one class only, labels that the model does not know, or equal samples different labels.
    ModelError
        If the model cannot be loaded, or has no ``predict_proba``.
    PictureError
        If a picture cannot be read.

    See Also
    --------
    AdaptedClassifier : The classifier that is adapted.

    Notes
    -----
    A saved file holds the model and the writer's samples as vectors of one byte per component, 1.4 kB a letter for the
    shipped model. It depends on no other file.

    Examples
    --------
    >>> from ensemble_hwr import adapt, generate_letters, load_model
    >>> letters = generate_letters(26 * 8, writers=1, difficulty=2.0, random_state=10, format="pictures")
    >>> taught, test = letters.take(range(78)), letters.take(range(78, 208))
    >>> mine = adapt("az", taught.data, taught.target)
    >>> mine.score(test.data, test.target) > load_model("az").score(test.data, test.target)
    True
    """
    if isinstance(model, str | os.PathLike):
        model = load_model(model)
    if len(X) != len(y):
        raise DataError(f"X has {len(X)} samples, but y has {len(y)} labels; give one label for each sample")
    before, _ = _split(model)
    return adapt_rows(model, X if before is None else before[1].transform(X), y, **params)


def adapt_rows(model: Any, rows: Any, y: Any, **params: Any) -> Any:
    """Adapt a model, also one of pictures, by rows that are normalized already.

    Parameters
    ----------
    model : estimator
        As for `adapt`.
    rows : array-like of shape (n_samples, n_features)
        As the model's normalizer returns them, or as a model without normalizer takes them.
    y : array-like of shape (n_samples,)
        Labels.
    **params : dict
        As for `adapt`.

    Returns
    -------
    estimator
        As by `adapt`.
    """
    before, classifier = _split(model)
    if not hasattr(classifier, "predict_proba"):
        raise ModelError(f"the model is a {type(model).__name__} without predict_proba, and cannot be adapted")
    if isinstance(classifier, AdaptedClassifier) and hasattr(classifier, "coefficients_"):
        adapted = copy(classifier).set_params(**params).partial_fit(rows, y)
    else:
        adapted = AdaptedClassifier(classifier, **params).fit(rows, y)
    return adapted if before is None else Pipeline([before, ("classify", adapted)])


def adapted_classifier(model: Any) -> AdaptedClassifier | None:
    """Return the adapted classifier in a model, or None if the model is not adapted.

    Parameters
    ----------
    model : estimator
        As `adapt` returns it, or any other.
    """
    _, classifier = _split(model)
    return classifier if isinstance(classifier, AdaptedClassifier) else None


def adaptation_metadata(model: Any, base: str) -> dict[str, Any]:
    """Return what the manifest of an adapted model's file says about the adaptation.

    Parameters
    ----------
    model : estimator
        As `adapt` returns it.
    base : str
        Name of the model that was adapted.

    Returns
    -------
    dict
        ``base``, ``samples_per_class``, ``weight``, ``gain`` (with None where it cannot be estimated) and ``summary``.
    """
    classifier = adapted_classifier(model)
    if classifier is None:
        raise ModelError(f"the model is a {type(model).__name__} that is not adapted; adapt it first")
    return {
        "base": base,
        "samples_per_class": {str(label): count for label, count in classifier.samples_per_class_.items()},
        "weight": classifier.weight_,
        "gain": gain_for_json(classifier.gain_),
        "summary": describe_gain(classifier.gain_),
    }


def _split(model: Any) -> tuple[tuple[str, LetterNormalizer] | None, Any]:
    """Return the step that normalizes pictures, if there is one, and the classifier of rows."""
    steps: Sequence[Any] = model.steps if isinstance(model, Pipeline) else []
    if len(steps) < 2 or not isinstance(steps[0][1], LetterNormalizer):
        return None, model
    return steps[0], steps[1][1] if len(steps) == 2 else model[1:]
