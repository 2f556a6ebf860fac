"""Deadlines of pictures: loops over what a picture holds end with a clear error when its time is over.

Time is compared inside the loops, without signals and without threads, so that deadlines work in every thread and leave
nothing behind. It is the time of the processor, which other programs on a busy machine do not shorten.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple, TypeVar

from ensemble_hwr.exceptions import PictureError

SECONDS = 10.0
"""Default processor time for one picture, in seconds."""

Item = TypeVar("Item")
Name = Callable[[], str]


class _End(NamedTuple):
    """End of the time of a picture.

    Attributes
    ----------
    time : float
        Processor time of the thread.
    earliest : float
        Reading of the monotonic clock before which it cannot come; that clock is much faster to read.
    seconds : float
    name : callable or None
        Returns the description of the picture.
    """

    time: float
    earliest: float
    seconds: float
    name: Name | None


_END: ContextVar[_End | None] = ContextVar("end", default=None)


@contextmanager
def deadline(seconds: float | None, name: Name | None = None, *, used: float = 0.0) -> Iterator[None]:
    """Limit the time of the block; within another deadline, the earlier end counts.

    Parameters
    ----------
    seconds : float or None
        None sets no limit.
    name : callable, optional
        Returns the description of the picture, for the error message.
    used : float, default=0.0
        Seconds that were used before the block.

    Examples
    --------
    >>> from ensemble_hwr._deadlines import check_time, deadline
    >>> with deadline(60):
    ...     check_time()
    """
    outer = _END.get()
    end = outer
    if seconds is not None:
        left = seconds - used
        end = _End(time.thread_time() + left, time.monotonic() + left, seconds, name)
    if outer is not None and end is not None and outer.time <= end.time:
        end = outer
    token = _END.set(end)
    try:
        yield
    finally:
        _END.reset(token)


def check_time() -> None:
    """Raise an error if the time of the picture is over.

    Raises
    ------
    PictureError
        If it is.
    """
    end = _END.get()
    if end is not None and time.monotonic() > end.earliest and time.thread_time() > end.time:
        picture = "" if end.name is None else f"{end.name()}: "
        raise PictureError(
            f"{picture}reading it takes longer than {end.seconds:g} seconds, so it holds more than writing or is very "
            "large; give a smaller part of it or a longer timeout"
        )


def timed(items: Iterable[Item]) -> Iterator[Item]:
    """Yield items as long as there is time.

    Parameters
    ----------
    items : iterable

    Yields
    ------
    object

    Raises
    ------
    PictureError
        If the time of the picture is over.

    Examples
    --------
    >>> from ensemble_hwr._deadlines import timed
    >>> list(timed("AB"))
    ['A', 'B']
    """
    for item in items:
        check_time()
        yield item
