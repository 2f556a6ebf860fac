"""Write the pages of the API reference from what the packages export.

A public module is a package, or a module at the top of the library, whose name has no leading underscore. Modules
within packages serve other packages of the library; what users need of them is exported by the package. A module
exports the names of its ``__all__``, or its public classes and functions where it has none. Each object has one page of
its own, under the shortest name by which it can be imported; every module that exports it links to that page.
"""

from __future__ import annotations

import inspect
import pkgutil
import textwrap
from importlib import import_module
from pathlib import Path
from types import GenericAlias, ModuleType
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ROOT = "ensemble_hwr"
VALUES = "Types and constants"
WITHOUT_REFERENCE = {f"{ROOT}.cli", f"{ROOT}.__main__"}  # the command line has a page of its own


def public_modules() -> list[ModuleType]:
    """Return the modules of the reference: the package itself, then the others by name."""
    root = import_module(ROOT)
    found = pkgutil.walk_packages(root.__path__, f"{ROOT}.")
    names = [info.name for info in found if info.ispkg or info.name.count(".") == 1]
    public = [name for name in names if not any(part.startswith("_") for part in name.split("."))]
    return [root, *(import_module(name) for name in sorted(public) if not is_excluded(name))]


def is_excluded(name: str) -> bool:
    """Check whether a module has no page in the reference."""
    return any(name == left_out or name.startswith(f"{left_out}.") for left_out in WITHOUT_REFERENCE)


def exported_names(module: ModuleType) -> list[str]:
    """Return the names that a module exports."""
    if hasattr(module, "__all__"):
        return sorted(module.__all__)
    own = (name for name, value in vars(module).items() if getattr(value, "__module__", "") == module.__name__)
    return sorted(name for name in own if not name.startswith("_"))


def public_names() -> dict[str, list[str]]:
    """Return the exported names of each module that exports any."""
    return {module.__name__: names for module in public_modules() if (names := exported_names(module))}


def canonical_names() -> dict[str, str]:
    """Map every public dotted name to the shortest dotted name of the same object."""
    dotted = sorted(
        (f"{module}.{name}" for module, names in public_names().items() for name in names),
        key=lambda name: (name.count("."), name),
    )
    found: dict[str, str] = {}
    for name in dotted:
        short = next((home for home in found.values() if is_same(home, name)), name)
        found[name] = short
    return found


def is_same(first: str, second: str) -> bool:
    """Check whether two dotted names lead to one object under one name."""
    return first.rpartition(".")[2] == second.rpartition(".")[2] and resolve(first) is resolve(second)


def resolve(dotted: str) -> Any:
    """Import the object of a public dotted name."""
    module, _, name = dotted.rpartition(".")
    return getattr(import_module(module), name)


def kind_of(value: Any) -> str:
    """Return the heading under which an object is listed."""
    if inspect.isclass(value) and not isinstance(value, GenericAlias):
        return "Exceptions" if issubclass(value, Exception) else "Classes"
    return "Functions" if inspect.isroutine(value) else VALUES


def module_page(module: str, names: list[str], homes: dict[str, str]) -> str:
    """Write the page of one module: its docstring and a table for each kind of object."""
    lines = [f".. _api-{module}:", "", module, "=" * len(module), ""]
    lines += [f".. automodule:: {module}", "   :no-members:", "", f".. currentmodule:: {module}", ""]
    for kind in ("Classes", "Functions", "Exceptions", VALUES):
        own = [name for name in names if kind_of(resolve(f"{module}.{name}")) == kind]
        here = [name for name in own if homes[f"{module}.{name}"] == f"{module}.{name}"]
        elsewhere = [homes[f"{module}.{name}"] for name in own if name not in here]
        if own:
            lines += [kind, "-" * len(kind), ""]
        if here and kind == VALUES:
            lines += [line for name in here for line in value_entry(module, name)]
        elif here:
            lines += [".. autosummary::", "   :toctree: generated", "   :nosignatures:", ""]
            lines += [*(f"   {name}" for name in here), ""]
        if elsewhere:
            parents = sorted({home.rpartition(".")[0] for home in elsewhere})
            lines += [f"Documented under {' and '.join(f':mod:`{parent}`' for parent in parents)}:", ""]
            lines += [".. autosummary::", "   :nosignatures:", ""]
            lines += [*(f"   ~{home}" for home in elsewhere), ""]
    return "\n".join(lines)


def value_entry(module: str, name: str) -> list[str]:
    """Write the entry of a constant or of an alias of a type."""
    value = textwrap.shorten(str(resolve(f"{module}.{name}")), 200)
    return [f".. py:data:: {name}", f"   :value: {value}", ""]


def index_page(modules: list[str]) -> str:
    """Write the first page of the reference."""
    lines = ["API reference", "=============", ""]
    lines += ["Public classes and functions, by the package that exports them. The names used most are exported by"]
    lines += [f"``{ROOT}`` itself. The command ``ensemble-hwr`` has a page of its own.", ""]
    lines += [".. list-table::", "   :widths: 35 65", ""]
    for module in modules:
        summary = (inspect.getdoc(import_module(module)) or "").split("\n\n", 1)[0].replace("\n", " ")
        lines += [f"   * - :ref:`{module} <api-{module}>`", f"     - {summary}"]
    lines += ["   * - :doc:`ensemble-hwr <command_line>`", "     - Commands, arguments and options.", ""]
    lines += [".. toctree::", "   :hidden:", "", *(f"   {short_title(module)}" for module in modules)]
    lines += ["   command_line", ""]
    return "\n".join(lines)


def short_title(module: str) -> str:
    """Write the entry of a module in the navigation, without the name of the library."""
    return module if module == ROOT else f"{module.removeprefix(f'{ROOT}.')} <{module}>"


def command_page() -> str:
    """Write the page with the help texts of the command line."""
    from ensemble_hwr.cli import cli

    lines = ["ensemble-hwr", "============", "", "The help texts of the command and its subcommands.", ""]
    lines += help_block(cli, "ensemble-hwr", None)
    for name, command in sorted(cli.commands.items()):
        lines += [f"ensemble-hwr {name}", "-" * len(f"ensemble-hwr {name}"), ""]
        lines += help_block(command, name, click.Context(cli, info_name="ensemble-hwr"))
    return "\n".join(lines)


def help_block(command: click.Command, name: str, parent: click.Context | None) -> list[str]:
    """Return what ``--help`` prints, as a literal block."""
    text = command.get_help(click.Context(command, info_name=name, parent=parent, terminal_width=78))
    return [".. code-block:: text", "", *(f"    {line}".rstrip() for line in text.splitlines()), ""]


def write_pages(folder: Path) -> None:
    """Write all pages of the reference; files that have not changed stay as they are."""
    names, homes = public_names(), canonical_names()
    pages = {module: module_page(module, exported, homes) for module, exported in names.items()}
    pages |= {"index": index_page(list(names)), "command_line": command_page()}
    folder.mkdir(parents=True, exist_ok=True)
    for stale in {*folder.glob("*.rst"), *folder.glob("generated/*.rst")}:
        if stale.stem not in {*pages, *homes.values()}:
            stale.unlink()
    for name, text in pages.items():
        path = folder / f"{name}.rst"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def inherited_elsewhere(dotted: str) -> list[str]:
    """Return the public methods of a class that come from other libraries."""
    value = resolve(dotted)
    bases = [base for base in value.__mro__ if not base.__module__.startswith(ROOT) and base is not object]
    candidates = {name for base in bases for name, member in vars(base).items() if callable(member)}
    if not issubclass(value, Exception | tuple):
        return sorted(name for name in candidates if not name.startswith("_") and not is_ours(value, name))
    return []


def is_ours(value: type, name: str) -> bool:
    """Check whether the library itself defines a method."""
    return any(name in vars(base) for base in value.__mro__ if base.__module__.startswith(ROOT))


def skip_foreign(app: Sphinx, what: str, name: str, obj: Any, skip: bool, *_: Any) -> bool | None:
    """Leave members that other libraries define out of the pages of classes."""
    if what != "class" or skip:
        return None
    module = getattr(obj, "__module__", None) or getattr(getattr(obj, "fget", None), "__module__", "") or ""
    return None if module.startswith(ROOT) else True


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect to Sphinx."""
    app.connect("config-inited", lambda app, config: write_pages(Path(app.srcdir, "api")))
    app.connect("config-inited", lambda app, config: config.autosummary_context.update(inherited=inherited_elsewhere))
    app.connect("autodoc-skip-member", skip_foreign)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
