"""TOML, written: Python reads it, but does not write it."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Collection, Mapping
from typing import Any

from ensemble_hwr.exceptions import ConfigError

LONGEST_LINE = 100
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def to_toml(
    document: Mapping[str, Any],
    comments: Mapping[tuple[str, ...], str] | None = None,
    *,
    named: Collection[str] = (),
) -> str:
    """Write a document as TOML that reads back as it was.

    Parameters
    ----------
    document : mapping of str to object
        Of texts, numbers, true and false, dates, lists and tables; None is left out.
    comments : mapping of path to str, optional
        Lines put before a table, by the keys that lead to it; before everything for ``()``.
    named : collection of str
        Keys whose values are tables by name, each with a heading of its own.

    Returns
    -------
    str

    Examples
    --------
    >>> from ensemble_hwr.tuning._toml import to_toml
    >>> print(to_toml({"name": "mine", "router": {"params": {"alpha": 1e-5}}}, {("router",): "Answers first."}), end="")
    name = "mine"
    <BLANKLINE>
    # Answers first.
    [router]
    params = { alpha = 1e-05 }
    """
    notes = {} if comments is None else comments
    blocks = [_commented(notes.get(()))] if () in notes else []
    plain = {key: value for key, value in document.items() if not isinstance(value, Mapping)}
    if plain:
        blocks.append(_pairs(plain))
    for key, value in document.items():
        if isinstance(value, Mapping):
            tables = {(key, name): table for name, table in value.items()} if key in named else {(key,): value}
            blocks += [_table(path, table, notes.get(path)) for path, table in tables.items()]
    return "\n".join(block for block in blocks if block)


def _table(path: tuple[str, ...], table: Mapping[str, Any], comment: str | None) -> str:
    heading = ".".join(_key(part) for part in path)
    return f"{_commented(comment)}[{heading}]\n{_pairs(table)}"


def _commented(text: str | None) -> str:
    return "" if text is None else "".join(f"# {line}".rstrip() + "\n" for line in text.splitlines())


def _pairs(table: Mapping[str, Any]) -> str:
    return "".join(f"{_key(key)} = {_value(value, len(key))}\n" for key, value in table.items() if value is not None)


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _text(key)


def _value(value: Any, indent: int = 0) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, Mapping):
        inside = ", ".join(f"{_key(key)} = {_value(item)}" for key, item in value.items() if item is not None)
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, list | tuple):
        items = [_value(item) for item in value]
        line = f"[{', '.join(items)}]"
        return line if len(line) + indent < LONGEST_LINE else "[\n" + "".join(f"    {item},\n" for item in items) + "]"
    raise ConfigError(f"got {value!r}, which a TOML file cannot hold.")


def _text(text: str) -> str:
    """Return a basic string: JSON's escapes are TOML's, but for the sign that deletes."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
