"""Save models to files that can be loaded without trusting their origin, and load shipped models.

A model file is a zip archive without compression. ``manifest.json`` describes the model, with the versions it was made
with and a hash of its bytes. ``model.skops`` holds the model in the format of skops, which names types and arrays
instead of code to run. Only types of a fixed list are built on loading.
"""

from ensemble_hwr.persistence._disk_fit_cache import DiskFitCache
from ensemble_hwr.persistence.models import ModelInfo as ModelInfo
from ensemble_hwr.persistence.models import (
    available_models,
    describe_model,
    load_model,
    save_model,
)
from ensemble_hwr.persistence.models import read_manifest as read_manifest

__all__ = [
    "DiskFitCache",
    "available_models",
    "describe_model",
    "load_model",
    "save_model",
]
