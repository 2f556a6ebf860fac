"""A TOML file in, a checked config out."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ensemble_hwr.config._overrides import apply_overrides
from ensemble_hwr.config._problems import describe
from ensemble_hwr.config._schema import ExperimentConfig
from ensemble_hwr.exceptions import ConfigError

LONGEST = 1_000_000  # bytes


def load_config(path: str | os.PathLike[str], overrides: Iterable[str] = ()) -> ExperimentConfig:
    """Read an experiment from a TOML file.

    Parameters
    ----------
    path : path
        The file. Where the data are is read relative to its folder.
    overrides : iterable of str
        Settings to change, each as ``key.path=value``.

    Returns
    -------
    ExperimentConfig

    Raises
    ------
    ConfigError
        When the file cannot be read or says something that is not allowed. The message has a line for each
        problem: file, key, what was got and what is allowed.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from ensemble_hwr.config import load_config
    >>> text = '''
    ... name = "mine"
    ... data = { format = "folder", path = "letters" }
    ... split = { kind = "random" }
    ... '''
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder, "mine.toml")
    ...     _ = file.write_text(text)
    ...     config = load_config(file, ["seeds=[7]"])
    >>> config.name, config.seeds, config.split.test_size
    ('mine', (7,), 0.2)
    """
    file = Path(path)
    document = apply_overrides(_read(file), overrides)
    for stored in stored_letters(document):
        stored["path"] = str(file.parent / Path(stored["path"]).expanduser())
    return validate(document, str(file))


def load_demo(overrides: Iterable[str] = ()) -> ExperimentConfig:
    """Read the experiment that ships with the library: generated letters, no file needed.

    Examples
    --------
    >>> from ensemble_hwr.config import load_demo
    >>> load_demo().data.format
    'generated'
    """
    name = "demo.toml"
    text = resources.files("ensemble_hwr.config").joinpath(name).read_text("utf-8")
    return validate(apply_overrides(tomllib.loads(text), overrides), name)


def stored_letters(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Find the tables of a document that say where letters are: ``data``, and ``extra.data`` of members."""
    sections: list[Any] = [{"extra": {"data": document.get("data")}}]
    sections += [document.get(role) for role in ("router", "specialist", "expert", "flat")]
    for named in ("members", "contenders"):
        tables = document.get(named)
        sections += tables.values() if isinstance(tables, dict) else []
    for section in sections:
        found: Any = section
        for key in ("extra", "data"):
            found = found.get(key) if isinstance(found, dict) else None
        if isinstance(found, dict) and isinstance(found.get("path"), str) and found["path"]:
            yield found


def validate(document: dict[str, Any], name: str) -> ExperimentConfig:
    """Check a parsed config; `name` is what messages call it."""
    try:
        return ExperimentConfig.model_validate(document)
    except ValidationError as error:
        problems = describe(error, ExperimentConfig)
        raise ConfigError("\n".join(f"{name}: {problem}" for problem in problems)) from None


def _read(file: Path) -> dict[str, Any]:
    try:
        with file.open("rb") as stream:
            text = stream.read(LONGEST + 1)
        if len(text) > LONGEST:
            raise ConfigError(f"{file}: is longer than {LONGEST:,} bytes; a config is a short TOML file.")
        return tomllib.loads(text.decode("utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file}: is not valid TOML: {error}") from None
    except RecursionError:
        raise ConfigError(f"{file}: is nested too deeply; a config has a few levels.") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file}: is not a UTF-8 text file: {error}") from None
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror or error}") from None
