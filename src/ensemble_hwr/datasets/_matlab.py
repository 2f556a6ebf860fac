"""Read arrays and structs of numbers from a MATLAB file of version 5, in memory bounded by the file.

``scipy.io.loadmat`` reads more, but a damaged file can end its process, or make it reserve any amount of memory.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Value: TypeAlias = "NDArray[Any] | Mapping[str, Value]"

HEADER = 128
MAX_BYTES = 1_000_000 * 800  # a split of EMNIST has up to 814,255 images of 784 bytes
MAX_DEPTH = 4  # structs within structs
_STORED = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_MATRIX, _COMPRESSED = 14, 15  # types of elements
_STRUCT = 2  # classes of matrices
_NUMBERS = dict(zip(range(6, 16), ("f8", "f4", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"), strict=True))
_COMPLEX = 0x08


class MatlabError(ValueError):
    """The bytes are not those of a MATLAB file, or of one with other contents than arrays and structs."""


def read_matlab(file: Path, name: str) -> Value:
    """Read one variable of a MATLAB file.

    Parameters
    ----------
    file : Path
    name : str
        Name of the variable.

    Returns
    -------
    ndarray, or dict of str to ndarray or dict
        A struct is a dict. Arrays have the shape and the dtype that the file declares.

    Raises
    ------
    MatlabError
        If the file is damaged, has no such variable, or it has contents other than arrays of numbers and structs.
    OSError
        If the file cannot be read.
    """
    data = memoryview(file.read_bytes())
    order = {b"IM": "<", b"MI": ">"}.get(bytes(data[126:HEADER]))
    if order is None:
        raise MatlabError("it does not begin with the header of a MATLAB file of version 5")
    parser = _Parser(order)
    names = []
    for kind, content in parser.elements(data[HEADER:]):
        matrix = _inflate(content, parser) if kind == _COMPRESSED else content
        if kind not in (_MATRIX, _COMPRESSED):
            continue
        found, value = parser.matrix(matrix, name)
        if found == name:
            return value
        names.append(found)
    raise MatlabError(f"no variable {name!r}; it has {', '.join(map(repr, names)) or 'none'}")


class _Parser:
    """Functions that need the order of bytes in the file: "<" or ">"."""

    def __init__(self, order: str) -> None:
        self.order = order

    def elements(self, data: memoryview) -> Iterator[tuple[int, memoryview]]:
        """Yield the type and the content of the elements in some bytes, one after the other."""
        at = 0
        while at < len(data):
            word, size = self._words(data, at)
            if word >> 16:  # type, size and up to four bytes of content in eight bytes
                kind, size, start, end = word & 0xFFFF, word >> 16, at + 4, at + 8
            else:
                kind, start = word, at + 8
                end = start + size + (0 if kind == _COMPRESSED else -size % 8)
            if size > (4 if end == at + 8 and start == at + 4 else len(data) - start):
                raise MatlabError(f"an element of {size} bytes ends after {len(data) - start}")
            yield kind, data[start : start + size]
            at = end

    def matrix(self, data: memoryview, wanted: str | None = None, depth: int = 0) -> tuple[str, Value]:
        """Return the name and the value of a matrix; the value is empty if another name is wanted."""
        parts = self.elements(data)
        flags = self._numbers(*_next(parts), "u4")
        shape = tuple(self._numbers(*_next(parts), "i4").tolist())
        name = bytes(_next(parts)[1]).decode("latin-1")
        if wanted is not None and name != wanted:
            return name, {}
        if len(flags) < 1 or len(shape) < 2 or min(shape) < 0:
            raise MatlabError("a matrix without class or shape")
        kind, is_complex = int(flags[0]) & 0xFF, int(flags[0]) >> 8 & _COMPLEX
        if kind == _STRUCT and shape == (1, 1) and depth < MAX_DEPTH:
            return name, self._struct(parts, depth)
        if kind not in _NUMBERS or is_complex:
            raise MatlabError(f"{name or 'a field'!r} is no array of real numbers and no single struct")
        values = self._numbers(*_next(parts), _NUMBERS[kind])
        if values.size != int(np.prod(shape, dtype=object)):
            raise MatlabError(f"{values.size} numbers for the shape {shape}")
        return name, values.reshape(shape, order="F")

    def _struct(self, parts: Iterator[tuple[int, memoryview]], depth: int) -> dict[str, Value]:
        length = self._numbers(*_next(parts), "i4").tolist()
        names = bytes(_next(parts)[1])
        if len(length) != 1 or length[0] < 1:
            raise MatlabError("a struct without field names")
        size = length[0]
        fields = [names[i : i + size].partition(b"\0")[0].decode("latin-1") for i in range(0, len(names), size)]
        found: dict[str, Value] = {}
        for field in fields:
            kind, content = _next(parts)
            if kind != _MATRIX:
                raise MatlabError(f"field {field!r} is no matrix")
            found[field] = self.matrix(content, depth=depth + 1)[1]
        return found

    def _words(self, data: memoryview, at: int) -> tuple[int, int]:
        if at + 8 > len(data):
            raise MatlabError("it ends within an element")
        first, second = np.frombuffer(data[at : at + 8], f"{self.order}u4").tolist()
        return first, second

    def _numbers(self, kind: int, content: memoryview, dtype: str) -> NDArray[Any]:
        stored = _STORED.get(kind)
        if stored is None or len(content) % int(stored[1]):
            raise MatlabError(f"{len(content)} bytes of type {kind} where numbers are expected")
        return np.frombuffer(content, f"{self.order}{stored}").astype(dtype, copy=False)


def _next(parts: Iterator[tuple[int, memoryview]]) -> tuple[int, memoryview]:
    try:
        return next(parts)
    except StopIteration:
        raise MatlabError("a matrix that ends too early") from None


def _inflate(content: memoryview, parser: _Parser) -> memoryview:
    """Return the content of the matrix in a compressed element."""
    stream = zlib.decompressobj()
    try:
        raw = stream.decompress(content, MAX_BYTES)
    except zlib.error as error:
        raise MatlabError(f"damaged compression, {error}") from error
    if stream.unconsumed_tail:
        raise MatlabError(f"a variable of more than {MAX_BYTES:,} bytes")
    kind, matrix = _next(parser.elements(memoryview(raw)))
    if kind != _MATRIX:
        raise MatlabError("a compressed element that is no matrix")
    return matrix
