"""Hierarchical ensembles of small neural networks for handwritten letters.

Public names are imported when they are first used, so that importing the library costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ensemble_hwr._versions import show_versions
    from ensemble_hwr.datasets import LetterSet, compose_words, generate_letters
    from ensemble_hwr.ensemble import AugmentedMLPClassifier, HierarchicalEnsembleClassifier, MemberMLPClassifier
    from ensemble_hwr.evaluation import compare
    from ensemble_hwr.onnx import export_onnx
    from ensemble_hwr.persistence import available_models, load_model, save_model
    from ensemble_hwr.preprocessing import AugmentedClassifier, Augmenter, GradientFeatures, LetterNormalizer
    from ensemble_hwr.reading import PageReader, WordReader
    from ensemble_hwr.segmentation import WordSegmenter
    from ensemble_hwr.training import train

__version__ = "0.1.0"

_HOMES = {
    "AugmentedClassifier": "preprocessing",
    "Augmenter": "preprocessing",
    "AugmentedMLPClassifier": "ensemble",
    "GradientFeatures": "preprocessing",
    "HierarchicalEnsembleClassifier": "ensemble",
    "LetterNormalizer": "preprocessing",
    "LetterSet": "datasets",
    "MemberMLPClassifier": "ensemble",
    "PageReader": "reading",
    "WordReader": "reading",
    "WordSegmenter": "segmentation",
    "available_models": "persistence",
    "compare": "evaluation",
    "compose_words": "datasets",
    "export_onnx": "onnx",
    "generate_letters": "datasets",
    "load_model": "persistence",
    "save_model": "persistence",
    "show_versions": "_versions",
    "train": "training",
}
__all__ = [
    "AugmentedClassifier",
    "AugmentedMLPClassifier",
    "Augmenter",
    "GradientFeatures",
    "HierarchicalEnsembleClassifier",
    "LetterNormalizer",
    "LetterSet",
    "MemberMLPClassifier",
    "PageReader",
    "WordReader",
    "WordSegmenter",
    "available_models",
    "compare",
    "compose_words",
    "export_onnx",
    "generate_letters",
    "load_model",
    "save_model",
    "show_versions",
    "train",
]


def __getattr__(name: str) -> Any:
    """Import a public name from the module it lives in."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    """Names for completion."""
    return [*__all__, "__version__"]
