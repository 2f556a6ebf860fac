"""Whether the sections of a config agree with one another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pydantic_core import InitErrorDetails

from ensemble_hwr.config._data_schema import GeneratedData, IndexData, RandomSplit, SourcesSplit
from ensemble_hwr.config._estimators import CLASSIFIER, TRANSFORMER, check_parameters, find_class
from ensemble_hwr.config._problems import did_you_mean, problem
from ensemble_hwr.exceptions import ConfigError

if TYPE_CHECKING:
    from ensemble_hwr.config._schema import ExperimentConfig, Member

PIXELS = "pixels"
EQUAL_TO_HIERARCHY = ("flat", "committee")
WITHOUT_WRITERS = ("folder", "kaggle", "emnist", "nist")
STANDARD_CONTENDERS = ("baseline", "flat", "committee", "hard", "hierarchical")


def disagreements(config: ExperimentConfig) -> Iterator[InitErrorDetails]:
    """Find names that one section uses and no other declares, and settings that exclude each other."""
    yield from _view_problems(config)
    yield from _member_problems(config)
    yield from _contender_problems(config)
    yield from _data_problems(config)


def parameter_problems(found: type[Any], params: Mapping[str, Any], *prefix: str) -> list[InitErrorDetails]:
    """Check the parameters of a class; `prefix` is where they are within the section."""
    return [problem((*prefix, *path), text, got) for path, text, got in check_parameters(found, params)]


def _view_problems(config: ExperimentConfig) -> Iterator[InitErrorDetails]:
    if PIXELS in config.views:
        yield problem(("views", PIXELS), "the view 'pixels' is always there; give yours another name", PIXELS)
    known = [PIXELS, *config.views]
    used: list[tuple[tuple[str, ...], str | None]] = [
        (("router",), config.router.view),
        (("specialist",), config.specialist.view),
        (("expert",), config.expert.view),
        *([] if config.flat is None else [(("flat",), config.flat.view)]),
        *((("members", name), member.view) for name, member in config.members.items()),
        *((("contenders", name), member.view) for name, member in config.contenders.items()),
    ]
    for path, view in used:
        if view is not None and view not in known:
            yield problem((*path, "view"), f"there is no view {view!r}; {did_you_mean(view, known)}", view)


def _member_problems(config: ExperimentConfig) -> Iterator[InitErrorDetails]:
    for name, change in config.members.items():
        kind, _, of = name.partition(":")
        if kind not in ("specialist", "expert") or not of:
            text = 'members are called "specialist:GROUP" or "expert:SET", such as "expert:B/P"'
            yield problem(("members", name), text, name)
            continue
        role: Member = getattr(config, kind)
        found = find_class(change.estimator or role.estimator, CLASSIFIER)
        yield from parameter_problems(found, change.params, "members", name, "params")


def _contender_problems(config: ExperimentConfig) -> Iterator[InitErrorDetails]:
    for name in config.contenders:
        if name in STANDARD_CONTENDERS:
            yield problem(("contenders", name), "is the name of a standard contender; choose another", name)
    known = [*STANDARD_CONTENDERS, *config.contenders]
    for i, name in enumerate(config.compare.contenders):
        if name not in known:
            text = f"there is no contender {name!r}; declare it as [contenders.{name}]; {did_you_mean(name, known)}"
            yield problem(("compare", "contenders", i), text, name)
        elif name in EQUAL_TO_HIERARCHY and "hierarchical" not in config.compare.contenders:
            text = f"{name!r} is given as many parameters as 'hierarchical', which must take part too"
            yield problem(("compare", "contenders", i), text, name)
    yield from _flat_problems(config)


def _flat_problems(config: ExperimentConfig) -> Iterator[InitErrorDetails]:
    where, template = ("router", config.router) if config.flat is None else ("flat", config.flat)
    wanted = [name for name in EQUAL_TO_HIERARCHY if name in config.compare.contenders]
    found = find_class(template.estimator, CLASSIFIER)
    if wanted and not issubclass(found, find_class("mlp", CLASSIFIER)):
        text = f"contender {wanted[0]!r} is scaled from an MLP; declare one as [flat], or leave {wanted[0]!r} out"
        yield problem((where, "estimator"), text, template.estimator)


def _data_problems(config: ExperimentConfig) -> Iterator[InitErrorDetails]:
    if isinstance(config.split, RandomSplit) and config.split.by == "writer" and config.data.form in WITHOUT_WRITERS:
        text = f"data of the form {config.data.form!r} names no writers; write by = 'letter'"
        yield problem(("split", "by"), text, "writer")
    if isinstance(config.split, SourcesSplit) and isinstance(config.data, IndexData) and config.data.sources:
        for part in ("train", "test"):
            for i, source in enumerate(getattr(config.split, part)):
                if source not in config.data.sources:
                    text = f"source {source!r} is not among data.sources; {did_you_mean(source, config.data.sources)}"
                    yield problem(("split", part, i), text, source)
    if isinstance(config.data, GeneratedData) and not isinstance(config.split, RandomSplit):
        text = "generated letters come without a division; use kind = 'random', by = 'writer'"
        yield problem(("split", "kind"), text, config.split.kind)
    if config.normalizer.get("size", 28) != 28:
        text = f"got {config.normalizer['size']!r}; letters are compared as rows of 28x28 pixels, leave it out"
        yield problem(("normalizer", "size"), text, config.normalizer["size"])
    elif config.normalizer:
        try:
            found = find_class("ensemble_hwr.preprocessing.LetterNormalizer", TRANSFORMER)
        except ConfigError as error:
            yield problem(("normalizer",), str(error), config.normalizer)
        else:
            yield from parameter_problems(found, config.normalizer, "normalizer")
