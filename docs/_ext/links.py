"""Resolve references to public names, however they are imported, and to scikit-learn's pages, without a network."""

from __future__ import annotations

from functools import cache
from typing import Any

from api_reference import ROOT, canonical_names
from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

SKLEARN = "https://scikit-learn.org/stable/modules/generated/{}.html"


def resolve_reference(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.Element
) -> nodes.Element | None:
    """Return a link for a reference that Sphinx has not resolved, or None."""
    if node.get("refdomain") != "py":
        return None
    target = node["reftarget"]
    if target.startswith("sklearn."):
        return nodes.reference("", "", content, internal=False, refuri=SKLEARN.format(target))
    for name in candidates(target):
        found = env.domains.python_domain.objects.get(name)
        if found:
            uri = app.builder.get_relative_uri(node["refdoc"], found.docname)
            return nodes.reference("", "", content, internal=True, refuri=f"{uri}#{found.node_id}", reftitle=name)
    return None


def candidates(target: str) -> list[str]:
    """List full names that a reference may stand for: a longer import path, a bare name, or a method of either."""
    homes, by_name = canonical_names_once()
    found = []
    head, _, member = target.rpartition(".")
    for name, rest in ((target, ""), (head, f".{member}")):
        home = homes.get(name) or by_name.get(name)
        if home:
            found.append(home + rest)
    return found


@cache
def canonical_names_once() -> tuple[dict[str, str], dict[str, str]]:
    """Return canonical names by public dotted name, and by last part where that is unique."""
    homes = canonical_names()
    short: dict[str, set[str]] = {}
    for home in homes.values():
        short.setdefault(home.removeprefix(f"{ROOT}.").rpartition(".")[2], set()).add(home)
    return homes, {name: found.pop() for name, found in short.items() if len(found) == 1}


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect to Sphinx."""
    app.connect("missing-reference", resolve_reference)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
