"""How a command ends: exit codes, and errors of one line."""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import takewhile

import click

from ensemble_hwr.exceptions import EnsembleHwrError

DONE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130


class Interrupted(BaseException):
    """Ctrl-C. Not KeyboardInterrupt, which scikit-learn's MLPs take for an early end of training, and go on."""


def run(command: click.Command, arguments: Sequence[str]) -> int:
    """Run a command; return its exit code instead of raising.

    Parameters
    ----------
    command : click.Command
    arguments : sequence of str

    Returns
    -------
    int
        0 done, 1 failed, 2 wrong usage, 130 interrupted.
    """
    _print_anything()
    try:
        with _interruptible():
            code = command.main(list(arguments), prog_name="ensemble-hwr", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return USAGE if isinstance(error, click.UsageError) else FAILED
    except (Interrupted, click.Abort):
        _stop_workers()
        click.echo("interrupted; nothing was left half-written", err=True)
        return INTERRUPTED
    except Exception as error:  # the last place where an error can become a line
        return _failed(error, whole="--traceback" in takewhile(_is_option, arguments))
    return code if isinstance(code, int) else DONE


def _is_option(argument: str) -> bool:
    return argument.startswith("-")


def _failed(error: Exception, *, whole: bool) -> int:
    if whole:
        traceback.print_exception(error)
        return FAILED
    for line in _lines(error):
        click.echo(f"error: {line}", err=True)
    return FAILED


def _lines(error: Exception) -> list[str]:
    """Return a line for each problem; errors that are not ours also say what kind they are."""
    if isinstance(error, EnsembleHwrError):
        return str(error).splitlines() or [type(error).__name__]
    if isinstance(error, OSError) and error.filename:
        return [f"{error.filename}: {error.strerror or error}"]
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:  # of files that are being written, and of pipes
        return [f"what was being written cannot be ({error.strerror}); free some space, or write elsewhere"]
    text = " ".join(str(error).split())
    return [f"{type(error).__name__}: {text} (--traceback shows where)"]


def _print_anything() -> None:
    """Escape what a terminal cannot show, and let closed streams hear nothing, instead of failing over either."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, io.TextIOWrapper(io.BufferedWriter(io.FileIO(os.devnull, "w"))))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let the first Ctrl-C end the command in order, and a second one at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(*_: object) -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        raise Interrupted

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _stop_workers() -> None:
    """End the processes that joblib keeps for the next call, if there are any."""
    if "joblib" in sys.modules:
        from joblib.externals.loky import get_reusable_executor

        get_reusable_executor().shutdown(wait=False, kill_workers=True)
