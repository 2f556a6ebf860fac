"""Export of fitted classifiers to ONNX files, and the inputs of the exported graphs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_array, check_is_fitted

from ensemble_hwr._typing import PathLike
from ensemble_hwr._writing import whole_files
from ensemble_hwr.exceptions import ModelError
from ensemble_hwr.onnx._classifiers import ClassifierWriter
from ensemble_hwr.onnx._graph import OnnxGraph, Tensor
from ensemble_hwr.onnx._views import Chain, FeatureWriter
from ensemble_hwr.preprocessing import LetterNormalizer

AFTER = (None, "features")


def export_onnx(model: Any, path: PathLike, *, after: str | None = None) -> Path:
    """Write a fitted classifier as an ONNX graph.

    The graph gives the probabilities of ``predict_proba`` to within 1e-5, and evaluates members only on the rows that
    their gates open. It has the outputs ``label`` and ``probabilities`` (float32, one column for each of ``classes_``).
    The file is written completely or not at all.

    Parameters
    ----------
    model : classifier
        Fitted: a :class:`~ensemble_hwr.ensemble.HierarchicalEnsembleClassifier`, an
        :class:`~ensemble_hwr.ensemble.AugmentedMLPClassifier`, a
        :class:`~ensemble_hwr.ensemble.MemberMLPClassifier`, a committee of them, or any scikit-learn classifier that
        skl2onnx converts; also within Pipelines and `AugmentedClassifier`. A `LetterNormalizer` at the beginning of a
        Pipeline is left out: the input of the graph is its output.
    path : path
        The file; its folder must exist. An existing file is replaced.
    after : {None, "features"}, default=None
        Where the graph begins. None: it has one input, ``rows``, float32 of shape (n, n_features). "features": it has
        one input for the features of each view, which :func:`onnx_inputs` computes. Use "features" if features are
        already computed, or if transformers cannot be exported.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ModelError
        If the model is not fitted or cannot be exported, or the file cannot be written.
    MissingExtraError
        If onnx is not installed.

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
    graph = OnnxGraph()
    features, probabilities = _written(graph, model, after)
    winner = graph("ArgMax", probabilities, axis=1, keepdims=0)
    content = graph.model(
        {name: features.width(chain) for name, chain in features.inputs.items()},
        {
            "label": (graph("Gather", classes, winner), classes[:1], ()),
            "probabilities": (graph.cast(probabilities, np.float32), np.float32(0), (len(classes),)),
        },
        "; ".join(f"{name}: {_described(chain)}" for name, chain in features.inputs.items()),
    )
    try:
        with whole_files(file) as (stream,):
            stream.write(content.SerializeToString())
    except OSError as error:
        raise ModelError(f"{file}: cannot be written: {error.strerror or error}") from None
    return file


def onnx_inputs(model: Any, X: ArrayLike, *, after: str | None = None) -> dict[str, NDArray[np.float32]]:
    """Compute the inputs of an exported graph from rows.

    Parameters
    ----------
    model : classifier
        The model that was exported.
    X : array-like of shape (n, n_features)
        Rows; the output of a `LetterNormalizer` at the beginning of the model.
    after : {None, "features"}, default=None
        As for :func:`export_onnx`.

    Returns
    -------
    dict of str to ndarray
        Inputs for ``onnxruntime.InferenceSession.run``.

    Raises
    ------
    ModelError, MissingExtraError
        As for :func:`export_onnx`.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr import MemberMLPClassifier
    >>> from ensemble_hwr.onnx import onnx_inputs
    >>> model = MemberMLPClassifier((4,), random_state=0, max_iter=5).fit(np.eye(6), list("AABBCC"))
    >>> {name: rows.shape for name, rows in onnx_inputs(model, np.eye(6)).items()}
    {'rows': (6, 6)}
    """
    model = _without_normalizer(model)
    features, _ = _written(OnnxGraph(), model, after)
    rows = check_array(X, dtype=np.float32)
    return {name: _features(chain, rows) for name, chain in features.inputs.items()}


def _without_normalizer(model: Any) -> Any:
    """Return a fitted classifier without the normalizer at its beginning."""
    kind = type(model).__name__
    if isinstance(model, type) or not (hasattr(model, "fit") and hasattr(model, "predict_proba")):
        raise ModelError(f"cannot export: got a {kind}, not a classifier with fit and predict_proba")
    try:
        check_is_fitted(model)
    except NotFittedError:
        raise ModelError(f"cannot export: the {kind} is not fitted; call fit first") from None
    if isinstance(model, Pipeline) and isinstance(model.steps[0][1], LetterNormalizer):
        return model[1:] if len(model) > 2 else model[-1]
    return model


def _written(graph: OnnxGraph, model: Any, after: str | None) -> tuple[FeatureWriter, Tensor]:
    """Write a model into a graph; return its features and its probabilities."""
    if after not in AFTER:
        raise ModelError(f"after: got {after!r}; give None for a graph of rows, or 'features'")
    features = FeatureWriter(graph, model.n_features_in_, after_features=after == "features")
    return features, ClassifierWriter(graph, features).probabilities(model)


def _labels(classes: NDArray[Any]) -> NDArray[Any]:
    """Return the classes in a type of ONNX: integers or strings."""
    if classes.dtype.kind in "biu":
        return classes.astype(np.int64)
    if classes.dtype.kind in "UO" and all(isinstance(label, str) for label in classes.tolist()):
        return classes.astype(object)
    raise ModelError(f"cannot export: the labels have dtype {classes.dtype}; fit the model on strings or integers")


def _features(chain: Chain, rows: NDArray[np.float32]) -> NDArray[np.float32]:
    for transform in chain:
        rows = transform.transformer.transform(rows)
    return np.asarray(rows, dtype=np.float32)


def _described(chain: Chain) -> str:
    return ", ".join(" ".join(repr(transform.transformer).split()) for transform in chain) or "rows of ink"
