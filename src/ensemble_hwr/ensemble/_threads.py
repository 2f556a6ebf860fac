"""One thread of BLAS and OpenMP while anybody fits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import local

from threadpoolctl import threadpool_limits

_here = local()  # each Python thread has its own number of OpenMP threads


@contextmanager
def one_thread() -> Iterator[None]:
    """Let BLAS and OpenMP use one thread while the block runs.

    A block within another costs nothing: to look for the libraries takes as long as to fit a small member.
    """
    if getattr(_here, "limited", False):
        yield
        return
    _here.limited = True
    try:
        with threadpool_limits(1):
            yield
    finally:
        _here.limited = False
