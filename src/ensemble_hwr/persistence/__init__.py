"""Models as files that can be read without trusting whoever wrote them.

A model file is a zip archive, nothing in it compressed: ``manifest.json`` says what the model is, with which versions
it was made and what its bytes hash to; ``model.skops`` holds the model in the format of skops, which names types
and arrays instead of code to run. Only types of a fixed list are built on reading.
"""

from ensemble_hwr.persistence._describe import ModelInfo, available_models, describe_model
from ensemble_hwr.persistence._disk_fit_cache import DiskFitCache
from ensemble_hwr.persistence._files import load_model, read_manifest, save_model
from ensemble_hwr.persistence._manifest import FORMAT

__all__ = [
    "FORMAT",
    "DiskFitCache",
    "ModelInfo",
    "available_models",
    "describe_model",
    "load_model",
    "read_manifest",
    "save_model",
]
