"""Levels of the packages, imports, sizes of modules and functions, and the cost of a bare import."""

import ast
import io
import subprocess
import sys
import tokenize
from graphlib import TopologicalSorter
from pathlib import Path
from statistics import median

import pytest

import ensemble_hwr

SOURCE = Path(ensemble_hwr.__file__).parent
LEVELS = {
    "exceptions": 0,
    "_typing": 0,
    "_sklearn": 0,
    "_processes": 0,
    "_versions": 0,
    "_geometry": 0,
    "boxes": 0,
    "_deadlines": 1,
    "_cluster": 1,
    "_workers": 2,
    "hierarchy": 1,
    "images": 1,
    "report": 1,
    "alphabets": 1,
    "_composites": 1,
    "_writing": 1,
    "preprocessing": 2,
    "ensemble": 2,
    "segmentation": 2,
    "persistence": 2,
    "datasets": 3,
    "evaluation": 3,
    "onnx": 3,
    "adaptation": 4,
    "config": 4,
    "reading": 5,
    "_formats": 6,
    "_batches": 7,
    "training": 5,
    "tuning": 5,
    "canvas": 6,
    "web": 7,
    "_parts": 8,
    "folders": 9,
    "cli": 10,
    "__main__": 11,
}
OWNERS = {
    "matplotlib": {"evaluation/_displays.py"},
    "pooch": {"datasets/_fetch.py"},
    "pandas": {"evaluation/results.py"},
    "rich": {"evaluation/_table.py", "datasets/_fetch.py"},
    "skops": {"persistence/_payload.py"},
    "pydantic": {"config", "reading/fields.py", "web"},
    "optuna": {"tuning"},
    "distributed": {"tuning/_cluster.py", "_cluster.py"},
    "click": {"cli"},
    "fastapi": {"web"},
    "starlette": {"web"},
    "uvicorn": {"web"},
    "python_multipart": {"web/_uploads.py"},
    "tkinter": {"canvas/_painter.py", "canvas/_window.py"},
    "onnx": {"onnx/_graph.py"},
    "skl2onnx": {"onnx/_graph.py"},
    "jinja2": {"report/page.py"},
    "platformdirs": {"adaptation/profiles.py"},
    "pyarrow": {"_parts.py"},
    "pypdfium2": {"images/_containers.py"},
    "pillow_heif": {"images/_containers.py"},
}
PRIVATE_IMPORTS = set()  # pairs of a module and a private module of another package that it imports
NO_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def modules():
    return [path for path in sorted(SOURCE.rglob("*.py")) if path != SOURCE / "__init__.py"]


def room(path):
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imported(path):
    """The modules and names that a file imports, within functions and under TYPE_CHECKING too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path} has a relative import"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def code_lines(path):
    """Numbers of the lines that hold code: no blank lines, comments or docstrings."""
    text = path.read_text(encoding="utf-8")
    docstrings = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node) is not None:
            docstrings |= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    lines = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in NO_CODE:
            lines |= set(range(token.start[0], token.end[0] + 1))
    return lines - docstrings


def private_imports():
    """Pairs of a module and a private module of another package that it imports."""
    files = {module_name(path) for path in modules()}
    for path in modules():
        for name in set(imported(path)) & files:
            _, package, *rest = name.split(".")
            if package != room(path) and any(part.startswith("_") for part in rest):
                yield path.relative_to(SOURCE).as_posix(), name


def import_graph():
    files = {module_name(path): path for path in modules()}
    return {name: set(imported(path)) & set(files) - {name} for name, path in files.items()}


def module_name(path):
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(["ensemble_hwr", *(part for part in parts if part != "__init__")])


def test_every_package_has_a_level():
    assert {room(path) for path in modules()} == set(LEVELS)


def test_modules_import_only_from_lower_levels():
    upward = [
        f"{path.relative_to(SOURCE)} imports {name}"
        for path in modules()
        for name in set(imported(path))
        if name.startswith("ensemble_hwr.") and (target := name.split(".")[1]) in LEVELS
        if target != room(path) and LEVELS[target] >= LEVELS[room(path)]
    ]
    assert not upward


def test_private_modules_are_imported_only_within_their_package():
    assert len(PRIVATE_IMPORTS) <= 5  # the list may only shrink
    assert set(private_imports()) == PRIVATE_IMPORTS


def test_no_modules_import_each_other_in_a_circle():
    TopologicalSorter(import_graph()).prepare()  # raises CycleError with the modules of a circle


def test_the_library_has_few_modules_of_moderate_size():
    sizes = {path: len(code_lines(path)) for path in SOURCE.rglob("*.py")}
    assert len(sizes) <= 255
    assert median(size for path, size in sizes.items() if path.name != "__init__.py") > 75


def test_no_function_is_longer_than_40_lines_of_code():
    long = []
    for path in SOURCE.rglob("*.py"):
        lines = code_lines(path)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = len(lines & set(range(node.lineno, node.end_lineno + 1)))
                if length > 40:
                    long.append(f"{path.relative_to(SOURCE)}: {node.name} has {length} lines")
    assert not long


def test_each_dependency_is_imported_by_few_modules():
    others = [
        f"{path.relative_to(SOURCE)} imports {name}"
        for path in modules()
        for name in set(imported(path))
        if name.split(".")[0] in OWNERS
        and room(path) != "cli"
        and not any(path.relative_to(SOURCE).as_posix().startswith(owner) for owner in OWNERS[name.split(".")[0]])
    ]
    assert not others


def test_importing_the_library_imports_no_dependency():
    code = (
        "import sys; before = set(sys.modules); import ensemble_hwr; "
        "print({name.split('.')[0] for name in set(sys.modules) - before} - sys.stdlib_module_names)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "{'ensemble_hwr'}"


@pytest.mark.parametrize("name", ensemble_hwr.__all__)
def test_every_public_name_has_a_docstring_and_is_completed(name):
    assert getattr(ensemble_hwr, name).__doc__
    assert name in dir(ensemble_hwr)


def test_every_public_submodule_is_listed():
    on_disk = {path.relative_to(SOURCE).parts[0].removesuffix(".py") for path in SOURCE.glob("[a-z]*.py")}
    on_disk |= {path.parent.name for path in SOURCE.glob("[a-z]*/__init__.py")}
    assert set(ensemble_hwr._SUBMODULES) == on_disk
    assert on_disk <= set(dir(ensemble_hwr))


@pytest.mark.parametrize("name", sorted(ensemble_hwr._SUBMODULES))
def test_a_submodule_is_an_attribute_after_a_bare_import(name):
    code = f"import ensemble_hwr; print(ensemble_hwr.{name}.__name__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"ensemble_hwr.{name}"


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'ensemble_hwr' has no attribute 'nonsense'"):
        ensemble_hwr.nonsense  # noqa: B018


def test_the_number_of_exported_names_is_small():
    exported = [
        name
        for path in [SOURCE / "__init__.py", *modules()]
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Assign) and [getattr(target, "id", "") for target in node.targets] == ["__all__"]
        for name in ast.literal_eval(node.value)
    ]
    assert len(exported) <= 134
