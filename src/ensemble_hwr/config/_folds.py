"""On which letters the members' trust is learned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.model_selection import PredefinedSplit

from ensemble_hwr.exceptions import ConfigError

if TYPE_CHECKING:
    from ensemble_hwr.config._schema import Hierarchy

Sources = Sequence[str | None]


def trust_cv(section: Hierarchy, sources: Sources | None) -> Any:
    """Return the hierarchy's ``cv``: what the config says, or a fold for each source that it names.

    Parameters
    ----------
    section : Hierarchy
        The config's section.
    sources : sequence of str or None
        Source of each training letter, in the order in which they are learned from.

    Returns
    -------
    int, float or PredefinedSplit
        Letters of sources that are not named are learned from in every fold.

    Raises
    ------
    ConfigError
        When sources are named, and the training letters come without them or lack one.
    """
    if not isinstance(section.cv, tuple):
        return section.cv
    source = np.array([] if sources is None else [name or "" for name in sources])
    missing = [name for name in section.cv if name not in source]
    if missing:
        known = ", ".join(repr(name) for name in sorted(set(source.tolist()) - {""})) or "none that has a name"
        raise ConfigError(f"hierarchy.cv: there is no training letter of source {missing[0]!r}; sources: {known}.")
    fold = np.full(len(source), -1)
    for number, name in enumerate(section.cv):
        fold[source == name] = number
    return PredefinedSplit(fold)
