"""Hierarchies as trees: the router, a branch for each group, and the experts that cut across."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


def hierarchy_trees(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the tree of each contender that is a hierarchy, the reference first."""
    trees = [
        _tree(name, figures, len(summary["seeds"]))
        for name, figures in summary["contenders"].items()
        if figures["hierarchy"]
    ]
    return sorted(trees, key=lambda tree: tree["name"] != summary["reference"])


def _tree(name: str, figures: Mapping[str, Any], n_seeds: int) -> dict[str, Any]:
    hierarchy = figures["hierarchy"]
    most = max((max(m["better"], m["worse"]) for m in hierarchy["members"]), default=0) or 1
    members = [
        {
            **member,
            "asked_share": member["asked"] / member["tested"] if member["tested"] else 0.0,
            "better_length": round(100 * member["better"] / most, 1),
            "worse_length": round(100 * member["worse"] / most, 1),
            "partly": member["seeds"] < n_seeds,
        }
        for member in hierarchy["members"]
    ]
    specialists = {tuple(member["classes"]): member for member in members if member["role"] == "specialist"}
    return {
        "name": name,
        "accuracy": figures["accuracy"],
        "router_accuracy": hierarchy["router_accuracy"],
        "perfect_router_accuracy": hierarchy["perfect_router_accuracy"],
        "branches": [
            {**group, "member": specialists.get(tuple(group["classes"])), "partly": group["seeds"] < n_seeds}
            for group in hierarchy["groups"]
        ],
        "experts": [member for member in members if member["role"] != "specialist"],
        "changed": float(np.sum([member["better"] + member["worse"] for member in members])),
    }
