"""Readable validation errors: path of the key, value found, values allowed."""

from __future__ import annotations

import difflib
import re
import types
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

Location = tuple[str | int, ...]
BARE_KEY = r"[A-Za-z0-9_-]+"
_MAX_SHOWN = 60  # characters of a value in a message
_TOML_WORDS = {  # words of pydantic's messages, and what they are in TOML
    "Input should be": "it should be",
    "Tuple should have": "it should have",
    "List should have": "it should have",
    " after validation": "",
    "a valid dictionary or object to extract fields from": "a table",
    "dictionary": "table",
    "tuple": "list",
    "boolean": "true or false",
}


def setting_error(location: Location, message: str, got: Any) -> InitErrorDetails:
    """Describe an error at a location below the section that is validated."""
    return InitErrorDetails(type=invalid_setting(message), loc=location, input=got)


def invalid_setting(message: str) -> PydanticCustomError:
    """Return an error for a pydantic validator to raise, with `message` as its text."""
    return PydanticCustomError("setting", "{message}", {"message": message})


def raise_errors(title: str, errors: Iterable[InitErrorDetails]) -> None:
    """Raise one validation error that holds all `errors`; do nothing if there are none."""
    found = list(errors)
    if found:
        raise ValidationError.from_exception_data(title, found)


def describe(error: ValidationError, model: type[BaseModel]) -> list[str]:
    """Format a validation error as a list of lines ``key.path: message``.

    Parameters
    ----------
    error : pydantic.ValidationError
    model : type
        The model that was validated. Its fields are the keys listed as allowed where a key is unknown.

    Returns
    -------
    list of str
    """
    details: list[dict[str, Any]] = [dict(detail) for detail in error.errors(include_url=False)]
    locations: list[Location] = [detail["loc"] for detail in details]
    return [_describe_one(detail, model) for detail in details if not _is_consequence(detail, locations)]


def first_message(error: ValidationError) -> str:
    """Return the message of the first error."""
    return str(error.errors(include_url=False)[0]["msg"])


def did_you_mean(word: str, allowed: Iterable[str]) -> str:
    """Suggest the allowed word closest to `word`, and list all allowed words.

    Examples
    --------
    >>> from ensemble_hwr.config._errors import did_you_mean
    >>> did_you_mean("rooter", ["router", "expert"])
    "did you mean 'router'? allowed: expert, router"
    """
    choices = sorted(allowed)
    close = difflib.get_close_matches(word, choices, n=1, cutoff=0.6)
    suggestion = f"did you mean {close[0]!r}? " if close else ""
    return f"{suggestion}allowed: {', '.join(choices) or 'nothing'}"


def shorten(value: Any) -> str:
    """Return the repr of a value, cut to 60 characters."""
    text = repr(value)
    return text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 3] + "..."


def show_path(path: Iterable[str | int]) -> str:
    """Format a key path as ``--set`` takes it.

    Examples
    --------
    >>> from ensemble_hwr.config._errors import show_path
    >>> show_path(("members", "specialist:A-E", "params", "hidden_layer_sizes", 0))
    'members."specialist:A-E".params.hidden_layer_sizes[0]'
    """
    shown = ""
    for part in path:
        if isinstance(part, int):
            shown += f"[{part}]"
        else:
            shown += ("." if shown else "") + (part if re.fullmatch(BARE_KEY, part) else f'"{part}"')
    return shown


def _describe_one(detail: dict[str, Any], model: type[BaseModel]) -> str:
    location, tagged = _without_tags(detail["loc"], model)
    kind, got = detail["type"], detail["input"]
    if kind == "extra_forbidden":
        message = "unknown key; " + did_you_mean(str(location[-1]), _keys(_type_at(tagged[:-1], model)))
    elif kind == "missing":
        message = "is missing; it has no default, so the config must give it"
    elif kind == "union_tag_not_found":
        location = (*location, _unquote(detail["ctx"]["discriminator"]))
        message = f"is missing; allowed: {', '.join(_tags(_type_at(tagged, model)))}"
    elif kind == "union_tag_invalid":
        location = (*location, _unquote(detail["ctx"]["discriminator"]))
        tag = str(detail["ctx"]["tag"])
        message = f"got {tag!r}; " + did_you_mean(tag, _tags(_type_at(tagged, model)))
    elif kind == "literal_error":
        allowed = f"allowed: {detail['ctx']['expected']}"
        message = f"got {shorten(got)}; {allowed}"
    elif kind == "setting":
        message = str(detail["msg"])
    else:
        message = f"got {shorten(got)}; {_in_toml_words(str(detail['msg']))}"
    return f"{show_path(location) or 'the config'}: {message}"


def _is_consequence(detail: dict[str, Any], locations: list[Location]) -> bool:
    """Whether a list is reported as too short only because some of its items are invalid."""
    here = detail["loc"]
    return detail["type"] == "too_short" and any(other[: len(here)] == here and other != here for other in locations)


def _in_toml_words(message: str) -> str:
    """Replace Python's type names in a message of pydantic by TOML's."""
    for word, toml_word in _TOML_WORDS.items():
        message = message.replace(word, toml_word)
    return message


def _unquote(text: str) -> str:
    return text.strip("'")


def _without_tags(location: Location, model: type[BaseModel]) -> tuple[Location, Location]:
    """Return the path as written in the file, and the path through the types, which includes tags of unions."""
    shown: list[str | int] = []
    for depth, part in enumerate(location):
        if part not in _tags(_type_at(location[:depth], model)):
            shown.append(part)
    return tuple(shown), location


def _type_at(location: Location, model: Any) -> Any:
    """Return the type declared at a path through models, tables and lists; None if there is none."""
    kind = _bare(model)
    for part in location:
        if part in (tags := _tags(kind)):
            kind = tags[str(part)]
        elif isinstance(kind, type) and issubclass(kind, BaseModel):
            field = kind.model_fields.get(str(part))
            kind = _bare(field.annotation) if field else None
        else:
            arguments = get_args(kind)
            kind = _bare(arguments[-1 if get_origin(kind) is dict else 0]) if arguments else None
    return kind


def _bare(kind: Any) -> Any:
    """Remove ``Annotated`` and ``| None`` from a type."""
    while get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    if get_origin(kind) in (Union, types.UnionType):
        options = [option for option in get_args(kind) if option is not type(None)]
        if len(options) == 1:
            return _bare(options[0])
    return kind


def _tags(kind: Any) -> Mapping[str, type[BaseModel]]:
    """Return the models of a tagged union by tag: the value of a model's field with a single literal."""
    if get_origin(kind) not in (Union, types.UnionType):
        return {}
    models = [option for option in get_args(kind) if isinstance(option, type) and issubclass(option, BaseModel)]
    tags = {}
    for model in models:
        literals = [
            get_args(field.annotation) for field in model.model_fields.values() if _is_literal(field.annotation)
        ]
        tags.update({str(values[0]): model for values in literals if len(values) == 1})
    return tags


def _is_literal(kind: Any) -> bool:
    return get_origin(kind) is Literal


def _keys(kind: Any) -> list[str]:
    return list(kind.model_fields) if isinstance(kind, type) and issubclass(kind, BaseModel) else []
