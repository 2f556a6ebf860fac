"""Errors a user can meet, each with one sentence that says what was got, what is allowed and what to do."""

from typing import Self


class EnsembleHwrError(Exception):
    """Base of every error this library raises on purpose.

    Examples
    --------
    >>> from ensemble_hwr.exceptions import EnsembleHwrError, PictureError
    >>> issubclass(PictureError, EnsembleHwrError)
    True
    """


class PictureError(EnsembleHwrError, ValueError):
    """A picture that cannot be opened, or in which no ink can be found."""


class HierarchyError(EnsembleHwrError, ValueError):
    """Groups or confusable sets that do not fit the classes."""


class DataError(EnsembleHwrError, ValueError):
    """Letters on disk that are not in the form they should have."""


class DownloadError(EnsembleHwrError, OSError):
    """A data set that could not be fetched whole and unchanged."""


class ConfigError(EnsembleHwrError, ValueError):
    """A config file with a key or a value that is not allowed."""


class ModelError(EnsembleHwrError, ValueError):
    """A model file that cannot be read, or must not be trusted."""


class FittingError(EnsembleHwrError, RuntimeError):
    """Members that could not be fitted: a process was killed, or there was no room."""


class DisplayError(EnsembleHwrError, RuntimeError):
    """No window can be opened: there is no screen, or no tkinter."""


class MissingExtraError(EnsembleHwrError, ImportError):
    """An optional package is missing; the message names the extra to install."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(
            f"{package} is not installed; install it with: pip install 'ensemble_hwr[{extra}]'", name=package
        )
        self.extra = extra

    def __reduce__(self) -> tuple[type[Self], tuple[str | None, str]]:
        return type(self), (self.name, self.extra)  # so that it can come back from a worker process
