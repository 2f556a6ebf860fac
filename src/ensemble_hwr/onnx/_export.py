"""From a fitted classifier to an ONNX file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_array, check_is_fitted

from ensemble_hwr._typing import PathLike
from ensemble_hwr.exceptions import ModelError
from ensemble_hwr.onnx._classifiers import Classifiers
from ensemble_hwr.onnx._graph import Graph, Tensor
from ensemble_hwr.onnx._views import Chain, Views
from ensemble_hwr.persistence._archive import write_atomically
from ensemble_hwr.preprocessing import LetterNormalizer

AFTER = (None, "features")


def export_onnx(model: Any, path: PathLike, *, after: str | None = None) -> Path:
    """Write a fitted classifier as an ONNX graph, whole or not at all.

    The graph answers what ``predict_proba`` answers, to 1e-5, and asks members about the rows alone whose question is
    open to them. It has the outputs ``label`` and ``probabilities`` (float32, a column for each of ``classes_``).

    Parameters
    ----------
    model : classifier
        Fitted: a :class:`~ensemble_hwr.ensemble.HierarchicalEnsembleClassifier`, an
        :class:`~ensemble_hwr.ensemble.AugmentedMLPClassifier`, an :class:`~ensemble_hwr.ensemble.MemberMLPClassifier`, a committee of such, or any
        classifier of scikit-learn's that skl2onnx converts; Pipelines and `AugmentedClassifier` included. A
        `LetterNormalizer` in front is left out: the graph takes the rows that it makes.
    path : path
        The file; its folder must exist. An older file of that name is replaced.
    after : {None, "features"}, default=None
        Where the graph begins. None: it has one input, ``rows``, float32 of shape (n, n_features). "features": with
        what the members' transformers make of rows, an input for each view; :func:`onnx_inputs` makes them. Such a
        graph is faster on features that are there already, and may hold transformers that cannot be exported.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ModelError
        When the model is not fitted, holds what cannot be exported, or the file cannot be written.
    MissingExtraError
        When onnx is not installed.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from ensemble_hwr import MemberMLPClassifier, generate_letters
    >>> from ensemble_hwr.onnx import export_onnx
    >>> letters = generate_letters(52, writers=2, random_state=0)
    >>> model = MemberMLPClassifier((10,), max_iter=5, random_state=0).fit(letters.to_rows(), letters.target)
    >>> with TemporaryDirectory() as folder:
    ...     export_onnx(model, Path(folder, "letters.onnx")).name
    'letters.onnx'
    """
    file = Path(path)
    model = _without_normalizer(model)
    classes = _labels(model.classes_)
    graph = Graph()
    views, probabilities = _written(graph, model, after)
    winner = graph("ArgMax", probabilities, axis=1, keepdims=0)
    content = graph.model(
        {name: views.width(chain) for name, chain in views.inputs.items()},
        {
            "label": (graph("Gather", classes, winner), classes[:1], ()),
            "probabilities": (graph.cast(probabilities, np.float32), np.float32(0), (len(classes),)),
        },
        "; ".join(f"{name}: {_described(chain)}" for name, chain in views.inputs.items()),
    )
    write_atomically(file, content.SerializeToString())
    return file


def onnx_inputs(model: Any, X: ArrayLike, *, after: str | None = None) -> dict[str, NDArray[np.float32]]:
    """Make the inputs of an exported graph from rows.

    Parameters
    ----------
    model : classifier
        The one that was exported.
    X : array-like of shape (n, n_features)
        Rows, after a `LetterNormalizer` in front.
    after : {None, "features"}, default=None
        As it was given to `export_onnx`.

    Returns
    -------
    dict of str to ndarray
        What ``run`` of onnxruntime's session takes.
    """
    model = _without_normalizer(model)
    views, _ = _written(Graph(), model, after)
    rows = check_array(X, dtype=np.float32)
    return {name: _seen(chain, rows) for name, chain in views.inputs.items()}


def _without_normalizer(model: Any) -> Any:
    """Check that a model is a fitted classifier, and leave out a normalizer in front of it."""
    kind = type(model).__name__
    if isinstance(model, type) or not (hasattr(model, "fit") and hasattr(model, "predict_proba")):
        raise ModelError(f"cannot export: got a {kind}, not a classifier with fit and predict_proba.")
    try:
        check_is_fitted(model)
    except NotFittedError:
        raise ModelError(f"cannot export: the {kind} is not fitted; call fit first.") from None
    if isinstance(model, Pipeline) and isinstance(model.steps[0][1], LetterNormalizer):
        return model[1:] if len(model) > 2 else model[-1]
    return model


def _written(graph: Graph, model: Any, after: str | None) -> tuple[Views, Tensor]:
    """Write a model into a graph; return what it sees and its probabilities."""
    if after not in AFTER:
        raise ModelError(f"after: got {after!r}; give None, for a graph of rows, or 'features'.")
    views = Views(graph, model.n_features_in_, after_features=after == "features")
    return views, Classifiers(graph, views).probabilities(model)


def _labels(classes: NDArray[Any]) -> NDArray[Any]:
    """Return the classes in a type that ONNX has: whole numbers or text."""
    if classes.dtype.kind in "biu":
        return classes.astype(np.int64)
    if classes.dtype.kind in "UO" and all(isinstance(label, str) for label in classes.tolist()):
        return classes.astype(object)
    raise ModelError(
        f"cannot export: the labels are of type {classes.dtype}; ONNX knows text and whole numbers, fit it on such."
    )


def _seen(chain: Chain, rows: NDArray[np.float32]) -> NDArray[np.float32]:
    for step in chain:
        rows = step.transformer.transform(rows)
    return np.asarray(rows, dtype=np.float32)


def _described(chain: Chain) -> str:
    return ", ".join(" ".join(repr(step.transformer).split()) for step in chain) or "rows of ink"
