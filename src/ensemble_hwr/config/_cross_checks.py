"""Checks between the sections of a config: declared names, and settings that contradict each other."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import ValidationError
from pydantic_core import InitErrorDetails

from ensemble_hwr._writing import expanded
from ensemble_hwr.config._errors import did_you_mean, setting_error
from ensemble_hwr.config._estimators import CLASSIFIER, TRANSFORMER, find_class, parameter_errors
from ensemble_hwr.config.data_schema import GeneratedData, IndexData, RandomSplit, SourcesSplit
from ensemble_hwr.config.schema import (
    DEFAULT_AUGMENTATION,
    NO_AUGMENTATION,
    PIXELS,
    STANDARD_CONTENDERS,
    ExperimentConfig,
    MemberChange,
    MemberSection,
)
from ensemble_hwr.exceptions import ConfigError

EQUAL_TO_HIERARCHY = {
    "flat": "parameter count",
    "flat_macs": "MACs",
    "flat_macs_cheap": "MACs",
    "committee": "parameter count",
}
SCALABLE = ("sklearn.neural_network.MLPClassifier", "augmented_mlp")
WITHOUT_WRITERS = ("folder", "kaggle", "emnist", "nist")


def cross_section_errors(config: ExperimentConfig) -> Iterator[InitErrorDetails]:
    """Find names that are used but not declared, and settings of two sections that exclude each other."""
    yield from _name_errors(config)
    yield from _member_errors(config)
    yield from _contender_errors(config)
    yield from _data_errors(config)
    yield from _trust_errors(config)
    yield from _extra_errors(config)


def _name_errors(config: ExperimentConfig) -> Iterator[InitErrorDetails]:
    """Check the names of views and augmentations, declared and used."""
    always = {"view": [PIXELS], "augmentation": [NO_AUGMENTATION, DEFAULT_AUGMENTATION]}
    for key, built_in in always.items():
        declared = getattr(config, f"{key}s")
        for name in built_in:
            if name in declared:
                text = f"the {key} {name!r} is predefined; choose another name"
                yield setting_error((f"{key}s", name), text, name)
        for path, member in _members(config):
            name = getattr(member, key)
            if name is not None:
                yield from _unless_known(key, name, [*built_in, *declared], *path, key)
    for path, member in _members(config):
        for i, name in enumerate(member.views):
            yield from _unless_known("view", name, [PIXELS, *config.views], *path, "views", i)
    for i, name in enumerate(config.compare.committee_views or ()):
        yield from _unless_known("view", name, [PIXELS, *config.views], "compare", "committee_views", i)


def _members(config: ExperimentConfig) -> Iterator[tuple[tuple[str, ...], MemberSection | MemberChange]]:
    """Yield all sections with a view and an augmentation, with their paths."""
    yield from (((role,), getattr(config, role)) for role in ("router", "specialist", "expert"))
    if config.flat is not None:
        yield ("flat",), config.flat
    yield from ((("members", name), change) for name, change in config.members.items())
    yield from ((("contenders", name), member) for name, member in config.contenders.items())


def _unless_known(kind: str, name: str, known: list[str], *path: str | int) -> Iterator[InitErrorDetails]:
    if name not in known:
        yield setting_error(path, f"there is no {kind} {name!r}; {did_you_mean(name, known)}", name)


def _member_errors(config: ExperimentConfig) -> Iterator[InitErrorDetails]:
    for name, change in config.members.items():
        kind, _, of = name.partition(":")
        if kind not in ("specialist", "expert") or not of:
            text = 'unknown member; write "specialist:GROUP" or "expert:SET", such as "expert:B/P"'
            yield setting_error(("members", name), text, name)
            continue
        try:
            change.applied_to(getattr(config, kind))
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                yield setting_error(("members", name, *detail["loc"]), detail["msg"], detail["input"])


def _contender_errors(config: ExperimentConfig) -> Iterator[InitErrorDetails]:
    for name in config.contenders:
        if name in STANDARD_CONTENDERS:
            yield setting_error(("contenders", name), "is the name of a standard contender; choose another name", name)
    known = [*STANDARD_CONTENDERS, *config.contenders]
    for i, name in enumerate(config.compare.contenders):
        if name not in known:
            text = f"there is no contender {name!r}; declare it as [contenders.{name}]; {did_you_mean(name, known)}"
            yield setting_error(("compare", "contenders", i), text, name)
        elif name in EQUAL_TO_HIERARCHY and "hierarchical" not in config.compare.contenders:
            thing = EQUAL_TO_HIERARCHY[name]
            text = f"{name!r} is scaled to the {thing} of 'hierarchical', which must be among the contenders"
            yield setting_error(("compare", "contenders", i), text, name)
    yield from _flat_errors(config)


def _flat_errors(config: ExperimentConfig) -> Iterator[InitErrorDetails]:
    where, template = ("router", config.router) if config.flat is None else ("flat", config.flat)
    wanted = [name for name in EQUAL_TO_HIERARCHY if name in config.compare.contenders]
    found = find_class(template.estimator, CLASSIFIER)
    if wanted and not issubclass(found, tuple(find_class(name, CLASSIFIER) for name in SCALABLE)):
        text = f"contender {wanted[0]!r} is a scaled MLP; declare an MLP as [flat], or leave {wanted[0]!r} out"
        yield setting_error((where, "estimator"), text, template.estimator)


def _trust_errors(config: ExperimentConfig) -> Iterator[InitErrorDetails]:
    """Check that all fits have the same training part if the folds for the trust are sources."""
    if not isinstance(config.hierarchy.cv, tuple):
        return
    if isinstance(config.split, RandomSplit) and config.split.redraw:
        text = "got sources with split.redraw, where every seed has another training part; write a number of folds"
        yield setting_error(("hierarchy", "cv"), text, config.hierarchy.cv)
    if config.compare.five_by_two:
        text = "splits all letters again, so hierarchy.cv cannot be a list of sources; write a number of folds there"
        yield setting_error(("compare", "five_by_two"), text, True)


def _extra_errors(config: ExperimentConfig) -> Iterator[InitErrorDetails]:
    """Check that additional letters have the labels of the data and are not among the letters that are split."""
    if config.router.extra is not None and config.hierarchy.router_target == "groups":
        text = "a router of groups does not predict letters, so it cannot have additional letters; leave it out"
        yield setting_error(("router", "extra"), text, None)
    if isinstance(config.data, GeneratedData):
        drawn = [((*path, "extra"), member.extra) for path, member in _members(config)]
        for path, extra in [(("extra",), config.extra), *drawn]:
            if extra is not None and extra.generated and extra.random_state == config.data.random_state:
                text = "equals data.random_state and would generate the same writers again; choose another"
                yield setting_error((*path, "random_state"), text, extra.random_state)
    for path, member in _members(config):
        stored = None if member.extra is None else member.extra.data
        if stored is None or isinstance(config.data, GeneratedData) or not _same_place(stored.path, config.data.path):
            continue
        used = set(config.split.train + config.split.test) if isinstance(config.split, SourcesSplit) else None
        if used is None and isinstance(config.data, IndexData) and config.data.sources:
            used = set(config.data.sources)
        named = stored.sources if isinstance(stored, IndexData) else None
        if used is None or named is None or used & set(named):
            text = (
                "these letters are also in [data]; select sources for extra.data.sources that data.sources or [split] "
                "does not use"
            )
            yield setting_error((*path, "extra", "data"), text, stored.path)


def _same_place(one: str, other: str) -> bool:
    return expanded(one).resolve() == expanded(other).resolve()


def _data_errors(config: ExperimentConfig) -> Iterator[InitErrorDetails]:
    if isinstance(config.split, RandomSplit) and config.split.by == "writer" and config.data.format in WITHOUT_WRITERS:
        text = f"data of format {config.data.format!r} has no writers; write by = 'sample'"
        yield setting_error(("split", "by"), text, "writer")
    if isinstance(config.split, SourcesSplit) and isinstance(config.data, IndexData) and config.data.sources:
        for part in ("train", "test"):
            for i, source in enumerate(getattr(config.split, part)):
                if source not in config.data.sources:
                    text = f"source {source!r} is not among data.sources; {did_you_mean(source, config.data.sources)}"
                    yield setting_error(("split", part, i), text, source)
    if isinstance(config.data, GeneratedData) and not isinstance(config.split, RandomSplit):
        text = "generated letters have no predefined split or sources; use kind = 'random', by = 'writer'"
        yield setting_error(("split", "kind"), text, config.split.kind)
    if config.extra is not None and config.compare.five_by_two:
        text = "splits all letters again, and letters of [extra] must not be in a test part; leave it or [extra] out"
        yield setting_error(("compare", "five_by_two"), text, True)
    if config.normalizer.get("size", 28) != 28:
        text = f"got {config.normalizer['size']!r}; rows have 28x28 pixels, leave it out"
        yield setting_error(("normalizer", "size"), text, config.normalizer["size"])
    elif config.normalizer:
        try:
            found = find_class("ensemble_hwr.preprocessing.LetterNormalizer", TRANSFORMER)
        except ConfigError as error:
            yield setting_error(("normalizer",), str(error), config.normalizer)
        else:
            yield from parameter_errors(found, config.normalizer, "normalizer")
