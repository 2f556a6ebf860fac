"""Write the tuned config as a TOML file, with the result of each member as a comment."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Collection, Mapping, MutableMapping
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.items import InlineTable, Table

from ensemble_hwr._versions import package_versions
from ensemble_hwr._writing import printable, whole_files
from ensemble_hwr.config import ExperimentConfig
from ensemble_hwr.config.loading import stored_letters
from ensemble_hwr.exceptions import ConfigError, DataError
from ensemble_hwr.tuning._objective import metric_name, metric_value
from ensemble_hwr.tuning._result import MemberResult, TuningResult

NAMED_TABLES = ("views", "augmentations", "members", "contenders")
FIRST = ("name", "description", "seeds", "data", "split", "balance", "extra", "normalizer", "views", "augmentations")
PACKAGES = ("ensemble_hwr", "optuna", "scikit-learn", "numpy", "scipy", "python")
MAX_LINE = 100
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def write_tuned_config(result: TuningResult, file: Path, command: str, *, source: Path | None = None) -> None:
    """Write the tuned config as a TOML file; if that fails, an existing file is left unchanged.

    Parameters
    ----------
    result : TuningResult
        As :func:`~ensemble_hwr.tuning.tune` returns it.
    file : Path
        The file.
    command : str
        The command of the search, for the comment at the top.
    source : Path, default=None
        The config that was tuned, whose comments and order are kept.

    Raises
    ------
    DataError
        If the file cannot be written.

    See Also
    --------
    ensemble_hwr.tuning.tune : Returns the result to write.
    """
    write_text(file, tuned_text(result, file, command, "" if source is None else source.read_text(encoding="utf-8")))


def tuned_text(result: TuningResult, file: Path, command: str, source: str = "") -> str:
    """Return the tuned config as TOML, with study, score and parameters of each member as comments."""
    document = _document(result.config)
    if source:
        edited = tomlkit.parse(source)
        searched = {"tune": edited["tune"]} if "tune" in edited else {}
        edit(edited, document | searched)
        text = tomlkit.dumps(edited)
    else:
        text = to_toml(document, named=NAMED_TABLES)
    for member in result.members:
        keys = ["members", member.name] if ":" in member.name else [member.name]
        text = _above(text, f"[{'.'.join(map(_key, keys))}]", _commented(_comment(member, result.scoring)))
    return f"{_commented(_heading(result, file.absolute(), command))}\n{text}"


def edit(table: Any, wanted: Mapping[str, Any]) -> None:
    r"""Change a table of a parsed TOML file in place, so that it has the wanted values; comments and order stay.

    Parameters
    ----------
    table : tomlkit table
        Of the file.
    wanted : mapping of str to object
        Its new content.

    Examples
    --------
    >>> import tomlkit
    >>> from ensemble_hwr.tuning._tuned_file import edit
    >>> document = tomlkit.parse("a = 1  # first\nb = 2\n[c]\nd = 3  # fourth\n")
    >>> edit(document, {"a": 5, "c": {"d": 4}})
    >>> print(tomlkit.dumps(document), end="")
    a = 5  # first
    [c]
    d = 4  # fourth
    """
    for key in [key for key in table if key not in wanted or _changes_form(table[key], wanted[key])]:
        del table[key]
    for key, value in sorted(wanted.items(), key=lambda item: isinstance(item[1], Mapping)):
        found = table.get(key)
        if isinstance(found, MutableMapping) and isinstance(value, Mapping) and not isinstance(found, InlineTable):
            edit(found, value)
        elif key not in table or found != value:
            new = _new_item(key, value, table)
            if key not in table and isinstance(new, Table) and len(table):
                _move_end(list(table.values())[-1], new)
            table[key] = new


def _changes_form(found: Any, value: Any) -> bool:
    """Return whether a value becomes a table or a table a value: it then moves, since values precede headings."""
    return isinstance(found, Mapping) is not isinstance(value, Mapping)


def _move_end(last: Any, new: Table) -> None:
    """Move the comments and blank lines after the last value of a table, which belong to what follows, to a new one."""
    while isinstance(last, Table) and last.is_super_table():
        last = list(last.values())[-1]
    body = last.value.body if isinstance(last, Table) else []
    end = len(body)
    while end and body[end - 1][0] is None:
        end -= 1
    new.value.body.extend(body[end:])
    del body[end:]
    if body:
        last.add(tomlkit.nl())


def _new_item(key: str, value: Any, table: Any) -> Any:
    """Return a value to put into a table: a table with a heading where its neighbours have headings, else inline."""
    in_document = isinstance(table, tomlkit.TOMLDocument)
    if not isinstance(value, Mapping) or not (in_document or _has_headings(table)):
        return tomlkit.value(_value(value))
    new = tomlkit.table(is_super_table=in_document and key in NAMED_TABLES)
    for inner, one in value.items():
        new[inner] = _new_item(inner, one, new)
    return new


def _has_headings(table: Any) -> bool:
    """Return whether the tables inside of a table have headings of their own, such as those of views and members."""
    return isinstance(table, Table) and table.is_super_table()


def _above(text: str, heading: str, comment: str) -> str:
    """Insert a comment above the heading of a table, if the text has it."""
    return re.sub(rf"^{re.escape(heading)}", lambda found: comment + found[0], text, count=1, flags=re.MULTILINE)


def write_text(file: Path, text: str) -> None:
    """Write a text file, or raise a DataError and leave an existing file unchanged."""
    try:
        with whole_files(file) as (stream,):
            stream.write(text.encode(errors="backslashreplace"))
    except OSError as error:
        raise DataError(f"{file}: cannot be written ({error.strerror or error})") from error


def to_toml(
    document: Mapping[str, Any],
    comments: Mapping[tuple[str, ...], str] | None = None,
    *,
    named: Collection[str] = (),
) -> str:
    """Return a document as TOML.

    Parameters
    ----------
    document : mapping of str to object
        Strings, numbers, booleans, dates, lists and tables; None is left out.
    comments : mapping of path to str, optional
        Comments of tables, by the keys of the table; ``()`` is the top of the file.
    named : collection of str
        Keys whose tables have named tables inside, each with its own heading.

    Returns
    -------
    str

    Examples
    --------
    >>> from ensemble_hwr.tuning._tuned_file import to_toml
    >>> print(to_toml({"name": "mine", "router": {"params": {"alpha": 1e-5}}}, {("router",): "First."}), end="")
    name = "mine"
    <BLANKLINE>
    # First.
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


def _document(config: ExperimentConfig) -> dict[str, Any]:
    """Return all sections of a config that are not empty, in the order of the shipped configs."""
    document = config.model_dump(mode="json", exclude_unset=True, exclude_none=True, exclude={"tune"})
    for stored in stored_letters(document):
        stored["path"] = str(Path(stored["path"]).absolute())
    return {key: document[key] for key in FIRST if key in document} | document


def _heading(result: TuningResult, file: Path, command: str) -> str:
    metric = metric_name(result.scoring)
    lines = [
        f"{result.config.name}, tuned by:",
        "",
        f"  {command}",
        "",
        f"  ensemble-hwr compare {file} --output report       evaluates it on test letters, which tuning did not use",
        f"  ensemble-hwr train {file} -o letters.model",
        "",
        f"Parameters with the best cross-validated {metric} in {result.data['folds']} folds of the "
        f"{result.data['training letters']:,} training letters.",
    ]
    if result.improvement is not None:
        before, after = result.improvement.metrics
        low, high = result.improvement.interval
        lines.append(
            f"Whole ensemble in repeated cross-validation: {metric} {before:.4f} before, {after:.4f} after tuning; "
            f"improvement {result.improvement.difference:.4f}, 95 % interval {low:.4f} to {high:.4f}."
        )
    versions = package_versions(PACKAGES)
    lines += ["Versions: " + ", ".join(f"{name} {version}" for name, version in versions.items()), ""]
    return "\n".join(lines)


def _comment(member: MemberResult, scoring: str) -> str:
    before = ""
    if member.baseline_loss is not None:
        before = f", baseline {metric_value(scoring, member.baseline_loss):.4f}"
    return (
        f"Study {member.study.study_name!r}, trial {member.best_trial_number}: {metric_name(scoring)} "
        f"{metric_value(scoring, member.loss):.4f}{before}; ended by: {member.reason}."
    )


def _table(path: tuple[str, ...], table: Mapping[str, Any], comment: str | None) -> str:
    heading = ".".join(_key(part) for part in path)
    return f"{_commented(comment)}[{heading}]\n{_pairs(table)}"


def _commented(text: str | None) -> str:
    lines = (printable(line, kept="\t\xa0") for line in ("" if text is None else text).splitlines())
    return "".join(f"# {line}".rstrip() + "\n" for line in lines)


def _pairs(table: Mapping[str, Any]) -> str:
    return "".join(f"{_key(key)} = {_value(value, len(key))}\n" for key, value in table.items() if value is not None)


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _string(key)


def _value(value: Any, indent: int = 0) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return _string(value)
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
        return line if len(line) + indent < MAX_LINE else "[\n" + "".join(f"    {item},\n" for item in items) + "]"
    raise ConfigError(f"got {value!r}, which TOML cannot represent")


def _string(text: str) -> str:
    """Return a basic string: JSON has the escapes of TOML, except for the delete character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
