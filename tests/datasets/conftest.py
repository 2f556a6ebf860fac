"""Fixtures that write data sets in their published file formats."""

import gzip
import io
import os
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


def idx_bytes(array):
    array = np.asarray(array, np.uint8)
    return bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def png_bytes(shade=0, size=128):
    stream = io.BytesIO()
    Image.fromarray(np.full((size, size), shade, np.uint8)).save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture
def to_idx():
    return idx_bytes


@pytest.fixture
def to_png():
    return png_bytes


@pytest.fixture
def emnist_parts():
    """Labels and upright images of each part of a small split."""

    def make(labels_train, labels_test, seed=0):
        rng = np.random.default_rng(seed)
        labels = {"train": np.asarray(labels_train, np.uint8), "test": np.asarray(labels_test, np.uint8)}
        return {part: (y, rng.integers(0, 256, (len(y), 28, 28), np.uint8)) for part, y in labels.items()}

    return make


@pytest.fixture
def emnist_bytes():
    """The idx files of a split by name, with images stored column by column as in EMNIST."""

    def make(split, parts):
        files = {}
        for part, (labels, images) in parts.items():
            files[f"emnist-{split}-{part}-labels-idx1-ubyte"] = idx_bytes(labels)
            files[f"emnist-{split}-{part}-images-idx3-ubyte"] = idx_bytes(images.transpose(0, 2, 1))
        return files

    return make


@pytest.fixture
def emnist_zip(tmp_path, emnist_bytes):
    """A small gzip.zip with the layout of the published one."""

    def make(split, parts, name="gzip.zip"):
        path = tmp_path / name
        with zipfile.ZipFile(path, "w") as archive:
            for member, raw in emnist_bytes(split, parts).items():
                archive.writestr(f"gzip/{member}.gz", gzip.compress(raw))
        return path

    return make


@pytest.fixture(scope="session")
def shared_letters():
    """The folder of real letters, or skip."""
    root = Path(os.environ.get("ENSEMBLE_HWR_DATA", Path(__file__).parents[3] / "shared" / "data"))
    folder = root / "letters"
    if not (folder / "index.csv").is_file():
        pytest.skip(f"real letters not found at {folder}; set ENSEMBLE_HWR_DATA to the folder that holds letters/")
    return folder
