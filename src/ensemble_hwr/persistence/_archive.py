"""Model files as zip archives without compression, with a manifest that describes the model."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from ensemble_hwr._versions import package_versions
from ensemble_hwr._writing import whole_files
from ensemble_hwr.exceptions import ModelError

FORMAT = 1  # increase it when older files can no longer be read
MANIFEST = "manifest.json"
MODEL = "model.skops"
TRAINING_HASHES = "training_hashes.u8"  # absent from files of models that were not trained by `train`
PARTS = (MANIFEST, MODEL, TRAINING_HASHES)
MAX_SIZE = 150_000_000  # bytes of a file, which is held in memory three times while it is loaded
_MAX_DIRECTORY = 5_000_000  # bytes; a part of a model takes 50
_MAX_COMMENT = 1 << 16
_END, _END_OF_64_BITS, _END_LENGTH = b"PK\5\6", b"PK\6\7", 22  # of the directory of a zip archive
_MAX_MANIFEST = 5_000_000  # bytes
_PACKAGES = ("ensemble_hwr", "python", "scikit-learn", "numpy", "scipy", "skops")


def pack(content: Mapping[str, bytes]) -> bytes:
    """Return an archive; equal content gives equal bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, data in content.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data)
    return buffer.getvalue()


def unpack(file: Path, wanted: Collection[str] = (MANIFEST, MODEL)) -> dict[str, bytes]:
    """Return some parts of a model file; without compression they are no longer than the file."""
    try:
        if file.exists() and not file.is_file():
            raise ModelError(f"{file}: cannot be read, since it is not a regular file; give the path of a model file")
        size = file.stat().st_size
        if size > MAX_SIZE:
            raise ModelError(f"{file}: has {size:,} bytes; model files have at most {MAX_SIZE:,}")
        with open(file, "rb") as stream:
            refuse_long_directory(stream, file, size)
            archive = zipfile.ZipFile(stream)
            refuse_expansion(archive, file, size)
            if MANIFEST in wanted and MANIFEST in archive.namelist():
                _check_manifest_size(archive, file)
            names = archive.namelist()
            content = {name: archive.read(name) for name in PARTS if name in wanted and name in names}
    except FileNotFoundError:
        raise ModelError(f"{file}: there is no such file") from None
    except OSError as error:
        raise ModelError(f"{file}: cannot be read: {error.strerror or error}") from None
    except (zipfile.BadZipFile, EOFError, ValueError, NotImplementedError, RuntimeError) as error:
        if isinstance(error, ModelError):
            raise
        raise ModelError(f"{file}: is not a model file or is truncated: {error}") from None
    missing = [name for name in (MANIFEST, MODEL) if name not in names]
    if missing:
        raise ModelError(f"{file}: is not a model file, since it lacks {' and '.join(missing)}")
    return content


def refuse_long_directory(stream: BinaryIO, file: Path, size: int) -> None:
    """Raise ModelError for an archive with more entries than a model has parts, before they are read."""
    stream.seek(max(0, size - _END_LENGTH - _MAX_COMMENT))
    tail = stream.read()
    last = len(tail) - _END_LENGTH
    place = last if tail[last:].startswith(_END) and tail.endswith(b"\0\0") else tail.rfind(_END)
    length = int.from_bytes(tail[place + 12 : place + 16], "little") if place >= 0 else 0
    if length > _MAX_DIRECTORY or tail[max(0, place - 20) : place].startswith(_END_OF_64_BITS):
        raise ModelError(f"{file}: is not a model file, since its directory has {length:,} bytes")
    stream.seek(0)


def _check_manifest_size(archive: zipfile.ZipFile, file: Path) -> None:
    size = archive.getinfo(MANIFEST).file_size
    if size > _MAX_MANIFEST:
        raise ModelError(f"{file}: its {MANIFEST} has {size:,} bytes; at most {_MAX_MANIFEST:,} are read")


def refuse_expansion(archive: zipfile.ZipFile, file: Path, size: int) -> None:
    """Raise ModelError for an archive whose parts are compressed or overlap, and would be larger than the archive."""
    for part in archive.infolist():
        if part.compress_type != zipfile.ZIP_STORED or part.file_size != part.compress_size:
            raise ModelError(f"{file}: its part {part.filename!r} is compressed; save the model again")
    parts = sum(part.file_size for part in {part.header_offset: part for part in archive.infolist()}.values())
    if parts > size:
        raise ModelError(f"{file}: its parts overlap: they have {parts:,} bytes, the archive has {size:,}")


def write_atomically(file: Path, data: bytes) -> None:
    """Write a file completely or not at all."""
    try:
        with whole_files(file) as (stream,):
            stream.write(data)
    except OSError as error:
        raise ModelError(f"{file}: cannot be written: {error.strerror or error}") from None


def make_manifest(model: Any, data: bytes, metadata: Mapping[str, Any] | None, file: Path) -> bytes:
    """Return the manifest of a model: format, hash, type, classes, versions and the user's metadata."""
    manifest = {
        "format": FORMAT,
        "sha256": hashlib.sha256(data).hexdigest(),
        "type": type(model).__name__,
        "classes": classes_for_json(model),
        "versions": package_versions(_PACKAGES),
        "metadata": dict(metadata or {}),
    }
    try:
        return json.dumps(manifest, indent=2, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise ModelError(f"{file}: metadata must consist of types that JSON supports: {error}") from None


def parse_manifest(content: Mapping[str, bytes], file: Path) -> dict[str, Any]:
    """Return the manifest among the parts of a model file, checked."""
    try:
        manifest = json.loads(content[MANIFEST])
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{file}: its {MANIFEST} cannot be read: {error}") from None
    if not isinstance(manifest, dict) or "format" not in manifest:
        raise ModelError(f"{file}: is not a model file, since its {MANIFEST} has no format")
    if manifest["format"] != FORMAT:
        raise ModelError(
            f"{file}: has format {manifest['format']!r}, but this version of ensemble_hwr reads format {FORMAT}; "
            "install the version that saved it, or train the model again"
        )
    if not isinstance(manifest.get("sha256"), str) or not isinstance(manifest.get("versions"), dict):
        raise ModelError(f"{file}: is not a model file, since its {MANIFEST} lacks sha256 or versions")
    if not isinstance(manifest.get("metadata"), dict) or not isinstance(manifest.get("classes"), list | None):
        raise ModelError(f"{file}: is not a model file, since its {MANIFEST} lacks metadata or classes")
    return manifest


def classes_for_json(model: Any) -> list[Any] | None:
    """Return the classes of a model; None if there are none, or none that JSON can hold."""
    classes: Any = getattr(model, "classes_", None)
    if not hasattr(classes, "tolist"):
        return None
    listed: list[Any] = classes.tolist()
    try:
        json.dumps(listed, allow_nan=False)
    except (TypeError, ValueError):
        return None
    return listed
