"""Builder of ONNX graphs, with estimators that skl2onnx converts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ensemble_hwr.exceptions import MissingExtraError, ModelError

OPSETS = {"": 18, "ai.onnx.ml": 3}
IR_VERSION = 8  # supported by onnxruntime 1.14 and later

Tensor = str  # name of a tensor
Operand = Tensor | NDArray[Any] | np.generic


class OnnxGraph:
    """ONNX graph under construction: a list of operators in order of execution.

    Calling the graph adds an operator. Its inputs are names of tensors or arrays; the name of its output is returned.
    """

    def __init__(self) -> None:
        try:
            import onnx
        except ImportError:
            raise MissingExtraError("onnx", "onnx") from None
        self._onnx = onnx
        self._nodes: list[Any] = []
        self._constants: dict[tuple[str, tuple[int, ...], bytes], Any] = {}
        self._inlined: list[Any] = []

    def __call__(self, operator: str, *inputs: Operand, **attributes: Any) -> Tensor:
        """Add an operator and return the name of its output."""
        name = f"t{len(self._nodes)}"
        named = [given if isinstance(given, str) else self._constant(given) for given in inputs]
        self._nodes.append(self._onnx.helper.make_node(operator, named, [name], **attributes))
        return name

    def cast(self, tensor: Tensor, dtype: type[np.generic]) -> Tensor:
        """Convert the values of a tensor to another type."""
        return self("Cast", tensor, to=self._onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))

    def reshape(self, tensor: Tensor, *shape: int) -> Tensor:
        """Change the shape of a tensor; -1 stands for the remaining length."""
        return self("Reshape", tensor, np.array(shape))

    def sum(self, tensor: Tensor, *axes: int, keep: bool = True) -> Tensor:
        """Sum over axes."""
        return self("ReduceSum", tensor, np.array(axes), keepdims=int(keep))

    def largest(self, tensor: Tensor, *axes: int, keep: bool = True) -> Tensor:
        """Return the maximum over axes."""
        return self("ReduceMax", tensor, np.array(axes), keepdims=int(keep))

    def slice(self, tensor: Tensor, axis: int, start: int, stop: int | None = None) -> Tensor:
        """Slice a tensor along an axis, with the indices of Python."""
        end = np.iinfo(np.int64).max if stop is None else stop
        return self("Slice", tensor, np.array([start]), np.array([end]), np.array([axis]))

    def inline(self, model: Any, rows: Tensor, output: str) -> Tensor:
        """Add all operators of a model with one input, and return the name of one of its outputs."""
        prefix = f"m{len(self._nodes)}_"
        graph = self._onnx.compose.add_prefix(model, prefix).graph
        self._nodes.append(self._onnx.helper.make_node("Identity", [rows], [graph.input[0].name]))
        self._nodes.extend(graph.node)
        self._inlined.extend(graph.initializer)
        return prefix + output

    def model(
        self, inputs: Mapping[Tensor, int], outputs: Mapping[str, tuple[Tensor, ArrayLike, Sequence[Any]]], doc: str
    ) -> Any:
        """Return the finished and checked model.

        Parameters
        ----------
        inputs : mapping of str to int
            Columns of each input of float32 rows.
        outputs : mapping of str to tuple
            For each output name the tensor, a value of its type, and its shape without the axis of rows.
        doc : str
            Description of the graph.

        Returns
        -------
        onnx.ModelProto
        """
        helper = self._onnx.helper
        types = {name: self._onnx.numpy_helper.from_array(np.asarray(like)) for name, (_, like, _) in outputs.items()}
        ends = [helper.make_node("Identity", [tensor], [name]) for name, (tensor, _, _) in outputs.items()]
        graph = helper.make_graph(
            [*self._nodes, *ends],
            "ensemble_hwr",
            [
                helper.make_tensor_value_info(name, self._onnx.TensorProto.FLOAT, ["rows", width])
                for name, width in inputs.items()
            ],
            [
                helper.make_tensor_value_info(name, types[name].data_type, ["rows", *shape])
                for name, (_, _, shape) in outputs.items()
            ],
            initializer=[*self._constants.values(), *self._inlined],
            doc_string=doc,
        )
        opsets = [helper.make_opsetid(domain, number) for domain, number in OPSETS.items()]
        model = helper.make_model(graph, producer_name="ensemble_hwr", opset_imports=opsets, ir_version=IR_VERSION)
        self._onnx.checker.check_model(model)
        return model

    def _constant(self, value: NDArray[Any] | np.generic) -> Tensor:
        array = np.asarray(value)
        content = str(array.tolist()).encode() if array.dtype == object else array.tobytes()
        key = (array.dtype.str, array.shape, content)
        if key not in self._constants:
            self._constants[key] = self._onnx.numpy_helper.from_array(array, name=f"c{len(self._constants)}")
        name: Tensor = self._constants[key].name
        return name


def convert(graph: OnnxGraph, estimator: Any, rows: Tensor, output: str) -> Tensor:
    """Add a scikit-learn estimator to a graph by skl2onnx, and return the name of one of its outputs.

    Parameters
    ----------
    graph : OnnxGraph
    estimator : estimator
        Fitted.
    rows : str
        Input tensor.
    output : str
        ``"probabilities"`` of a classifier or ``"variable"`` of a transformer.

    Returns
    -------
    str

    Raises
    ------
    ModelError
        If skl2onnx cannot convert the estimator.
    MissingExtraError
        If skl2onnx is not installed.
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
    except Exception as error:  # converters raise errors of any type
        reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise ModelError(
            f"a {kind} cannot be exported: {reason}; use HierarchicalEnsembleClassifier, AugmentedMLPClassifier, "
            "MemberMLPClassifier, AugmentedClassifier, soft VotingClassifier, Pipeline, transformers of this library, "
            "or estimators that skl2onnx converts"
        ) from error
    if output not in [made.name for made in model.graph.output]:
        raise ModelError(f"a {kind} cannot be exported: it has no output {output}")
    return graph.inline(model, rows, output)
