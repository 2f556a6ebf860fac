"""Hierarchical ensembles of small neural networks for handwritten letters.

Public names and submodules are imported when they are first used, so a bare import is quick.
"""

from __future__ import annotations

import logging
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ensemble_hwr._versions import show_versions
    from ensemble_hwr.adaptation import AdaptedClassifier, adapt
    from ensemble_hwr.datasets import LetterSet, compose_words, generate_letters
    from ensemble_hwr.ensemble import AugmentedMLPClassifier, HierarchicalEnsembleClassifier, MemberMLPClassifier
    from ensemble_hwr.evaluation import compare
    from ensemble_hwr.onnx import export_onnx
    from ensemble_hwr.persistence import available_models, load_model, save_model
    from ensemble_hwr.preprocessing import AugmentedClassifier, Augmenter, GradientFeatures, LetterNormalizer
    from ensemble_hwr.reading import Lexicon, PageReader, WordReader
    from ensemble_hwr.segmentation import WordSegmenter
    from ensemble_hwr.training import train
    from ensemble_hwr.tuning import TunedClassifier, tune

__version__ = "0.1.0"

# Applications choose what is logged.
logging.getLogger(__name__).addHandler(logging.NullHandler())

_MODULE_OF = {
    "AdaptedClassifier": "adaptation",
    "AugmentedClassifier": "preprocessing",
    "AugmentedMLPClassifier": "ensemble",
    "Augmenter": "preprocessing",
    "GradientFeatures": "preprocessing",
    "HierarchicalEnsembleClassifier": "ensemble",
    "LetterNormalizer": "preprocessing",
    "LetterSet": "datasets",
    "Lexicon": "reading",
    "MemberMLPClassifier": "ensemble",
    "PageReader": "reading",
    "TunedClassifier": "tuning",
    "WordReader": "reading",
    "WordSegmenter": "segmentation",
    "adapt": "adaptation",
    "available_models": "persistence",
    "compare": "evaluation",
    "compose_words": "datasets",
    "export_onnx": "onnx",
    "generate_letters": "datasets",
    "load_model": "persistence",
    "save_model": "persistence",
    "show_versions": "_versions",
    "train": "training",
    "tune": "tuning",
}
_SUBMODULES = (
    "adaptation", "alphabets", "boxes", "canvas", "cli", "config", "datasets", "ensemble", "evaluation", "exceptions",
    "folders", "hierarchy", "images", "onnx", "persistence", "preprocessing", "reading", "report", "segmentation",
    "training", "tuning", "web",
)  # fmt: skip
__all__ = [
    "AdaptedClassifier",
    "AugmentedClassifier",
    "AugmentedMLPClassifier",
    "Augmenter",
    "GradientFeatures",
    "HierarchicalEnsembleClassifier",
    "LetterNormalizer",
    "LetterSet",
    "Lexicon",
    "MemberMLPClassifier",
    "PageReader",
    "TunedClassifier",
    "WordReader",
    "WordSegmenter",
    "adapt",
    "available_models",
    "compare",
    "compose_words",
    "export_onnx",
    "generate_letters",
    "load_model",
    "save_model",
    "show_versions",
    "train",
    "tune",
]


def __getattr__(name: str) -> Any:
    """Import a public name or a submodule when it is first used."""
    if name in _MODULE_OF:
        return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    if name in _SUBMODULES:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """Return the public names and submodules, for completion."""
    return [*__all__, *_SUBMODULES, "__version__"]
