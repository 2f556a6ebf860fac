"""Exceptions of the library; each message has the value found, the values allowed and the remedy."""

from typing import Self


class EnsembleHwrError(Exception):
    """Base class of all exceptions that the library defines.

    Examples
    --------
    >>> from ensemble_hwr.exceptions import EnsembleHwrError, PictureError
    >>> issubclass(PictureError, EnsembleHwrError)
    True
    """


class PictureError(EnsembleHwrError, ValueError):
    """A picture cannot be opened, or no ink is found in it."""


class HierarchyError(EnsembleHwrError, ValueError):
    """Groups, confusable sets or members do not fit the classes."""


class DataError(EnsembleHwrError, ValueError):
    """A data set on disk is not in the expected format."""


class DownloadError(EnsembleHwrError, OSError):
    """A data set could not be downloaded, or its checksum is wrong."""


class ConfigError(EnsembleHwrError, ValueError):
    """A config has a key or a value that is not allowed."""


class ModelError(EnsembleHwrError, ValueError):
    """A model file cannot be read or written, or holds types that are not trusted."""


class FittingError(EnsembleHwrError, RuntimeError):
    """Members could not be fitted: a process was killed, or memory or disk space ran out."""


class DisplayError(EnsembleHwrError, RuntimeError):
    """No window can be opened: there is no display, or tkinter is not installed."""


class MissingExtraError(EnsembleHwrError, ImportError):
    """An optional package is not installed; the message names the extra that installs it."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(
            f"{package} is not installed; install it with: pip install 'ensemble_hwr[{extra}]'", name=package
        )
        self.extra = extra

    def __reduce__(self) -> tuple[type[Self], tuple[str | None, str]]:
        return type(self), (self.name, self.extra)  # so that it can be sent from a worker process
