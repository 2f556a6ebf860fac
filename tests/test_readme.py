"""The README keeps its word: its Python runs, its commands and files are there, its figures come from a script."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_its_python_runs(capsys):
    scope = {}
    runnable = [block for block in blocks("python") if "letters.model" not in block]
    assert len(runnable) >= 2
    for block in runnable:
        exec(block, scope)
    accuracies = [float(number) for number in re.findall(r"^0\.\d+", capsys.readouterr().out, flags=re.MULTILINE)]
    assert len(accuracies) == 1
    assert accuracies[0] > 0.9


def test_the_two_commands_to_begin_with_are_there():
    assert blocks("sh")[:2] == ["pip install . && ensemble-hwr demo\n", 'pip install -e ".[test]" && pytest\n']


@pytest.mark.parametrize("target", re.findall(r"\]\((?!http)([^)]+)\)", README))
def test_what_it_links_to_exists(target):
    assert (ROOT / target).is_file()


@pytest.mark.parametrize("command", sorted(set(re.findall(r"ensemble-hwr (\w+)", README))))
def test_the_commands_it_names_exist(command):
    help_text = subprocess.run(
        [sys.executable, "-m", "ensemble_hwr", command, "--help"], capture_output=True, text=True, check=True
    )
    assert command in help_text.stdout


@pytest.mark.parametrize("module", re.findall(r"table: benchmarks/(\w+)\.py", README))
def test_its_tables_name_the_script_that_makes_them(module):
    assert f"python -m benchmarks.{module}" in README
    assert (ROOT / "benchmarks" / f"{module}.py").is_file()


def test_its_short_table_has_the_figures_of_the_full_one():
    full = (ROOT / "docs" / "notes" / "accuracy.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| [A-Za-z].*?\| (\d.*)\|$", README, flags=re.MULTILINE)
    assert len(rows) == 6
    for row in rows:
        accuracy, trusted, macs = (cell.strip() for cell in row.split("|"))
        assert re.search(rf"\| {re.escape(accuracy)} \| {re.escape(trusted)} \| [\d.]+ \| {macs or ''}", full), row
