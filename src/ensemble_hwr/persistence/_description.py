"""The description of a model within its file: which objects are built of which parts, checked before any is built.

It is JSON in the format of skops: a tree of nodes with a loader, a type, an id and a content, whose arrays are other
parts of the archive in the format of NumPy.
"""

from __future__ import annotations

import json
import math
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import BytesIO
from typing import Any

import numpy as np

from ensemble_hwr.persistence._schemas import CONTAINERS, SCHEMAS, SPLITTERS

DESCRIPTION = "schema.json"
PROTOCOL = 2  # of skops; nodes of older ones have other loaders
MAX_MARKS = 400_000  # brackets and commas; the description of a shipped model has 40,000
_MAX_LENGTH = 10_000_000  # bytes
_MAX_EMPTY = 10_000  # greatest dimension of an array without elements
_HEADER_BYTES = 1000  # the header of an array of NumPy has about 120
_MAX_TEXT = 1000  # characters of a text in an array
_OBJECTS = SCHEMAS.keys() | SPLITTERS
_PRIMITIVES = {f"builtins.{name}" for name in ("str", "int", "float", "bool", "NoneType")}
_SCALARS = {
    f"numpy.{name}"
    for name in (
        *("bool", "bool_", "str_", "float16", "float32", "float64"),
        *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)),
    )
}
_LOADERS: Mapping[str, frozenset[str]] = {  # types that each loader of skops may build
    "ObjectNode": frozenset(_OBJECTS),
    "DictNode": CONTAINERS,
    "ListNode": CONTAINERS,
    "TupleNode": CONTAINERS,
    "JsonNode": frozenset(_PRIMITIVES),
    "TypeNode": frozenset(_PRIMITIVES | _SCALARS | SPLITTERS),
    "NdArrayNode": frozenset({"numpy.ndarray", *_SCALARS}),
    "MaskedArrayNode": frozenset({"numpy.ma.MaskedArray", "numpy.ma.core.MaskedArray"}),
}
_TRAINING_STATE = ("_loss_function_", "_optimizer", "_random_state")  # attributes that are left out on loading


class DescriptionError(ValueError):
    """A description, or an array that it names, is not that of a saved model."""


class UntrustedTypes(Exception):
    """A description names types that are not built."""


def read_description(archive: zipfile.ZipFile) -> dict[str, Any]:
    """Return the description of a model, bounded in length and in the number of its objects."""
    text = archive.read(DESCRIPTION)
    marks = sum(text.count(mark) for mark in (b"[", b"{", b","))
    if len(text) > _MAX_LENGTH or marks > MAX_MARKS:
        raise DescriptionError(f"its description has {len(text):,} bytes and {marks:,} objects, more than any model")
    description = json.loads(text)
    if not isinstance(description, dict) or description.get("protocol") != PROTOCOL:
        raise DescriptionError(f"its description is not of protocol {PROTOCOL} of skops; save the model again")
    return description


def check_nodes(nodes: Sequence[dict[str, Any]], archive: zipfile.ZipFile) -> None:
    """Raise an error for types that are not built, and for arrays that are not as long as their headers state."""
    if any(node["__loader__"] == "SparseMatrixNode" for node in nodes):
        raise DescriptionError("it holds a sparse matrix, which is compressed; use members of dense arrays")
    untrusted = {type_of(node) for node in nodes if type_of(node) not in _LOADERS.get(node["__loader__"], ())}
    if untrusted:
        raise UntrustedTypes(", ".join(sorted(untrusted)))
    numbers: dict[str, Any] = {}
    for node in nodes:
        number = node.get("__id__")
        if type(number) is not int or number < 1:
            raise DescriptionError(f"a {node['__class__']} has the number {str(number)[:40]!r}; numbers begin at 1")
        if node["__loader__"] == "JsonNode" and not isinstance(node.get("content"), str):
            raise DescriptionError("a value of its description is not text")
        if node["__loader__"] == "NdArrayNode":
            _check_array_node(node, number, numbers, archive)


def _check_array_node(node: Mapping[str, Any], number: int, numbers: dict[str, int], archive: zipfile.ZipFile) -> None:
    """Check the part of an array; one part is one array, which is built once."""
    if node.get("type") == "json":
        if type_of(node) != "numpy.ndarray" or any(_loader(item) != "JsonNode" for item in node.get("content", ())):
            raise DescriptionError("it holds an array of objects; only arrays of texts and numbers are loaded")
        return
    name = node.get("file")
    if not isinstance(name, str):
        raise DescriptionError("an array has no part of the file")
    if numbers.get(name) == number:
        return
    if numbers.setdefault(name, number) != number:
        raise DescriptionError(f"it builds its part {name!r} more than once, as no saved model does")
    with archive.open(name) as stream:
        check_header(stream.read(_HEADER_BYTES), archive.getinfo(name).file_size, type_of(node) != "numpy.ndarray")


def check_header(start: bytes, size: int, scalar: bool) -> None:
    """Raise an error unless the header of an array is plain and fits the size of its part."""
    stream = BytesIO(start)
    version = np.lib.format.read_magic(stream)
    if version not in ((1, 0), (2, 0)):
        raise DescriptionError(f"an array is of version {version} of the format")
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(stream)
    wide = dtype.itemsize > (4 * _MAX_TEXT if dtype.kind == "U" else 8)
    if dtype.kind not in "biufU" or dtype.names or dtype.subdtype or wide:
        raise DescriptionError(f"an array has the dtype {dtype}, which no saved model has")
    if scalar and shape != ():
        raise DescriptionError(f"a number has the shape {shape}")
    if size != stream.tell() + math.prod(shape) * dtype.itemsize or any(side < 0 for side in shape):
        raise DescriptionError(f"an array of shape {shape} and dtype {dtype} is not as long as its header states")
    if max(shape, default=0) > max(_MAX_EMPTY, size):
        raise DescriptionError(f"an array has the shape {shape}, but no elements")


def prepare(nodes: Iterable[dict[str, Any]], renamed: Mapping[str, str]) -> bool:
    """Give types their present names and leave out what only training needs; return whether anything was changed."""
    changed = False
    for node in nodes:
        present = renamed.get(type_of(node))
        if present is not None:
            node["__module__"], _, node["__class__"] = present.rpartition(".")
            changed = True
        attributes = node.get("content") if node["__loader__"] == "ObjectNode" else None
        state = attributes.get("content") if isinstance(attributes, dict) else None
        if isinstance(attributes, dict) and isinstance(state, dict):
            for name in filter(state.__contains__, _TRAINING_STATE):
                changed = True
                _remove(attributes, name)
    return changed


def _remove(attributes: dict[str, Any], name: str) -> None:
    """Remove an attribute of an object: its value, and the type of its name."""
    place = list(attributes["content"]).index(name)
    del attributes["content"][name]
    types = attributes.get("key_types", {}).get("content")
    if isinstance(types, list) and place < len(types):
        del types[place]


def renumber(description: dict[str, Any], parts: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return parts whose objects are numbered by their order, not by addresses: equal models give equal bytes."""
    numbers: dict[Any, int] = {}
    files: dict[str, str] = {}
    for node in nodes_of(description):
        plain = node["__loader__"] in ("JsonNode", "TypeNode")  # equal values are one object, whatever their addresses
        key = (node["__loader__"], type_of(node), node.get("content")) if plain else node["__id__"]
        node["__id__"] = numbers.setdefault(key, len(numbers) + 1)
        if isinstance(node.get("file"), str):
            node["file"] = files.setdefault(node["file"], f"{len(files) + 1}.npy")
    content = {new: parts[old] for old, new in files.items()}
    return {**content, DESCRIPTION: json.dumps(description, separators=(",", ":")).encode()}


def nodes_of(description: Any) -> Iterator[dict[str, Any]]:
    """Yield all nodes of a description in its order."""
    waiting: list[Any] = [description]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            if "__loader__" in part:
                if not isinstance(part["__loader__"], str):
                    raise DescriptionError("a node of its description has no loader")
                yield part
            waiting += reversed(part.values())
        elif isinstance(part, list):
            waiting += reversed(part)


def type_of(node: Mapping[str, Any]) -> str:
    """Return the qualified name of the type of a node."""
    return f"{node.get('__module__')}.{node.get('__class__')}"


def _loader(node: Any) -> Any:
    return node.get("__loader__") if isinstance(node, dict) else None
