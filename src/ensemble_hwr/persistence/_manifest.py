"""What a model file says of itself."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ensemble_hwr.exceptions import ModelError
from ensemble_hwr.persistence._archive import MANIFEST

FORMAT = 1  # raise it when files written before can no longer be read
_PACKAGES = ("scikit-learn", "numpy", "scipy", "skops")


def make_manifest(model: Any, data: bytes, metadata: Mapping[str, Any] | None, file: Path) -> bytes:
    """Write down what a model is, what its bytes hash to, and what the user wants kept beside it."""
    manifest = {
        "format": FORMAT,
        "sha256": hashlib.sha256(data).hexdigest(),
        "type": type(model).__name__,
        "classes": _classes(model),
        "versions": _versions(),
        "metadata": dict(metadata or {}),
    }
    try:
        return json.dumps(manifest, indent=2, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise ModelError(f"{file}: metadata must be what JSON can hold: {error}.") from None


def parse_manifest(content: Mapping[str, bytes], file: Path) -> dict[str, Any]:
    """Read the manifest of an archive's parts; refuse one of another format."""
    try:
        manifest = json.loads(content[MANIFEST])
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{file}: its {MANIFEST} cannot be read: {error}.") from None
    if not isinstance(manifest, dict) or "format" not in manifest:
        raise ModelError(f"{file}: its {MANIFEST} names no format; it is not a model file.")
    if manifest["format"] != FORMAT:
        raise ModelError(
            f"{file}: is of format {manifest['format']!r}, this version of ensemble_hwr reads format {FORMAT}; "
            "install the version that saved it, or train it again."
        )
    if not isinstance(manifest.get("sha256"), str) or not isinstance(manifest.get("versions"), dict):
        raise ModelError(f"{file}: its {MANIFEST} lacks sha256 or versions; it is not a model file.")
    if not isinstance(manifest.get("metadata"), dict) or not isinstance(manifest.get("classes"), list | None):
        raise ModelError(f"{file}: its {MANIFEST} lacks metadata or classes; it is not a model file.")
    return manifest


def _classes(model: Any) -> list[Any] | None:
    """Return the labels a model tells apart; None where there are none, or none that JSON can hold."""
    classes: Any = getattr(model, "classes_", None)
    if not hasattr(classes, "tolist"):
        return None
    listed: list[Any] = classes.tolist()
    try:
        json.dumps(listed, allow_nan=False)
    except (TypeError, ValueError):
        return None
    return listed


def _versions() -> dict[str, str]:
    from ensemble_hwr import __version__

    packages = {package: version(package) for package in _PACKAGES}
    return {"ensemble_hwr": __version__, "python": platform.python_version(), **packages}
