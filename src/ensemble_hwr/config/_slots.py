"""Parameters of an estimator that are a member's own keys: what it sees, and which copies it learns from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pydantic_core import InitErrorDetails

from ensemble_hwr.config._estimators import CLASSIFIER, find_class, takes
from ensemble_hwr.config._problems import problem

if TYPE_CHECKING:
    from ensemble_hwr.config._schema import Member

PIXELS = "pixels"
NO_AUGMENTATION = "none"
DEFAULT_AUGMENTATION = "default"
FEATURES = "features"
AUGMENTER = "augmenter"
KEY_OF = {FEATURES: "view", AUGMENTER: "augmentation"}


def slot_problems(member: Member) -> Iterator[InitErrorDetails]:
    """Find parameters that the member's own keys set, and a view that would come before the augmentation."""
    found = find_class(member.estimator, CLASSIFIER)
    for slot, key in KEY_OF.items():
        if slot in member.params and takes(found, slot):
            text = f'is set by the key {key!r}: declare [{key}s.NAME], write {key} = "NAME", and leave this out'
            yield problem(("params", slot), text, member.params[slot])
    if member.views and member.view != PIXELS:
        yield problem(("views",), "got view and views; write one of the two", list(member.views))
    if member.view != PIXELS and takes(found, AUGMENTER) and not takes(found, FEATURES):
        text = (
            f"{found.__name__} varies the rows that it is given, which must be pixels; "
            "name the classifier within it as the estimator, with a view and an augmentation"
        )
        yield problem(("view",), text, member.view)
