"""The Python code of the README runs, and its commands, links and tables refer to what exists."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_the_python_code_runs(capsys):
    scope = {}
    runnable = [block for block in blocks("python") if "letters.model" not in block]
    assert len(runnable) >= 2
    for block in runnable:
        exec(block, scope)
    accuracies = [float(number) for number in re.findall(r"^0\.\d+", capsys.readouterr().out, flags=re.MULTILINE)]
    assert len(accuracies) == 1
    assert accuracies[0] > 0.9


def test_the_first_commands_are_those_of_ci():
    assert blocks("sh")[:2] == ["pip install . && ensemble-hwr demo\n", 'pip install -e ".[test]" && pytest\n']


@pytest.mark.parametrize("target", re.findall(r"\]\((?!http)([^)]+)\)", README))
def test_linked_files_exist(target):
    assert (ROOT / target).is_file()


@pytest.mark.parametrize("command", sorted(set(re.findall(r"ensemble-hwr (\w+)", README))))
def test_its_commands_exist(command):
    help_text = subprocess.run(
        [sys.executable, "-m", "ensemble_hwr", command, "--help"], capture_output=True, text=True, check=True
    )
    assert command in help_text.stdout


def tables():
    """Page and script of each table that a benchmark writes."""
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*/*.md"))]:
        for script in re.findall(r"<!-- table: (.+) -->", page.read_text(encoding="utf-8")):
            module = re.match(r"benchmarks/(\w+)\.py|python -m benchmarks[ .](\w+)", script)
            yield pytest.param(page, module and (module[1] or module[2]), id=f"{page.stem} {script}")


@pytest.mark.parametrize(("page", "module"), tables())
def test_each_table_names_the_script_that_writes_it(page, module):
    assert (ROOT / "benchmarks" / f"{module}.py").is_file()
    assert re.search(rf"python -m benchmarks[ .]{module}\b", page.read_text(encoding="utf-8"))
