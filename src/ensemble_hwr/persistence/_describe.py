"""What the shipped models are, told from their manifests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ensemble_hwr._typing import PathLike
from ensemble_hwr.persistence._files import read_manifest
from ensemble_hwr.persistence._shipped import locate_model, shipped_files


@dataclass(frozen=True)
class ModelInfo:
    """What a model file says of itself.

    Attributes
    ----------
    name : str
        The shipped model's name, or the file's.
    file : Path
        Where it is.
    size : int
        Bytes of the file.
    classes : tuple
        What it tells apart.
    trained_on : dict of str to int
        Letters that it learned from, by source; empty where the file does not say.
    figures : dict
        What it reached on letters it did not learn from, as ``ensemble-hwr train`` measured it; empty where the file
        does not say.
    manifest : dict
        Everything, as `read_manifest` returns it.
    """

    name: str
    file: Path
    size: int
    classes: tuple[Any, ...]
    trained_on: dict[str, int]
    figures: dict[str, Any]
    manifest: dict[str, Any]


def available_models() -> list[ModelInfo]:
    """List the models that come with the library.

    Returns
    -------
    list of ModelInfo
        By name; each can be read with ``load_model(name)``.

    Examples
    --------
    >>> from ensemble_hwr import available_models
    >>> for model in available_models():
    ...     assert len(model.classes) > 1, model.name
    """
    return [describe_model(name) for name in shipped_files()]


def describe_model(model: PathLike) -> ModelInfo:
    """Tell what a shipped model or a model file is, without building it.

    Parameters
    ----------
    model : str or path
        As `load_model` takes it.

    Returns
    -------
    ModelInfo

    Raises
    ------
    ModelError
        As `load_model` does.
    """
    file, manifest = locate_model(model), read_manifest(model)
    metadata = manifest.get("metadata") or {}
    return ModelInfo(
        name=str(model) if isinstance(model, str) and model in shipped_files() else file.name,
        file=file,
        size=file.stat().st_size,
        classes=tuple(manifest.get("classes") or ()),
        trained_on=dict(metadata.get("trained_on") or {}),
        figures=dict(metadata.get("figures") or {}),
        manifest=manifest,
    )
