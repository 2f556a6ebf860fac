"""The rooms of the house: who may import whom, what a bare import costs, and what stays outside."""

import ast
import subprocess
import sys
from pathlib import Path

import ensemble_hwr

SOURCE = Path(ensemble_hwr.__file__).parent
LEVELS = {
    "exceptions": -1,
    "_sklearn": -1,
    "_typing": -1,
    "_versions": -1,
    "_geometry": -1,
    "boxes": 0,
    "images": 0,
    "hierarchy": 0,
    "_composites": 0,
    "_writing": 0,
    "preprocessing": 1,
    "ensemble": 1,
    "segmentation": 1,
    "persistence": 1,
    "reading": 2,
    "datasets": 3,
    "evaluation": 3,
    "report": 3,
    "training": 3,
    "config": 3,
    "tuning": 3,
    "onnx": 3,
    "canvas": 4,
    "cli": 5,
    "__main__": 6,
}
OWNERS = {
    "matplotlib": {"evaluation/_displays.py"},
    "pooch": {"datasets/_fetch.py"},
    "rich": {"evaluation/_table.py", "datasets/_fetch.py"},
    "skops": {"persistence/_payload.py"},
    "pydantic": {"config"},
    "optuna": {"tuning"},
    "distributed": {"tuning/_cluster.py"},
    "click": {"cli"},
    "tkinter": {"canvas/_painter.py", "canvas/_window.py"},
    "onnx": {"onnx/_graph.py"},
    "skl2onnx": {"onnx/_graph.py"},
    "jinja2": {"report/page.py", "tuning/_report"},
}


def imported(path):
    """Every module that a file imports, absolutely or not."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path} imports relatively: name the room"
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def room(path):
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def modules():
    return [path for path in sorted(SOURCE.rglob("*.py")) if path != SOURCE / "__init__.py"]


def test_every_room_has_a_level():
    assert {room(path) for path in modules()} == set(LEVELS)


def test_no_import_runs_upward():
    upward = []
    for path in modules():
        for name in imported(path):
            first, _, rest = name.partition(".")
            target = rest.split(".")[0]
            if first == "ensemble_hwr" and target and target != room(path):
                lower = LEVELS[target] < LEVELS[room(path)] or LEVELS[target] == LEVELS[room(path)] == 3
                if not lower:
                    upward.append(f"{path.relative_to(SOURCE)} imports {name}")
    assert not upward


def test_packages_are_imported_by_the_module_that_owns_them():
    strays = [
        f"{path.relative_to(SOURCE)} imports {name}"
        for path in modules()
        for name in imported(path)
        if name.split(".")[0] in OWNERS
        and room(path) != "cli"
        and not any(path.relative_to(SOURCE).as_posix().startswith(owner) for owner in OWNERS[name.split(".")[0]])
    ]
    assert not strays


def test_a_bare_import_brings_in_nothing_heavy():
    code = (
        "import sys; before = set(sys.modules); import ensemble_hwr; "
        "print({name.split('.')[0] for name in set(sys.modules) - before} - sys.stdlib_module_names)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "{'ensemble_hwr'}"


def test_every_public_name_is_there():
    for name in ensemble_hwr.__all__:
        assert getattr(ensemble_hwr, name).__doc__
    assert set(ensemble_hwr.__all__) <= set(dir(ensemble_hwr))
