"""Load configs from TOML files, apply overrides ``key.path=value`` and validate the result."""

from __future__ import annotations

import copy
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from ensemble_hwr._writing import expanded
from ensemble_hwr.config._cross_checks import cross_section_errors
from ensemble_hwr.config._errors import BARE_KEY, describe, raise_errors, show_path
from ensemble_hwr.config._tune_checks import tune_errors
from ensemble_hwr.config.schema import ExperimentConfig
from ensemble_hwr.exceptions import ConfigError

if TYPE_CHECKING:
    from ensemble_hwr._typing import PathLike

MAX_BYTES = 1_000_000  # a config has some kilobytes; a larger file is not read, since it is probably a data file

KeyPath = tuple[str | int, ...]

_TOKEN = re.compile(
    rf"""(?P<dot>\.)?                              # before every key but the first
        (?: (?P<bare>{BARE_KEY})
          | "(?P<quoted>[^"]+)"
          | \[(?P<index>[0-9]{{1,6}})\] )""",
    re.VERBOSE,
)
_DEEP_KEY = re.compile(r"""(?<![\w.-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){16}""")
_TOML_VALUE_STARTS = tuple("[{\"'")


def load_config(path: PathLike, overrides: Iterable[str] = ()) -> ExperimentConfig:
    """Load an experiment from a TOML file and validate it.

    Parameters
    ----------
    path : path
        The file. Relative paths of data in it are relative to its folder.
    overrides : iterable of str
        Settings to change, each as ``key.path=value``, such as ``"split.test_size=0.3"``.

    Returns
    -------
    ExperimentConfig

    Raises
    ------
    ConfigError
        If the file cannot be read, or a key or value is not allowed. The message has one line per error: file, key,
        value and what is allowed.

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
        stored["path"] = str(file.parent / expanded(stored["path"]))
    return validate(document, str(file))


def load_demo(overrides: Iterable[str] = ()) -> ExperimentConfig:
    """Load the demo experiment of the library, which uses generated letters and needs no data file.

    Parameters
    ----------
    overrides : iterable of str
        Settings to change, as `load_config` takes them.

    Returns
    -------
    ExperimentConfig

    Raises
    ------
    ConfigError
        If an override cannot be read or is not allowed.

    Examples
    --------
    >>> from ensemble_hwr.config import load_demo
    >>> load_demo().data.format
    'generated'
    """
    name = "demo.toml"
    text = resources.files("ensemble_hwr.config").joinpath(name).read_text("utf-8")
    return validate(apply_overrides(tomllib.loads(text), overrides), name)


def shipped_configs() -> dict[str, Path]:
    """List the configs that come with the library.

    Returns
    -------
    dict of str to Path
        Name and file of each config, sorted by name.

    Examples
    --------
    >>> from ensemble_hwr.config.loading import shipped_configs
    >>> sorted(shipped_configs())[:3]
    ['az', 'az_kaggle', 'az_tune']
    """
    package = Path(__file__).parents[1]
    checkout = package.parents[1]
    in_checkout = package.parent.name == "src" and (checkout / "pyproject.toml").is_file()
    folder = checkout / "configs" if in_checkout else package / "shipped_configs"
    return {file.stem: file for file in sorted(folder.glob("*.toml"))}


def stored_letters(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the tables of a document that have a path to letters: ``data``, and ``extra.data`` of members."""
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


def validate(document: Mapping[str, Any], name: str) -> ExperimentConfig:
    """Validate a parsed config: first each section, then the sections against each other.

    Parameters
    ----------
    document : mapping
        The parsed TOML file.
    name : str
        Name of the config in error messages.

    Returns
    -------
    ExperimentConfig

    Raises
    ------
    ConfigError
        If a key or value is not allowed.
    """
    try:
        config = ExperimentConfig.model_validate(document)
        raise_errors("config", cross_section_errors(config))
        raise_errors("config", tune_errors(config))
    except ValidationError as error:
        raise ConfigError("\n".join(f"{name}: {line}" for line in describe(error, ExperimentConfig))) from None
    return config


def parse_override(text: str) -> tuple[KeyPath, Any]:
    """Parse an override ``key.path=value`` into path and value.

    Parameters
    ----------
    text : str
        Keys joined by dots. A key that contains dots or colons is in double quotes; list items have an index, as in
        ``router.params.hidden_layer_sizes[0]``. The value is parsed as TOML; a bare word is a string.

    Returns
    -------
    path : tuple of str or int
    value : object

    Raises
    ------
    ConfigError
        If the text has no ``=``, or its path or value cannot be parsed.

    Examples
    --------
    >>> from ensemble_hwr.config.loading import parse_override
    >>> parse_override("router.params.hidden_layer_sizes[0]=200")
    (('router', 'params', 'hidden_layer_sizes', 0), 200)
    >>> parse_override('members."specialist:A-E".view=gradient5')
    (('members', 'specialist:A-E', 'view'), 'gradient5')
    """
    quotes_closed = [i for i, sign in enumerate(text) if sign == "=" and text[:i].count('"') % 2 == 0]
    if not quotes_closed:
        raise ConfigError(f"--set {text}: got no '='; write key.path=value, such as seeds=[0,1]")
    equals = quotes_closed[0]
    return _parse_path(text[:equals].strip(), text), _parse_value(text[equals + 1 :].strip(), text)


def apply_overrides(document: Mapping[str, Any], overrides: Iterable[str]) -> dict[str, Any]:
    """Return a copy of a parsed config with the overrides applied in order.

    Examples
    --------
    >>> from ensemble_hwr.config.loading import apply_overrides
    >>> apply_overrides({"seeds": [0, 1]}, ["seeds[1]=7", "split.kind=random"])
    {'seeds': [0, 7], 'split': {'kind': 'random'}}
    """
    changed = copy.deepcopy(dict(document))
    for text in overrides:
        path, value = parse_override(text)
        _put(changed, path, value, text)
    return changed


def _read(file: Path) -> dict[str, Any]:
    try:
        with file.open("rb") as stream:
            text = stream.read(MAX_BYTES + 1)
        if len(text) > MAX_BYTES:
            raise ConfigError(f"{file}: is longer than {MAX_BYTES:,} bytes; a config is a short TOML file")
        return _parse(text.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file}: is not a UTF-8 text file: {error}") from None
    except ValueError as error:  # also integers of thousands of digits
        raise ConfigError(f"{file}: is not valid TOML: {error}") from None
    except RecursionError:
        raise ConfigError(f"{file}: is nested too deeply; a config has a few levels") from None
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror or error}") from None


def _parse(text: str) -> dict[str, Any]:
    """Parse TOML; raise a RecursionError for dotted keys of many parts, whose tables fill the memory when parsed."""
    if _DEEP_KEY.search(text):
        raise RecursionError
    return tomllib.loads(text)


def _parse_path(path: str, text: str) -> KeyPath:
    parts: list[str | int] = []
    position = 0
    while position < len(path):
        token = _TOKEN.match(path, position)
        is_index = token is not None and token["index"] is not None
        wants_dot = bool(parts) and not is_index
        if token is None or bool(token["dot"]) != wants_dot or (is_index and not parts):
            raise ConfigError(
                f"--set {text}: cannot read {path!r} as a key path; "
                "write keys joined by dots, such as router.params.alpha, or 'members.\"expert:B/P\".view=fine' "
                "(single quotes keep the shell from removing the double quotes)"
            )
        parts.append(int(token["index"]) if is_index else token["bare"] or token["quoted"])
        position = token.end()
    if not parts:
        raise ConfigError(f"--set {text}: got no key before '='; write key.path=value")
    return tuple(parts)


def _parse_value(value: str, text: str) -> Any:
    try:
        document = _parse(f"value = {value}")
    except ValueError as error:
        if value and not value.startswith(_TOML_VALUE_STARTS):
            return value
        reason = f"cannot be read as a TOML value ({error})" if value else 'is empty; write "" for an empty string'
        raise ConfigError(f"--set {text}: the value {reason}") from None
    except RecursionError:
        raise ConfigError(f"--set {text[:60]}...: the value is nested too deeply") from None
    if set(document) != {"value"}:
        raise ConfigError(f"--set {text}: got more than one value; write one --set per key")
    return document["value"]


def _put(document: dict[str, Any], path: KeyPath, value: Any, text: str) -> None:
    place: Any = document
    for depth, part in enumerate(path):
        where = show_path(path[:depth]) or "the config"
        if isinstance(part, int):
            if not isinstance(place, list):
                raise ConfigError(f"--set {text}: {where} is not a list in the file, so it has no item {part}")
            if part >= len(place):
                raise ConfigError(f"--set {text}: {where} has {len(place)} items, so there is no item {part}")
        elif not isinstance(place, dict):
            raise ConfigError(f"--set {text}: {where} is {place!r} in the file, not a table; it has no keys")
        if depth == len(path) - 1:
            place[part] = value
        else:
            place = place[part] if isinstance(part, int) else place.setdefault(part, {})
