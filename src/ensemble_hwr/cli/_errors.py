"""Start, exit codes, one-line error messages and interrupts of the command line."""

from __future__ import annotations

import errno
import gc
import io
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import takewhile

import click

from ensemble_hwr._writing import printable
from ensemble_hwr.exceptions import EnsembleHwrError

DONE, FAILED, USAGE, DOUBTFUL, INTERRUPTED = 0, 1, 2, 3, 130
_INTERRUPTED = threading.Event()
_ALONE = threading.Event()  # this process runs the command and nothing else
SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")  # Ctrl-C; timeout, systemd and docker stop; a closed terminal
SECONDS_TO_END = 8.0


class Interrupted(BaseException):
    """A signal that ends the command, such as Ctrl-C.

    Not a KeyboardInterrupt: MLPClassifier catches KeyboardInterrupt and ends its fit normally.

    Parameters
    ----------
    message : str
        What is printed.
    code : int
        Exit code: 128 and the number of the signal.
    """

    def __init__(self, message: str = "interrupted; no incomplete file is left", code: int = INTERRUPTED) -> None:
        super().__init__(message)
        self.code = code


def run(command: click.Command, arguments: Sequence[str]) -> int:
    """Run a command and return its exit code, also where it raises an exception.

    Parameters
    ----------
    command : click.Command
    arguments : sequence of str

    Returns
    -------
    int
        0 success, 1 failure, 2 wrong usage, 3 read, but perhaps wrongly, 130 interrupted, 143 terminated, 129 terminal
        closed.
    """
    _make_streams_tolerant()
    ended = threading.Event()
    try:
        with _interruptible(ended):
            code = command.main(list(arguments), prog_name="ensemble-hwr", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return USAGE if isinstance(error, click.UsageError) else FAILED
    except (Interrupted, click.Abort) as error:
        interrupt = error if isinstance(error, Interrupted) else Interrupted()
        _stop_workers()
        with suppress(OSError):  # a terminal that was closed
            echo(str(interrupt), err=True)
        return interrupt.code
    except Exception as error:  # any other exception becomes a one-line message here
        _print_exception(error, with_traceback="--traceback" in takewhile(_is_option, arguments))
        return FAILED
    finally:
        ended.set()
    return code if isinstance(code, int) else DONE


def runs_alone() -> None:
    """Record that this process runs the command and nothing else, so that `loading` may change garbage collection."""
    _ALONE.set()


@contextmanager
def loading() -> Iterator[None]:
    """Import modules and load models without garbage collection, and keep them out of later collections.

    Collections during the imports and at the exit take a third of the time in which a word is read. In a process that
    does other work, too, all its objects would be kept, so nothing is changed there.
    """
    if not _ALONE.is_set() or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def is_interrupted() -> bool:
    """Return whether a signal is ending the command, so that nothing but its message is to be printed."""
    return _INTERRUPTED.is_set()


def echo(text: str, *, err: bool = False) -> None:
    """Print text with its control characters escaped; line breaks and tabs are kept."""
    click.echo(printable(text, kept="\n\t\xa0"), err=err)


def report_error(message: str) -> None:
    """Print an error on standard error, in one line."""
    click.echo(f"error: {printable(message)}", err=True)


def report_warning(message: str) -> None:
    """Print a warning on standard error, in one line."""
    click.echo(f"warning: {printable(message)}", err=True)


def end_of_reading(n_errors: int, n_doubtful: int, n_pictures: int) -> int:
    """Print on standard error how many of several pictures had errors or warnings; return the exit code."""
    counts = ((n_errors, "error"), (n_doubtful, "warning"))
    found = [f"{count} {name if count == 1 else f'{name}s'}" for count, name in counts if count]
    if found and n_pictures > 1:
        echo(f"{' and '.join(found)} in {n_pictures} pictures", err=True)
    return FAILED if n_errors else DOUBTFUL if n_doubtful else DONE


def _is_option(argument: str) -> bool:
    return argument.startswith("-")


def _print_exception(error: Exception, *, with_traceback: bool) -> None:
    if with_traceback:
        traceback.print_exception(error)
        return
    for line in _lines(error):
        report_error(line)


def _lines(error: Exception) -> list[str]:
    """Return one line per problem; an exception of another library is preceded by its type."""
    if isinstance(error, EnsembleHwrError):
        return str(error).splitlines() or [type(error).__name__]
    if isinstance(error, OSError) and error.filename:
        return [f"{error.filename}: {error.strerror or error}"]
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:  # errors of open streams carry no file name
        return [f"the output cannot be written ({error.strerror}); free some space or use another disk"]
    text = " ".join(str(error).split())
    return [f"{type(error).__name__}: {text} (--traceback prints where)"]


def _make_streams_tolerant() -> None:
    """Escape characters that the terminal's encoding lacks, and discard output to closed streams."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, io.TextIOWrapper(io.BufferedWriter(io.FileIO(os.devnull, "w"))))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


@contextmanager
def _interruptible(ended: threading.Event) -> Iterator[None]:
    """Raise Interrupted on the first Ctrl-C, SIGTERM or SIGHUP; a second one ends the process at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(number: int, _: object) -> None:
        for caught in before:
            signal.signal(caught, signal.SIG_DFL)
        _INTERRUPTED.set()
        threading.Thread(target=_end_at_last, args=(128 + number, ended), daemon=True).start()
        raise Interrupted(code=128 + number)

    _INTERRUPTED.clear()
    numbers = [getattr(signal, name) for name in SIGNALS if hasattr(signal, name)]
    caught = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]  # nohup ignores SIGHUP
    before = {number: signal.signal(number, interrupt) for number in caught}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end_at_last(code: int, ended: threading.Event) -> None:
    """End this process if an interrupt has not ended the command after some seconds, as where a library hangs."""
    if not ended.wait(SECONDS_TO_END):
        os._exit(code)  # its workers end with it


def _stop_workers() -> None:
    """End the worker processes that joblib keeps for later calls."""
    if "joblib" in sys.modules:
        from ensemble_hwr._processes import stop_workers

        stop_workers()
