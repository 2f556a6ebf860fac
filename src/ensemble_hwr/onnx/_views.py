"""What members see: chains of fitted transformers, computed once for all who see the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ensemble_hwr.exceptions import ModelError
from ensemble_hwr.onnx._foreign import convert
from ensemble_hwr.onnx._gradient import gradient_features
from ensemble_hwr.onnx._graph import Graph, Tensor
from ensemble_hwr.onnx._pictures import deskew, normalize_size, normalize_stroke_width
from ensemble_hwr.preprocessing import Deskewer, GradientFeatures, SizeNormalizer, StrokeWidthNormalizer

_OWN: dict[type[Any], Callable[[Graph, Any, Tensor], Tensor]] = {
    Deskewer: deskew,
    GradientFeatures: gradient_features,
    SizeNormalizer: normalize_size,
    StrokeWidthNormalizer: normalize_stroke_width,
}
ROWS = "rows"


@dataclass(frozen=True)
class Step:
    """A fitted transformer; those of this library learn nothing, so equal settings make equal steps."""

    transformer: Any = field(compare=False)
    key: str

    @classmethod
    def of(cls, transformer: Any) -> Step:
        """Make a step of a transformer."""
        kind = type(transformer)
        settings = f"{sorted(transformer.get_params().items())}" if kind in _OWN else f"{id(transformer)}"
        return cls(transformer, f"{kind.__module__}.{kind.__qualname__} {settings}")


Chain = tuple[Step, ...]
Path = tuple[Tensor, ...]  # masks of rows, each over those that the mask before it left


class Views:
    """Tensors of what is seen: chains of steps on all rows, or on some of them.

    With `after_features`, the steps up to the last one that is not scikit-learn's are left to whoever runs the graph:
    their features are inputs of it.
    """

    def __init__(self, graph: Graph, n_features: int, *, after_features: bool) -> None:
        self.inputs: dict[Tensor, Chain] = {}
        self._graph = graph
        self._n_features = n_features
        self._after_features = after_features
        self._seen: dict[tuple[Chain, Path], Tensor] = {}

    def see(self, chain: Chain, path: Path) -> Tensor:
        """Return the tensor of what a chain makes of the rows on a path."""
        place = (chain, path)
        if place not in self._seen:
            self._seen[place] = self._compute(chain, path)
        return self._seen[place]

    def width(self, chain: Chain) -> int:
        """Return how many columns a chain makes."""
        return len(chain[-1].transformer.get_feature_names_out()) if chain else self._n_features

    def _compute(self, chain: Chain, path: Path) -> Tensor:
        if path and (self._is_input(chain) or (chain, path[:-1]) in self._seen):
            return self._graph("Compress", self.see(chain, path[:-1]), path[-1], axis=0)
        if self._is_input(chain):
            return self._input(chain)
        rows = self.see(chain[:-1], path)
        transformer = chain[-1].transformer
        if type(transformer) in _OWN:
            return _OWN[type(transformer)](self._graph, transformer, rows)
        return self._foreign(transformer, rows)

    def _is_input(self, chain: Chain) -> bool:
        theirs = self._after_features and chain and not _is_scikit_learns(chain[-1].transformer)
        return not chain or bool(theirs)

    def _input(self, chain: Chain) -> Tensor:
        name = ROWS if not chain else f"features{sum(bool(known) for known in self.inputs.values())}"
        self.inputs[name] = chain
        return name

    def _foreign(self, transformer: Any, rows: Tensor) -> Tensor:
        try:
            return convert(self._graph, transformer, rows, "variable")
        except ModelError as error:
            raise ModelError(
                f"{error} Everything after the features can be exported: after='features' (--after features)."
            ) from error


def _is_scikit_learns(transformer: Any) -> bool:
    return type(transformer).__module__.startswith("sklearn.")
