"""Validation errors in plain words: the key's path, what was got, what is allowed."""

from __future__ import annotations

import difflib
import types
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from ensemble_hwr.config._overrides import show_path

Location = tuple[str | int, ...]
_SHOWN = 60
_PLAIN = {
    "Input should be": "it should be",
    "a valid dictionary or object to extract fields from": "a table",
    "dictionary": "table",
    "tuple": "list",
    "boolean": "true or false",
}


def problem(location: Location, message: str, got: Any) -> InitErrorDetails:
    """Describe one thing that is wrong below the section being validated."""
    return InitErrorDetails(
        type=PydanticCustomError("setting", "{message}", {"message": message}), loc=location, input=got
    )


def refuse(title: str, problems: Iterable[InitErrorDetails]) -> None:
    """Raise one validation error for all problems, if there is any."""
    found = list(problems)
    if found:
        raise ValidationError.from_exception_data(title, found)


def describe(error: ValidationError, model: type[BaseModel]) -> list[str]:
    """Turn each problem of a validation error into ``key.path: what is wrong``.

    Parameters
    ----------
    error : pydantic.ValidationError
    model : type
        The model that was validated; tells which keys are allowed where one is unknown.

    Returns
    -------
    list of str
    """
    details = [dict(detail) for detail in error.errors(include_url=False)]
    places: list[Location] = [error_detail["loc"] for error_detail in error.errors(include_url=False)]
    return [_describe_one(detail, model) for detail in details if not _follows(detail, places)]


def did_you_mean(word: str, allowed: Iterable[str]) -> str:
    """Suggest a close match, and list what is allowed.

    Examples
    --------
    >>> from ensemble_hwr.config._problems import did_you_mean
    >>> did_you_mean("rooter", ["router", "expert"])
    "did you mean 'router'? Allowed: expert, router."
    """
    choices = sorted(allowed)
    close = difflib.get_close_matches(word, choices, n=1, cutoff=0.6)
    meant = f"did you mean {close[0]!r}? " if close else ""
    return f"{meant}Allowed: {', '.join(choices) or 'nothing'}."


def shorten(value: Any) -> str:
    """Show a value, cut where it is long."""
    text = repr(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


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
        message = f"got {shorten(got)}; {_plain(str(detail['msg']))}"
    return f"{show_path(location) or 'the config'}: {message}"


def _follows(detail: dict[str, Any], places: list[Location]) -> bool:
    """Whether a list is only called too short because its items are wrong."""
    here = detail["loc"]
    return detail["type"] == "too_short" and any(place[: len(here)] == here and place != here for place in places)


def _plain(message: str) -> str:
    """Pydantic's sentence in the words of TOML."""
    for word, plain in _PLAIN.items():
        message = message.replace(word, plain)
    return message


def _unquote(text: str) -> str:
    return text.strip("'")


def _without_tags(location: Location, model: type[BaseModel]) -> tuple[Location, Location]:
    """Return the path as the user wrote it, and as the types nest."""
    shown: list[str | int] = []
    for depth, part in enumerate(location):
        if part not in _tags(_type_at(location[:depth], model)):
            shown.append(part)
    return tuple(shown), location


def _type_at(location: Location, model: Any) -> Any:
    """Follow a path through models, tables and lists to the type declared there; None where it leads nowhere."""
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
    """Strip ``Annotated`` and ``| None``."""
    while get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    if get_origin(kind) in (Union, types.UnionType):
        options = [option for option in get_args(kind) if option is not type(None)]
        if len(options) == 1:
            return _bare(options[0])
    return kind


def _tags(kind: Any) -> Mapping[str, type[BaseModel]]:
    """Models of a tagged union by tag; a field with one literal value is the tag."""
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
