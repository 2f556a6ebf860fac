"""What a config file may say of tuning: how to search, and the space of each member."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails

from ensemble_hwr.config._data_schema import Positive, Seed
from ensemble_hwr.config._problems import did_you_mean, problem, refuse, shorten
from ensemble_hwr.config._space_schema import Choices, Entry, Space, as_text, entries, not_allowed, parse_entry

LOG_LOSS = "log_loss"
WHOLE = "hierarchy"
TUNABLE = ("router", "specialist", "expert", WHOLE)
DEFAULT_TRIALS = 30


def _check_score(name: str) -> str:
    from sklearn.metrics import get_scorer_names

    if name != LOG_LOSS and name not in get_scorer_names():
        raise not_allowed(
            f"got {name!r}; allowed: 'log_loss', or the name of a scorer of scikit-learn such as 'balanced_accuracy'"
        )
    return name


class Tune(BaseModel):
    """How settings are searched for; every other key is a member, with the space of its settings."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)
    folds: Annotated[int, Field(ge=2)] = 3
    by: Literal["auto", "letter", "writer", "source"] = "auto"
    score: Annotated[str, AfterValidator(_check_score)] = LOG_LOSS
    sampler: Literal["tpe", "random"] = "tpe"
    pruner: Literal["percentile", "median", "hyperband", "none"] = "percentile"
    n_trials: Positive | None = None
    timeout_minutes: Annotated[float, Field(gt=0, strict=False)] | None = None
    n_trials_no_improvement: Positive | None = None
    repeats: Annotated[int, Field(ge=0)] = 2
    random_state: Seed = 0

    @property
    def most_trials(self) -> int | None:
        """Return how many trials a study gets: 30 where no other budget is set."""
        return (
            DEFAULT_TRIALS
            if self.n_trials == self.timeout_minutes == self.n_trials_no_improvement is None
            else self.n_trials
        )

    @property
    def spaces(self) -> dict[str, Space]:
        """Return the space of each member or role that has one."""
        return {
            member: {name: parse_entry(raw) for name, _, raw in entries(table)}
            for member, table in (self.__pydantic_extra__ or {}).items()
        }

    @model_validator(mode="after")
    def _known_members_and_spaces(self) -> Self:
        refuse("tune", self._problems())
        return self

    def _problems(self) -> Iterator[InitErrorDetails]:
        for member, table in (self.__pydantic_extra__ or {}).items():
            if not is_tunable(member):
                known = [*type(self).model_fields, *TUNABLE]
                text = f'unknown key; {did_you_mean(member, known)} Members are written as [tune."expert:B/P"]'
                yield problem((member,), text, member)
            elif not isinstance(table, Mapping) or not table:
                text = f"got {shorten(table)}; write a table of settings, each with what may be searched for it"
                yield problem((member,), text, table)
            else:
                yield from _space_problems(member, table)


def is_tunable(name: str) -> bool:
    """Whether a key of ``[tune]`` is a role, a member by its name, or the whole hierarchy."""
    role, _, of = name.partition(":")
    return name in TUNABLE or (role in ("specialist", "expert") and bool(of))


def _space_problems(member: str, table: Mapping[str, Any]) -> Iterator[InitErrorDetails]:
    space: dict[str, Entry] = {}
    for name, keys, raw in entries(table):
        try:
            space[name] = parse_entry(raw)
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                yield problem((member, *keys, *detail["loc"]), _in_words(detail, raw), detail["input"])
            continue
        for other, wanted in space[name].when.items():
            text = _wrong_condition(space, name, other, wanted)
            if text is not None:
                yield problem((member, *keys, "when", other), text, wanted)


def _in_words(detail: Mapping[str, Any], raw: Any) -> str:
    """Say what is wrong with one part of an entry."""
    if detail["type"] == "setting":
        return str(detail["msg"])
    if detail["type"] == "extra_forbidden":
        allowed = {"choices": ["choices", "when"], "n": ["n", "width", "when"]}
        keys = next((known for key, known in allowed.items() if key in raw), ["low", "high", "step", "log", "when"])
        return f"unknown key; {did_you_mean(str(detail['loc'][-1]), keys)}"
    if detail["type"] == "missing":
        return "is missing; write a range { low = 1, high = 9 }, a list of choices, or { n = [1, 3], width = { ... } }"
    return f"got {shorten(detail['input'])}; {str(detail['msg']).replace('Input should be', 'it should be')}"


def _wrong_condition(space: Mapping[str, Entry], name: str, other: str, wanted: Any) -> str | None:
    """Say why a condition can never be asked, if so."""
    if other == name or other not in space:
        return f"there is no {other!r} above in this space; declare what a condition asks for before it"
    entry = space[other]
    if not isinstance(entry, Choices):
        return f"{other!r} is no list of choices; a condition asks which of several choices was taken"
    taken = {as_text(choice) for choice in entry.choices}
    strange = [value for value in conditions(wanted) if as_text(value) not in taken]
    return f"got {shorten(strange[0])}, which is not a choice of {other!r}" if strange else None


def conditions(wanted: Any) -> list[Any]:
    """Return the values under which a condition holds: one, or a list of them."""
    return list(wanted) if isinstance(wanted, list | tuple) else [wanted]
