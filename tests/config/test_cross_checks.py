"""Checks between the sections of a config."""

import pytest
from pydantic import TypeAdapter

from ensemble_hwr.config._cross_checks import cross_section_errors
from ensemble_hwr.config.schema import ExperimentConfig

BAYES = {"estimator": "sklearn.naive_bayes.GaussianNB"}
PCA = {"v": {"steps": [{"use": "pca"}]}}
INDEX = {"format": "index", "path": "p", "sources": ["a", "b"]}


def places(**sections):
    """Return the paths of the errors between sections that are valid by themselves."""
    valid = {
        key: TypeAdapter(ExperimentConfig.model_fields[key].rebuild_annotation()).validate_python(value)
        for key, value in sections.items()
    }
    config = ExperimentConfig.model_validate({"name": "x", "data": INDEX}).model_copy(update=valid)
    return [".".join(map(str, one["loc"])) for one in cross_section_errors(config)]


@pytest.mark.parametrize(
    "sections",
    [
        {},
        {"views": PCA, "router": {"view": "v"}, "members": {"expert:B/P": {"view": "v"}}},
        {"contenders": {"bayes": BAYES}, "compare": {"contenders": ["bayes"]}},
        {"router": BAYES, "compare": {"contenders": ["baseline", "top_down", "hierarchical"]}},
        {"router": BAYES, "flat": {"estimator": "mlp"}},
        {"split": {"kind": "sources", "train": ["a"], "test": ["b"]}},
        {"split": {"kind": "sources", "train": ["a"], "test": ["c"]}, "data": {"format": "index", "path": "p"}},
        {"data": {"format": "generated"}, "split": {"kind": "random", "by": "writer"}},
        {"normalizer": {"size": 28, "box": 20}},
        {"members": {"specialist:A-E": {"params": {"alpha": 0.1}}, "expert:B/P": {**BAYES}}},
    ],
)
def test_consistent_sections_have_no_errors(sections):
    assert places(**sections) == []


@pytest.mark.parametrize(
    ("sections", "found"),
    [
        (
            {role: {"view": "v"} for role in ("router", "specialist", "expert", "flat")},
            ["router.view", "specialist.view", "expert.view", "flat.view"],
        ),
        ({"members": {"expert:B/P": {"view": "v"}}}, ["members.expert:B/P.view"]),
        ({"contenders": {"bayes": {**BAYES, "view": "v"}}}, ["contenders.bayes.view"]),
        ({"views": {"pixels": PCA["v"]}}, ["views.pixels"]),
        (
            {"members": {"expert": {}, "expert:": {}, "router:A": {}}},
            ["members.expert", "members.expert:", "members.router:A"],
        ),
        ({"expert": BAYES, "members": {"expert:B/P": {"params": {"alpha": 1.0}}}}, ["members.expert:B/P.params.alpha"]),
        ({"contenders": {"flat": BAYES}}, ["contenders.flat"]),
        ({"compare": {"contenders": ["unknown"]}}, ["compare.contenders.0"]),
        (
            {"compare": {"contenders": ["baseline", "flat", "committee"]}},
            ["compare.contenders.1", "compare.contenders.2"],
        ),
        ({"router": BAYES}, ["router.estimator"]),
        ({"flat": BAYES}, ["flat.estimator"]),
        ({"split": {"kind": "sources", "train": ["a", "x"], "test": ["y"]}}, ["split.train.1", "split.test.0"]),
        ({"data": {"format": "generated"}}, ["split.kind"]),
        ({"normalizer": {"size": 32}}, ["normalizer.size"]),
        ({"normalizer": {"bax": 20}}, ["normalizer.bax"]),
    ],
)
def test_inconsistent_sections_are_reported_with_their_path(sections, found):
    assert places(**sections) == found
