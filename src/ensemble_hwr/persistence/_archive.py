"""The file itself: a zip archive in which nothing is compressed, read whole and written whole."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

from ensemble_hwr._writing import whole_files
from ensemble_hwr.exceptions import ModelError

MANIFEST = "manifest.json"
MODEL = "model.skops"


def pack(content: Mapping[str, bytes]) -> bytes:
    """Make an archive; the same content gives the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, data in content.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data)
    return buffer.getvalue()


def unpack(file: Path) -> dict[str, bytes]:
    """Read the archive; since nothing in it may be compressed, it takes no more memory than the file is long."""
    try:
        if file.exists() and not file.is_file():
            raise ModelError(f"{file}: cannot be read, it is not a file; give the name of a model file.")
        with zipfile.ZipFile(file) as archive:
            refuse_compression(archive, file)
            content = {name: archive.read(name) for name in (MANIFEST, MODEL) if name in archive.namelist()}
    except FileNotFoundError:
        raise ModelError(f"{file}: there is no such file.") from None
    except OSError as error:
        raise ModelError(f"{file}: cannot be read: {error.strerror or error}") from None
    except (zipfile.BadZipFile, EOFError, ValueError, NotImplementedError, RuntimeError) as error:
        if isinstance(error, ModelError):
            raise
        raise ModelError(f"{file}: is not a model file, or was cut short: {error}.") from None
    missing = [name for name in (MANIFEST, MODEL) if name not in content]
    if missing:
        raise ModelError(f"{file}: is not a model file; it lacks {' and '.join(missing)}.")
    return content


def refuse_compression(archive: zipfile.ZipFile, file: Path) -> None:
    """Refuse an archive that could swell; `file` is what the message calls it."""
    for part in archive.infolist():
        if part.compress_type != zipfile.ZIP_STORED or part.file_size != part.compress_size:
            raise ModelError(f"{file}: {part.filename!r} in it is compressed; model files are not, save it again.")


def write_atomically(file: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    try:
        with whole_files(file) as (stream,):
            stream.write(data)
    except OSError as error:
        raise ModelError(f"{file}: cannot be written: {error.strerror or error}") from None
