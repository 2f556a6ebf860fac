"""Public names, config keys, command line options and texts use the standard terms of the field.

A term that is replaced is listed below with the term to use instead. Names are compared word by word:
``max_per_letter`` consists of ``max``, ``per`` and ``letter``.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import subprocess
from pathlib import Path
from typing import Literal, get_args, get_origin

import click
import pytest
from pydantic import BaseModel

import ensemble_hwr
from ensemble_hwr.cli import cli
from ensemble_hwr.config import ExperimentConfig

ROOT = Path(__file__).parents[1]

WORDS = {  # in names: word -> use instead
    "certainty": "confidence_threshold",
    "decay": "learning_rate",
    "patience": "n_iter_no_change, n_trials_no_improvement",
    "novelty": "oov_rate",
    "junk": "non_letter",
    "keeping": "fit_cache",
    "kept": "cached",
    "watching": "epoch_callback",
    "watcher": "callback",
    "prescribed": "predefined",
    "division": "split",
    "hand": "writer",
    "hands": "writers",
    "crumb": "fragment",
    "crumbs": "fragments",
    "casting": "writer sampler",
    "speaker": "member",
    "speakers": "members",
    "blind": "",
    "bold": "",
    "untuned": "baseline",
    "chosen": "params",
    "judged": "evaluated",
}
NAMES = {  # whole names: name -> use instead
    "epochs": "augmented_mlp, max_iter",
    "epoch_mlp": "augmented_mlp",
    "hard": "top_down",
    "form": "format",
    "p": "probability",
    "next": "alternatives",
    "minutes": "timeout_minutes",
    "timeout_hours": "timeout_minutes",
    "trials": "n_trials",
    "out": "output",
    "out_dir": "output",
    "work": "output",
    "recall": "get",
    "keep": "put",
    "fit_one": "fit_classifier",
    "epoch_done": "on_epoch_end",
    "max_per_letter": "max_per_class",
    "per_letter": "per_class",
    "by_letter": "per_class",
    "multiply_adds": "macs",
    "calibration_error": "expected_calibration_error",
}
SEEDED = {"seed": "random_state"}  # a field `seed` of a result holds one of the `seeds` of a comparison

TEXTS = [  # regular expressions, in all texts; case is ignored
    r"certaint(?:y|ies)",
    r"Epoch_?MLP",
    r"novelty",
    r"junk",
    r"KeptMembers",
    r"keeping\(",
    r"watching\(",
    r"Watcher",
    r"epoch_done",
    r"fit_one",
    r"prescri(?:bed?|bes)",
    r"multiply-adds?",
    r"(?<!expected\s)calibration error",
    r"crumbs?",
    r"reluctance",
    r"castings?(?!=)",
    r"BOLDEST|MEEKEST",
    r"bold(?:er|est|ness)",
    r"companies",
    r"speakers?",
    r"speaks?|spoke|spoken",
    r"heard?|hears?",
    r"grow\(",
    r"_?Growth|_growing",
    r"consult(?:s|ed|ing)?",
    r"hands",
    r"(?:made-up|same|new|known|unseen|one) hand",
    r"nobody(?:'s)?|anybody(?:'s)?|everybody(?:'s)?",
    r"whoever|whomever",
    r"none shown",
    r"not suspect(?!\.any)|doubted|doubts?",
    r"judg(?:e|es|ed|ing|ement)",
    r"learn(?:s|ed|t)? from",
    r"beside",
    r"made-up",
    r"bury|buried",
    r"crew",
    r"reap(?:er|s|ed)?",
    r"take_apart",
    r"answers_of_router",
    r"PerLetterDisplay",
    r"max_per_letter",
    r"disagreements",
    r"divisions?",
    r"anew",
    r"earn(?:s|ed)?",
    r"blind",
    r"believes?|believed",
    r"seats?",
    r"(?:is|are|be|was) told|tells",
    r"asks|(?:is|are|was) asked",
    r"knows",
    r"fares|fared",
    r"what mattered|what was gained|spared by",
]
PENDING: dict[
    str, tuple[str, ...]
] = {  # expressions that a package still uses, by the beginning of the path; entries are only ever removed
}
PENDING_NAMES = {}


def _public_objects():
    modules = [ensemble_hwr] + [
        importlib.import_module(module.name)
        for module in pkgutil.walk_packages(ensemble_hwr.__path__, "ensemble_hwr.")
        if not any(part.startswith("_") for part in module.name.split("."))
    ]
    return {
        f"{module.__name__}.{name}": getattr(module, name)
        for module in modules
        for name in getattr(module, "__all__", ())
    }


def _names_of(public):
    """Yield the parameters of a function; the parameters, public attributes and methods of a class."""
    functions = [public]
    if inspect.isclass(public):
        attributes = {name: value for name, value in vars(public).items() if not name.startswith("_")}
        yield from attributes
        yield from (name for name in getattr(public, "__annotations__", {}) if not name.startswith("_"))
        functions += [value for value in attributes.values() if inspect.isfunction(value)]
    for function in functions:
        try:
            yield from inspect.signature(function).parameters
        except (TypeError, ValueError):  # not callable, or a class without a signature
            continue


def _models_in(kind):
    """Yield the sections within an annotation."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
    for argument in get_args(kind):
        if get_origin(kind) is not Literal:
            yield from _models_in(argument)


def _words_of_config(model, seen):
    """Yield all keys below a section, and the allowed words of keys with a fixed choice."""
    if model in seen:
        return
    seen.add(model)
    for key, field in model.model_fields.items():
        yield key
        for kind in (field.annotation, *get_args(field.annotation)):
            if get_origin(kind) is Literal:
                yield from (word for word in get_args(kind) if isinstance(word, str))
        for section in _models_in(field.annotation):
            yield from _words_of_config(section, seen)


def _options_of(command):
    for parameter in command.params:
        yield from (name.lstrip("-").replace("-", "_") for name in (*parameter.opts, *parameter.secondary_opts))
    for below in getattr(command, "commands", {}).values():
        yield below.name
        yield from _options_of(below)


def _replaced(name, names=NAMES):
    """Return the term to use instead of a name; None if the name is fine."""
    if name in names:
        return names[name]
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)
    return next((WORDS[word.lower()] for word in words if word.lower() in WORDS), None)


PUBLIC = _public_objects()


@pytest.mark.parametrize("path", sorted(set(PUBLIC) - set(PENDING_NAMES)))
def test_public_names_and_parameters_use_standard_terms(path):
    names = NAMES if inspect.isclass(PUBLIC[path]) else NAMES | SEEDED
    found = {path.rpartition(".")[2], *_names_of(PUBLIC[path])}
    assert {name: use for name in found if (use := _replaced(name, names)) is not None} == {}


def test_config_keys_use_standard_terms():
    found = set(_words_of_config(ExperimentConfig, set()))
    assert {"hierarchy", "n_trials", "augmentation", "predefined", "top_down"} <= found
    assert {word: use for word in found if (use := _replaced(word, NAMES | SEEDED)) is not None} == {}


def test_command_line_options_use_standard_terms():
    assert isinstance(cli, click.Group)
    found = set(_options_of(cli))
    assert {"train", "output"} <= found
    assert {name: use for name in found if (use := _replaced(name, NAMES | SEEDED)) is not None} == {}


@pytest.fixture(scope="module")
def texts():
    places = ["src", "docs", "configs", "examples", "benchmarks", "models", "tests"]
    pages = ["README.md", "CONTRIBUTING.md", "SECURITY.md"]
    listed = subprocess.run(
        ["git", "ls-files", "-z", *places, *pages], cwd=ROOT, capture_output=True, check=False, text=True
    )
    if listed.returncode:
        pytest.skip("not a git repository")
    suffixes = (".py", ".md", ".toml", ".html", ".css", ".txt", ".rst", ".cff")
    files = [name for name in listed.stdout.split("\0") if name.endswith(suffixes) and (ROOT / name).is_file()]
    this = Path(__file__).resolve().relative_to(ROOT).as_posix()
    return {name: (ROOT / name).read_text(encoding="utf-8") for name in files if name != this}


@pytest.mark.parametrize("term", TEXTS)
def test_texts_use_standard_terms(term, texts):
    closing = "" if term.endswith(r"\(") else r"(?!\w)"
    spaced = term.replace(" ", r"\s+")  # also across line breaks
    expression = re.compile(rf"(?<!\w)(?:{spaced}){closing}", re.IGNORECASE)
    pending = PENDING.get(term, ())
    found = [
        f"{name}:{text.count(chr(10), 0, match.start()) + 1}: {match[0]}"
        for name, text in texts.items()
        if not name.startswith(tuple(pending))
        for match in expression.finditer(text)
    ]
    assert found == []
