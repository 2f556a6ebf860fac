"""Estimators that others know how to write as ONNX."""

from __future__ import annotations

from typing import Any

from ensemble_hwr.exceptions import MissingExtraError, ModelError
from ensemble_hwr.onnx._graph import OPSETS, Graph, Tensor


def convert(graph: Graph, estimator: Any, rows: Tensor, output: str) -> Tensor:
    """Add an estimator of scikit-learn's to a graph, and return the output wanted of it.

    Raises
    ------
    ModelError
        When skl2onnx knows no such estimator.
    """
    try:
        from skl2onnx import convert_sklearn
        from skl2onnx.common.data_types import FloatTensorType
    except ImportError:
        raise MissingExtraError("skl2onnx", "onnx") from None
    kind = type(estimator).__name__
    options = {id(estimator): {"zipmap": False}} if output == "probabilities" else None
    try:
        model = convert_sklearn(
            estimator,
            initial_types=[("X", FloatTensorType([None, estimator.n_features_in_]))],
            options=options,
            target_opset=OPSETS,
        )
    except Exception as error:  # whatever its converters stumble over
        raise ModelError(
            f"a {kind} cannot be exported: {_first_line(error)} What can: HierarchicalEnsembleClassifier, AugmentedMLPClassifier, "
            "MLP, AugmentedClassifier, soft VotingClassifier, Pipeline, this library's transformers of rows, and what "
            "skl2onnx converts."
        ) from error
    if output not in [made.name for made in model.graph.output]:
        raise ModelError(f"a {kind} cannot be exported: it makes no {output}.")
    return graph.inline(model, rows, output)


def _first_line(error: Exception) -> str:
    line = (str(error).splitlines() or [type(error).__name__])[0]
    return line if line.endswith(".") else f"{line}."
