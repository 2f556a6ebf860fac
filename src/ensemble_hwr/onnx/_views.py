"""Features in an ONNX graph: chains of fitted transformers, computed once for all members with the same chain."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from ensemble_hwr.exceptions import ModelError
from ensemble_hwr.onnx._gradient import gradient_features
from ensemble_hwr.onnx._graph import OnnxGraph, Tensor, convert
from ensemble_hwr.onnx._pictures import deskew, normalize_size, normalize_stroke_width
from ensemble_hwr.preprocessing import Deskewer, GradientFeatures, SizeNormalizer, StrokeWidthNormalizer

_OWN: dict[type[Any], Callable[[OnnxGraph, Any, Tensor], Tensor]] = {
    Deskewer: deskew,
    GradientFeatures: gradient_features,
    SizeNormalizer: normalize_size,
    StrokeWidthNormalizer: normalize_stroke_width,
}
ROWS = "rows"


@dataclass(frozen=True)
class Transform:
    """A fitted transformer; those of this library have no fitted state, so equal parameters make equal transforms."""

    transformer: Any = field(compare=False)
    key: str

    @classmethod
    def of(cls, transformer: Any) -> Transform:
        """Return the transform of a fitted transformer."""
        kind = type(transformer)
        settings = f"{sorted(transformer.get_params().items())}" if kind in _OWN else f"{id(transformer)}"
        return cls(transformer, f"{kind.__module__}.{kind.__qualname__} {settings}")


Chain = tuple[Transform, ...]
Path = tuple[Tensor, ...]  # masks of rows, each over the rows that the mask before it selects


def longer(chain: Chain, transformers: Iterable[Any]) -> Chain:
    """Return a chain with further transformers."""
    return (*chain, *(Transform.of(transformer) for transformer in transformers))


class FeatureWriter:
    """Write features into a graph: the output of a chain for all rows, or for the rows on a path.

    Parameters
    ----------
    graph : OnnxGraph
    n_features : int
        Number of columns of the rows.
    after_features : bool
        If True, the graph begins after the last transformer of each chain that is not scikit-learn's: the features
        are inputs of the graph.

    Attributes
    ----------
    inputs : dict of str to tuple of Transform
        Names of the graph's inputs, with the chains that compute them from rows.
    """

    def __init__(self, graph: OnnxGraph, n_features: int, *, after_features: bool) -> None:
        self.inputs: dict[Tensor, Chain] = {}
        self._graph = graph
        self._n_features = n_features
        self._after_features = after_features
        self._written: dict[tuple[Chain, Path], Tensor] = {}

    def features(self, chain: Chain, path: Path) -> Tensor:
        """Return the tensor of a chain's output for the rows on a path."""
        place = (chain, path)
        if place not in self._written:
            self._written[place] = self._compute(chain, path)
        return self._written[place]

    def width(self, chain: Chain) -> int:
        """Return the number of columns of a chain's output."""
        return len(chain[-1].transformer.get_feature_names_out()) if chain else self._n_features

    def _compute(self, chain: Chain, path: Path) -> Tensor:
        if path and (self._is_input(chain) or (chain, path[:-1]) in self._written):
            return self._graph("Compress", self.features(chain, path[:-1]), path[-1], axis=0)
        if self._is_input(chain):
            return self._input(chain)
        rows = self.features(chain[:-1], path)
        transformer = chain[-1].transformer
        if type(transformer) in _OWN:
            return _OWN[type(transformer)](self._graph, transformer, rows)
        return self._converted(transformer, rows)

    def _is_input(self, chain: Chain) -> bool:
        return not chain or (self._after_features and not _is_scikit_learns(chain[-1].transformer))

    def _input(self, chain: Chain) -> Tensor:
        name = ROWS if not chain else f"features{sum(bool(known) for known in self.inputs.values())}"
        self.inputs[name] = chain
        return name

    def _converted(self, transformer: Any, rows: Tensor) -> Tensor:
        try:
            return convert(self._graph, transformer, rows, "variable")
        except ModelError as error:
            raise ModelError(
                f"{error}; the part after the features can be exported with after='features' (--after features)"
            ) from error


def _is_scikit_learns(transformer: Any) -> bool:
    return type(transformer).__module__.startswith("sklearn.")
