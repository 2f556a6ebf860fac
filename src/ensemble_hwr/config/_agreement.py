"""Whether the sections of a config agree with one another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from pydantic_core import InitErrorDetails

from ensemble_hwr.config._data_schema import GeneratedData, IndexData, RandomSplit, SourcesSplit
from ensemble_hwr.config._estimators import CLASSIFIER, TRANSFORMER, check_parameters, find_class
from ensemble_hwr.config._problems import did_you_mean, problem
from ensemble_hwr.config._slots import DEFAULT_AUGMENTATION, NO_AUGMENTATION, PIXELS
from ensemble_hwr.exceptions import ConfigError

if TYPE_CHECKING:
    from ensemble_hwr.config._schema import ExperimentConfig, Member, MemberChange

EQUAL_TO_HIERARCHY = ("flat", "committee")
SCALABLE = ("sklearn.neural_network.MLPClassifier", "augmented_mlp")
WITHOUT_WRITERS = ("folder", "kaggle", "emnist", "nist")
STANDARD_CONTENDERS = ("baseline", "flat", "committee", "top_down", "hierarchical")


def disagreements(config: ExperimentConfig) -> Iterator[InitErrorDetails]:
    """Find names that one section uses and no other declares, and settings that exclude each other."""
    yield from _name_problems(config)
    yield from _member_problems(config)
    yield from _contender_problems(config)
    yield from _data_problems(config)
    yield from _trust_problems(config)
    yield from _extra_problems(config)


def parameter_problems(found: type[Any], params: Mapping[str, Any], *prefix: str) -> list[InitErrorDetails]:
    """Check the parameters of a class; `prefix` is where they are within the section."""
    return [problem((*prefix, *path), text, got) for path, text, got in check_parameters(found, params)]


def _name_problems(config: ExperimentConfig) -> Iterator[InitErrorDetails]:
    """Check the names of views and augmentations: those declared, and those used."""
    always = {"view": [PIXELS], "augmentation": [NO_AUGMENTATION, DEFAULT_AUGMENTATION]}
    for key, built_in in always.items():
        declared = getattr(config, f"{key}s")
        for name in built_in:
            if name in declared:
                text = f"the {key} {name!r} is always there; give yours another name"
                yield problem((f"{key}s", name), text, name)
        for path, member in _members(config):
            name = getattr(member, key)
            if name is not None:
                yield from _unless_known(key, name, [*built_in, *declared], *path, key)
    for path, member in _members(config):
        for i, name in enumerate(member.views):
            yield from _unless_known("view", name, [PIXELS, *config.views], *path, "views", i)
    for i, name in enumerate(config.compare.committee_views or ()):
        yield from _unless_known("view", name, [PIXELS, *config.views], "compare", "committee_views", i)


def _members(config: ExperimentConfig) -> Iterator[tuple[tuple[str, ...], Member | MemberChange]]:
    """All that have a view and an augmentation, with the place of each."""
    yield from (((role,), getattr(config, role)) for role in ("router", "specialist", "expert"))
    if config.flat is not None:
        yield ("flat",), config.flat
    yield from ((("members", name), change) for name, change in config.members.items())
    yield from ((("contenders", name), member) for name, member in config.contenders.items())


def _unless_known(kind: str, name: str, known: list[str], *path: str | int) -> Iterator[InitErrorDetails]:
    if name not in known:
        yield problem(path, f"there is no {kind} {name!r}; {did_you_mean(name, known)}", name)


def _member_problems(config: ExperimentConfig) -> Iterator[InitErrorDetails]:
    for name, change in config.members.items():
        kind, _, of = name.partition(":")
        if kind not in ("specialist", "expert") or not of:
            text = 'members are called "specialist:GROUP" or "expert:SET", such as "expert:B/P"'
            yield problem(("members", name), text, name)
            continue
        try:
            change.applied_to(getattr(config, kind))
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                yield problem(("members", name, *detail["loc"]), detail["msg"], detail["input"])


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
    if wanted and not issubclass(found, tuple(find_class(name, CLASSIFIER) for name in SCALABLE)):
        text = f"contender {wanted[0]!r} is scaled from an MLP; declare one as [flat], or leave {wanted[0]!r} out"
        yield problem((where, "estimator"), text, template.estimator)


def _trust_problems(config: ExperimentConfig) -> Iterator[InitErrorDetails]:
    """Check that the training letters are the same for every fit where trust is learned by source."""
    if not isinstance(config.hierarchy.cv, tuple):
        return
    if isinstance(config.split, RandomSplit) and config.split.redraw:
        text = "names sources, and with split.redraw every seed learns from other letters; write a number of folds"
        yield problem(("hierarchy", "cv"), text, config.hierarchy.cv)
    if config.compare.five_by_two:
        text = "divides all letters anew, so hierarchy.cv cannot name sources; write a number of folds there"
        yield problem(("compare", "five_by_two"), text, True)


def _extra_problems(config: ExperimentConfig) -> Iterator[InitErrorDetails]:
    """Check that nobody's own letters are among those that the config divides, and that they have its labels."""
    if config.router.extra is not None and config.hierarchy.router_target == "groups":
        text = "a router of groups tells no letters apart, so it cannot have letters of its own; leave it out"
        yield problem(("router", "extra"), text, None)
    if isinstance(config.data, GeneratedData):
        drawn = [((*path, "extra"), member.extra) for path, member in _members(config)]
        for path, extra in [(("extra",), config.extra), *drawn]:
            if extra is not None and extra.generated and extra.random_state == config.data.random_state:
                text = "is data.random_state too, so they would be the same letters by the same writers; choose another"
                yield problem((*path, "random_state"), text, extra.random_state)
    for path, member in _members(config):
        stored = None if member.extra is None else member.extra.data
        if stored is None or isinstance(config.data, GeneratedData) or not _same_place(stored.path, config.data.path):
            continue
        divided = set(config.split.train + config.split.test) if isinstance(config.split, SourcesSplit) else None
        if divided is None and isinstance(config.data, IndexData) and config.data.sources:
            divided = set(config.data.sources)
        named = stored.sources if isinstance(stored, IndexData) else None
        if divided is None or named is None or divided & set(named):
            text = (
                "these are the letters that the config learns from and tests on; name sources that it leaves alone, "
                "in extra.data.sources and in data.sources or [split]"
            )
            yield problem((*path, "extra", "data"), text, stored.path)


def _same_place(one: str, other: str) -> bool:
    return Path(one).expanduser().resolve() == Path(other).expanduser().resolve()


def _data_problems(config: ExperimentConfig) -> Iterator[InitErrorDetails]:
    if isinstance(config.split, RandomSplit) and config.split.by == "writer" and config.data.format in WITHOUT_WRITERS:
        text = f"data of the form {config.data.format!r} names no writers; write by = 'letter'"
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
    if config.extra is not None and config.compare.five_by_two:
        text = "divides all letters anew, and generated ones must not be tested on; leave it or [extra] out"
        yield problem(("compare", "five_by_two"), text, True)
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
