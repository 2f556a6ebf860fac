"""Files for those who cite, report and contribute are there, and agree with the code and with .ci/run."""

import re
from pathlib import Path

import pytest

import ensemble_hwr

ROOT = Path(__file__).parents[1]
CI_RUN = ".ci/run"
WORKFLOW = ".github/workflows/ci.yml"
HOOKS = ".pre-commit-config.yaml"
YAML = [
    "CITATION.cff",
    ".github/ISSUE_TEMPLATE/bug_report.yml",
    ".github/ISSUE_TEMPLATE/config.yml",
    ".github/ISSUE_TEMPLATE/feature_request.yml",
    WORKFLOW,
    HOOKS,
]
FILES = ["LICENSE", "SECURITY.md", ".github/PULL_REQUEST_TEMPLATE.md", *YAML]


def text_of(name):
    return (ROOT / name).read_text(encoding="utf-8")


def top_level(name):
    """Return the keys of a YAML file that are not indented, with what stands behind them."""
    return dict(re.findall(r"^([\w-]+):[ \t]*(.*)$", text_of(name), flags=re.MULTILINE))


def commands_of_ci():
    tools = r"(?:pytest|ruff|mypy|python -m (?:benchmarks|sphinx))\b.*"
    readme = r"readme '.*&& (.+)'"
    found = re.findall(rf"^(?:({tools})|{readme})$", text_of(CI_RUN), flags=re.MULTILINE)
    return sorted({command for pair in found for command in pair if command})


@pytest.mark.parametrize("name", FILES)
def test_it_is_there(name):
    assert text_of(name).endswith("\n")


@pytest.mark.parametrize("name", YAML)
def test_yaml_is_indented_by_spaces_under_keys_or_lists(name):
    assert top_level(name)
    for line in text_of(name).splitlines():
        assert "\t" not in line
        assert line == line.rstrip()
        assert re.match(r"$| |#|[\w-]+:", line), line


def test_the_citation_is_of_this_version():
    citation = top_level("CITATION.cff")
    assert citation["cff-version"] == "1.2.0"
    assert citation["version"].strip("\"'") == ensemble_hwr.__version__
    assert set(citation) >= {"message", "title", "authors", "abstract", "keywords", "license"}


def test_the_citation_agrees_with_the_package_about_the_licence():
    (licence,) = re.findall(r'^license = "(.+)"$', text_of("pyproject.toml"), flags=re.MULTILINE)
    assert top_level("CITATION.cff")["license"] == licence


def test_commands_are_found():
    assert {"pytest", "mypy", "ruff check .", "ruff format --check ."} <= set(commands_of_ci())
    assert any(command.startswith("python -m sphinx -W") for command in commands_of_ci())


@pytest.mark.parametrize("command", commands_of_ci())
def test_the_workflow_runs_what_ci_runs(command):
    assert re.search(rf"^ +(?:run: )?(?:.*&& )?{re.escape(command)}$", text_of(WORKFLOW), flags=re.MULTILINE)


def test_the_workflow_tests_the_oldest_releases_and_the_window():
    workflow = text_of(WORKFLOW)
    assert "-c tests/oldest.txt" in workflow
    assert 'ENSEMBLE_HWR_REQUIRE_WINDOW: "1"' in workflow


@pytest.mark.parametrize("hook", ["ruff", "ruff-format", "end-of-file-fixer", "check-added-large-files", "mypy"])
def test_the_hook_is_set(hook):
    assert f"- id: {hook}\n" in text_of(HOOKS)
