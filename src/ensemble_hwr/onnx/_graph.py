"""A graph of ONNX operators as it grows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ensemble_hwr.exceptions import MissingExtraError

OPSETS = {"": 18, "ai.onnx.ml": 3}
IR_VERSION = 8  # what onnxruntime 1.14 and later read

Tensor = str  # tensors are known by their names
Operand = Tensor | NDArray[Any] | np.generic


class Graph:
    """Operators in the order in which they run.

    Every operator is given its inputs, names of tensors or arrays, and returns the name of its one output.
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
        """Add an operator."""
        name = f"t{len(self._nodes)}"
        named = [given if isinstance(given, str) else self._constant(given) for given in inputs]
        self._nodes.append(self._onnx.helper.make_node(operator, named, [name], **attributes))
        return name

    def cast(self, tensor: Tensor, dtype: type[np.generic]) -> Tensor:
        """Change the type of a tensor's values."""
        return self("Cast", tensor, to=self._onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))

    def reshape(self, tensor: Tensor, *shape: int) -> Tensor:
        """Give a tensor another shape; -1 is what follows from the others."""
        return self("Reshape", tensor, np.array(shape))

    def sum(self, tensor: Tensor, *axes: int, keep: bool = True) -> Tensor:
        """Sum over axes."""
        return self("ReduceSum", tensor, np.array(axes), keepdims=int(keep))

    def largest(self, tensor: Tensor, *axes: int, keep: bool = True) -> Tensor:
        """Return the largest values over axes."""
        return self("ReduceMax", tensor, np.array(axes), keepdims=int(keep))

    def slice(self, tensor: Tensor, axis: int, start: int, stop: int | None = None) -> Tensor:
        """Cut a tensor along an axis, as Python does."""
        end = np.iinfo(np.int64).max if stop is None else stop
        return self("Slice", tensor, np.array([start]), np.array([end]), np.array([axis]))

    def inline(self, model: Any, rows: Tensor, output: str) -> Tensor:
        """Add a whole model of one input, and return one of its outputs."""
        prefix = f"m{len(self._nodes)}_"
        graph = self._onnx.compose.add_prefix(model, prefix).graph
        self._nodes.append(self._onnx.helper.make_node("Identity", [rows], [graph.input[0].name]))
        self._nodes.extend(graph.node)
        self._inlined.extend(graph.initializer)
        return prefix + output

    def model(
        self, inputs: Mapping[Tensor, int], outputs: Mapping[str, tuple[Tensor, ArrayLike, Sequence[Any]]], doc: str
    ) -> Any:
        """Finish the graph.

        Parameters
        ----------
        inputs : mapping of str to int
            Columns of each input of float32 rows.
        outputs : mapping of str to tuple
            Name of each output: its tensor, a value of its type, and its shape.
        doc : str
            What the graph is.
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
