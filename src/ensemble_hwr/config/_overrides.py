"""``key.path=value``: change one setting of a config without touching its file."""

from __future__ import annotations

import copy
import re
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

from ensemble_hwr.exceptions import ConfigError

KeyPath = tuple[str | int, ...]

_TOKEN = re.compile(
    r"""(?P<dot>\.)?                              # before every key but the first
        (?: (?P<bare>[A-Za-z0-9_-]+)
          | "(?P<quoted>[^"]+)"
          | \[(?P<index>[0-9]{1,6})\] )""",
    re.VERBOSE,
)
_STARTS_A_TOML_VALUE = tuple("[{\"'")


def parse_override(text: str) -> tuple[KeyPath, Any]:
    """Split ``key.path=value`` into the path and the value.

    Parameters
    ----------
    text : str
        Keys joined by dots; a key with dots or colons of its own in double quotes; list items by index, as
        ``router.params.hidden_layer_sizes[0]``. The value is read as TOML; a bare word is a string.

    Returns
    -------
    path : tuple of str or int
    value : object

    Raises
    ------
    ConfigError
        When the text has no ``=``, or its path or value cannot be read.

    Examples
    --------
    >>> from ensemble_hwr.config import parse_override
    >>> parse_override("router.params.hidden_layer_sizes[0]=200")
    (('router', 'params', 'hidden_layer_sizes', 0), 200)
    >>> parse_override('members."specialist:A-E".view=gradient5')
    (('members', 'specialist:A-E', 'view'), 'gradient5')
    """
    quotes_closed = [i for i, sign in enumerate(text) if sign == "=" and text[:i].count('"') % 2 == 0]
    if not quotes_closed:
        raise ConfigError(f"--set {text}: got no '='; write key.path=value, such as seeds=[0,1].")
    equals = quotes_closed[0]
    return _parse_path(text[:equals].strip(), text), _parse_value(text[equals + 1 :].strip(), text)


def apply_overrides(document: Mapping[str, Any], overrides: Iterable[str]) -> dict[str, Any]:
    """Return a copy of a parsed config with the overrides set in order.

    Examples
    --------
    >>> from ensemble_hwr.config._overrides import apply_overrides
    >>> apply_overrides({"seeds": [0, 1]}, ["seeds[1]=7", "split.kind=random"])
    {'seeds': [0, 7], 'split': {'kind': 'random'}}
    """
    changed = copy.deepcopy(dict(document))
    for text in overrides:
        path, value = parse_override(text)
        _put(changed, path, value, text)
    return changed


def show_path(path: Iterable[str | int]) -> str:
    """Write a key path as an override would.

    Examples
    --------
    >>> from ensemble_hwr.config._overrides import show_path
    >>> show_path(("members", "specialist:A-E", "params", "hidden_layer_sizes", 0))
    'members."specialist:A-E".params.hidden_layer_sizes[0]'
    """
    shown = ""
    for part in path:
        if isinstance(part, int):
            shown += f"[{part}]"
        else:
            bare = re.fullmatch(r"[A-Za-z0-9_-]+", part)
            shown += ("." if shown else "") + (part if bare else f'"{part}"')
    return shown


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
                "write keys joined by dots, such as router.params.alpha, or 'members.\"expert:B/P\".view=fine', in "
                "single quotes, which keep the shell from taking the double ones."
            )
        parts.append(int(token["index"]) if is_index else token["bare"] or token["quoted"])
        position = token.end()
    if not parts:
        raise ConfigError(f"--set {text}: got no key before '='; write key.path=value.")
    return tuple(parts)


def _parse_value(value: str, text: str) -> Any:
    try:
        document = tomllib.loads(f"value = {value}")
    except tomllib.TOMLDecodeError as error:
        if value and not value.startswith(_STARTS_A_TOML_VALUE):
            return value
        reason = f"cannot be read as a TOML value ({error})" if value else 'is empty; write "" for an empty text'
        raise ConfigError(f"--set {text}: the value {reason}.") from None
    except RecursionError:
        raise ConfigError(f"--set {text[:60]}...: the value is nested too deeply.") from None
    if set(document) != {"value"}:
        raise ConfigError(f"--set {text}: got more than one value; write one --set for each key.")
    return document["value"]


def _put(document: dict[str, Any], path: KeyPath, value: Any, text: str) -> None:
    place: Any = document
    for depth, part in enumerate(path):
        where = show_path(path[:depth]) or "the config"
        if isinstance(part, int):
            if not isinstance(place, list):
                raise ConfigError(f"--set {text}: {where} is not a list in the file, so it has no item {part}.")
            if part >= len(place):
                raise ConfigError(f"--set {text}: {where} has {len(place)} items, so there is no item {part}.")
        elif not isinstance(place, dict):
            raise ConfigError(f"--set {text}: {where} is {place!r} in the file, not a table; it has no keys.")
        if depth == len(path) - 1:
            place[part] = value
        else:
            place = place[part] if isinstance(part, int) else place.setdefault(part, {})
