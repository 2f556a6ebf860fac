"""The models that come with the library: where they are, and which file a name means."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ensemble_hwr.exceptions import ModelError

if TYPE_CHECKING:
    from ensemble_hwr._typing import PathLike

SHIPPED = "az"  # what is read where nothing else is asked for
SUFFIX = ".model"
_PACKAGE = Path(__file__).parents[1]


def shipped_files() -> dict[str, Path]:
    """Return the files of the shipped models by name."""
    folder = shipped_folder()
    files = {place.name: place / f"{place.name}{SUFFIX}" for place in sorted(folder.glob("*"))}
    return {name: file for name, file in files.items() if file.is_file()}


def shipped_folder() -> Path:
    """Return the folder of the shipped models: beside the code where it is installed, at the top of a checkout."""
    checkout = _PACKAGE.parents[1]
    in_checkout = _PACKAGE.parent.name == "src" and (checkout / "pyproject.toml").is_file()
    return checkout / "models" if in_checkout else _PACKAGE / "models"


def is_shipped(file: Path) -> bool:
    """Say whether a file is a shipped model's."""
    return file in shipped_files().values()


def locate_model(model: PathLike) -> Path:
    """Return the file that a name or a path means.

    Parameters
    ----------
    model : str or path
        Text that is a shipped model's name means that model; anything else is a path.

    Raises
    ------
    ModelError
        When it is neither.
    """
    shipped = shipped_files()
    if isinstance(model, str) and model in shipped:
        return shipped[model]
    file = Path(model)
    try:
        file.stat()
    except (FileNotFoundError, NotADirectoryError):
        names = f"shipped are: {', '.join(shipped)}" if shipped else "no model is shipped with this installation"
        raise ModelError(f"{model}: there is no such file, nor a shipped model of that name ({names}).") from None
    except (OSError, ValueError):
        pass  # there is something, or the name is no file's: whoever opens it says what is wrong
    return file
