"""The documentation: every exported name is in the reference and has an example; scripts and pages are complete."""

import ast
import inspect
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
SCRIPTS = sorted([*(ROOT / "examples").rglob("plot_*.py"), *(DOCS / "tutorials").glob("plot_*.py")])
PAGES = ["index", "quick_start", "glossary", "user_guide/index", "notes/index"]

sys.path.insert(0, str(DOCS / "_ext"))
import api_reference  # noqa: E402

sys.path.pop(0)
HOMES = api_reference.canonical_names()
LINKS = re.compile(r"See Also\n-+\n(.*?)(?:\n\n\S+\n-+\n|\Z)", flags=re.DOTALL)


def docstrings(value):
    """The docstring of an object and, for a class, those of its methods."""
    members = inspect.getmembers(value, inspect.isroutine) if inspect.isclass(value) else []
    own = [member for name, member in members if not name.startswith("_") and is_documented_here(member)]
    return "\n\n".join(inspect.getdoc(documented) or "" for documented in [value, *own])


def is_documented_here(member):
    return getattr(member, "__module__", "").startswith("ensemble_hwr")


def imported_by_scripts():
    """Names that gallery scripts and tutorials import from the library."""
    found = set()
    for script in SCRIPTS:
        for node in ast.walk(ast.parse(script.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ensemble_hwr"):
                found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return {HOMES.get(name, name) for name in found}


def has_example(value):
    return ">>>" in docstrings(value)


def names_with_examples():
    """Canonical names with a doctest, in a script of the gallery, or with a link to a name that has one."""
    values = {home: api_reference.resolve(home) for home in HOMES.values()}
    direct = {home for home, value in values.items() if has_example(value)} | imported_by_scripts()
    short = {home.rpartition(".")[2] for home in direct}
    linked = set()
    for home, value in values.items():
        targets = re.findall(
            r"^([\w.]+(?:, [\w.]+)*)(?: :|$)", "\n".join(LINKS.findall(inspect.getdoc(value) or "")), re.M
        )
        if any(name.rpartition(".")[2] in short for line in targets for name in line.split(", ")):
            linked.add(home)
    return direct | linked


WITH_EXAMPLES = names_with_examples()


@pytest.mark.parametrize("module", api_reference.public_names())
def test_every_exported_name_is_on_the_page_of_its_module(module):
    names = api_reference.public_names()[module]
    page = api_reference.module_page(module, names, HOMES)
    for name in names:
        assert re.search(
            rf"^( +|.*:: |   ~){re.escape(HOMES[f'{module}.{name}'])}$|^(   |.. py:data:: ){name}$", page, re.M
        )


@pytest.mark.parametrize("home", sorted(set(HOMES.values())))
def test_every_exported_name_has_an_example_or_a_link_to_one(home):
    value = api_reference.resolve(home)
    if api_reference.kind_of(value) in ("Classes", "Functions"):
        assert home in WITH_EXAMPLES


@pytest.mark.parametrize("home", sorted(set(HOMES.values())))
def test_every_exported_name_has_a_docstring(home):
    value = api_reference.resolve(home)
    if api_reference.kind_of(value) != api_reference.VALUES:
        assert value.__doc__


def test_the_command_line_page_has_every_command():
    from ensemble_hwr.cli import cli

    page = api_reference.command_page()
    assert all(f"\nensemble-hwr {name}\n" in page for name in cli.commands)


@pytest.mark.parametrize("name", sorted(imported_by_scripts()))
def test_scripts_import_exported_names(name):
    assert name in HOMES.values()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_scripts_have_a_title_and_an_explanation(script):
    title, line, explanation = ast.get_docstring(ast.parse(script.read_text(encoding="utf-8"))).split("\n", 2)
    assert re.fullmatch("=+", line)
    assert len(line) >= len(title)
    assert len(explanation.strip()) > 40


def test_there_are_at_least_twelve_examples_and_three_tutorials():
    assert len([script for script in SCRIPTS if script.parent.name != "tutorials"]) >= 12
    assert len([script for script in SCRIPTS if script.parent.name == "tutorials"]) == 3


@pytest.mark.parametrize("folder", sorted({script.parent for script in SCRIPTS}), ids=lambda path: path.name)
def test_every_section_of_the_gallery_has_a_header(folder):
    assert (folder / "GALLERY_HEADER.rst").is_file()


@pytest.mark.parametrize("page", PAGES)
def test_entries_of_a_toctree_exist(page):
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    for block in re.findall(r"```\{toctree\}\n(.*?)```", text, flags=re.DOTALL):
        for entry in re.findall(r"^([\w/]+)$", block, flags=re.M):
            generated = entry.startswith(("auto_", "api/"))
            assert generated or (DOCS / page).with_name(entry.rpartition("/")[2]).parent.is_dir()
            assert generated or (DOCS / Path(page).parent / f"{entry}.md").is_file()


@pytest.mark.parametrize("folder", ["user_guide", "notes"])
def test_every_page_is_in_its_toctree(folder):
    index = (DOCS / folder / "index.md").read_text(encoding="utf-8")
    for page in (DOCS / folder).glob("*.md"):
        assert page.stem == "index" or re.search(rf"^{page.stem}$", index, flags=re.M)


def test_the_python_of_the_quick_start_runs(capsys):
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / "quick_start.md").read_text(encoding="utf-8"), flags=re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        exec(block, {})
    assert float(capsys.readouterr().out.split("\n")[-2]) > 0.9


def test_glossary_terms_are_defined_once():
    terms = re.findall(r"^(\S.*)\n  \S", (DOCS / "glossary.md").read_text(encoding="utf-8"), flags=re.M)
    assert len(terms) == len(set(terms))
    assert {"trust", "router", "specialist", "expert", "MACs", "ECE", "non-letter", "out-of-fold"} <= set(terms)
