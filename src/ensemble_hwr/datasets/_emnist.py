"""EMNIST: letters and digits of NIST Special Database 19 as 28x28 images (Cohen et al., 2017)."""

from __future__ import annotations

import string
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr._typing import PathLike
from ensemble_hwr.datasets._files import require_choice
from ensemble_hwr.datasets._idx import open_idx, read_images, read_labels, righted
from ensemble_hwr.datasets._letters import PIXELS, LetterSet, concatenate
from ensemble_hwr.exceptions import DataError

_UNMERGED = "abdefghnqrt"
CHARACTERS = {  # what each split's labels mean, from label 0 on; "" is no label
    "letters": ("", *string.ascii_uppercase),
    "byclass": tuple(string.digits + string.ascii_uppercase + string.ascii_lowercase),
    "bymerge": tuple(string.digits + string.ascii_uppercase + _UNMERGED),
    "balanced": tuple(string.digits + string.ascii_uppercase + _UNMERGED),
}
SUBSETS = ("all", "train", "test")


def load_emnist(
    path: PathLike, split: str = "letters", *, subset: str = "all", uppercase_only: bool = False
) -> LetterSet:
    """Load one split of EMNIST from its idx files, bare, gzipped or still in ``gzip.zip``, or its .mat file.

    EMNIST's files hold each image column by column; here they are turned upright.

    Parameters
    ----------
    path : path-like
        The folder that holds ``emnist-letters-train-images-idx3-ubyte`` (or the same with ``.gz``, also in a folder
        named ``gzip``) or ``emnist-letters.mat``; the archive ``gzip.zip`` as published; or one .mat file.
    split : {"letters", "byclass", "bymerge", "balanced"}, default="letters"
        - "letters": A-Z, upper and lower case under one label, written here as uppercase;
        - "byclass": digits, uppercase and lowercase, 62 labels, as uneven as people write;
        - "bymerge": the same images, with the lowercase of C I J K L M O P S U V W X Y Z, which looks the same,
          put to the uppercase, 47 labels;
        - "balanced": as "bymerge", with equally many of each label.
    subset : {"all", "train", "test"}, default="all"
        Which part of the split EMNIST prescribes.
    uppercase_only : bool, default=False
        Leave out digits and lowercase. Exact for "byclass". In "bymerge" and "balanced" the fifteen merged letters
        above still contain lowercase ones. Impossible, and refused, for "letters".

    Returns
    -------
    LetterSet
        Rows of uint8, ``split`` as prescribed, ``writer`` where the file has it (.mat only).

    Raises
    ------
    DataError
        When a file is missing, cut short or inconsistent.

    References
    ----------
    G. Cohen, S. Afshar, J. Tapson, A. van Schaik, "EMNIST: extending MNIST to handwritten letters", IJCNN 2017.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from ensemble_hwr.datasets import load_emnist
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     labels = pathlib.Path(folder, "emnist-letters-test-labels-idx1-ubyte")
    ...     _ = labels.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 2, 1, 26]))
    ...     images = pathlib.Path(folder, "emnist-letters-test-images-idx3-ubyte")
    ...     _ = images.write_bytes(bytes([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 28, 0, 0, 0, 28]) + bytes(2 * 784))
    ...     load_emnist(folder, "letters", subset="test").target.tolist()
    ['A', 'Z']
    """
    require_choice(split, tuple(CHARACTERS), "split")
    require_choice(subset, SUBSETS, "subset")
    if uppercase_only and split == "letters":
        raise DataError(
            "split 'letters' has both cases under one label, so uppercase_only cannot be had; use split='byclass'"
        )
    folder = Path(path).expanduser()
    if not folder.exists():
        raise DataError(f"{folder}: no such file or folder; expected EMNIST's folder, gzip.zip or .mat file")
    wanted = ("train", "test") if subset == "all" else (subset,)
    mat = _find_mat(folder, split)
    if mat is not None:
        return _load_mat(mat, split, wanted, uppercase_only)
    return _load_idx(folder, split, wanted, uppercase_only)


def _find_mat(path: Path, split: str) -> Path | None:
    if path.is_file():
        return path if path.suffix.lower() == ".mat" else None
    places = (path / f"emnist-{split}.mat", path / "matlab" / f"emnist-{split}.mat")
    return next((file for file in places if file.is_file()), None)


def _load_idx(path: Path, split: str, wanted: tuple[str, ...], uppercase_only: bool) -> LetterSet:
    targets, keeps = [], []
    for part in wanted:
        with open_idx(path, f"emnist-{split}-{part}-labels-idx1-ubyte") as (stream, where):
            labels = read_labels(stream, where)
        keep, target = _characters(labels, split, uppercase_only, where)
        keeps.append(keep)
        targets.append(target)
    data = np.empty((sum(map(len, targets)), PIXELS), np.uint8)
    start = 0
    for part, keep, target in zip(wanted, keeps, targets, strict=True):
        with open_idx(path, f"emnist-{split}-{part}-images-idx3-ubyte") as (stream, where):
            read_images(stream, where, keep, data[start : start + len(target)])
        start += len(target)
    part_of = np.repeat(wanted, [len(target) for target in targets])
    return LetterSet(data, np.concatenate(targets), split=part_of, name=f"emnist-{split}")


def _load_mat(file: Path, split: str, wanted: tuple[str, ...], uppercase_only: bool) -> LetterSet:
    from scipy.io import loadmat

    try:
        parts = loadmat(file, variable_names=["dataset"], simplify_cells=True)["dataset"]
        fields = {part: {key: np.asarray(value) for key, value in parts[part].items()} for part in wanted}
    except Exception as error:  # the reader has no error of its own: a broken file raises whatever it led to
        raise DataError(f"{file}: cannot be read as EMNIST's .mat file ({error}); fetch it again") from error
    loaded = [_mat_part(f"{file}: dataset.{part}", part, split, uppercase_only, fields[part]) for part in wanted]
    return concatenate(loaded, name=f"emnist-{split}")


def _mat_part(where: str, part: str, split: str, uppercase_only: bool, fields: dict[str, NDArray[Any]]) -> LetterSet:
    missing = {"images", "labels"} - set(fields)
    if missing:
        raise DataError(f"{where}: no field {missing.pop()!r}; expected images and labels")
    images, labels = fields["images"], fields["labels"].reshape(-1)
    if images.dtype != np.uint8 or images.size != len(labels) * PIXELS:
        raise DataError(
            f"{where}: images of shape {images.shape} and dtype {images.dtype} for {len(labels)} labels; "
            f"expected ({len(labels)}, {PIXELS}) uint8"
        )
    keep, target = _characters(labels, split, uppercase_only, where)
    writers = fields["writers"].reshape(-1) if "writers" in fields else None
    if writers is not None and len(writers) != len(labels):
        raise DataError(f"{where}: {len(writers)} writers for {len(labels)} labels")
    return LetterSet(
        righted(images.reshape(-1, PIXELS)[keep]),
        target,
        writer=None if writers is None else writers[keep].astype(np.str_),
        split=np.full(len(target), part),
    )


def _characters(
    labels: NDArray[Any], split: str, uppercase_only: bool, where: str
) -> tuple[NDArray[np.bool_], NDArray[np.str_]]:
    """Return which images to keep, and the characters of those."""
    characters = np.array(CHARACTERS[split])
    lowest = int(characters[0] == "")
    wrong = np.flatnonzero((labels < lowest) | (labels >= len(characters)))
    if labels.dtype.kind not in "ui" or len(wrong):
        got = f"label {labels[wrong[0]]} at {wrong[0]}" if len(wrong) else f"labels of dtype {labels.dtype}"
        raise DataError(f"{where}: {got}; split {split!r} has labels {lowest} to {len(characters) - 1}")
    target = characters[labels]
    keep = np.isin(target, list(string.ascii_uppercase)) if uppercase_only else np.ones(len(target), np.bool_)
    return keep, target[keep]
