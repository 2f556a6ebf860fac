"""What each member's fit is given beside rows and target, with metadata routing and without."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sklearn import get_config
from sklearn.model_selection import check_cv
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing

from ensemble_hwr._weights import weight_params
from ensemble_hwr.ensemble._members import Member
from ensemble_hwr.ensemble._mlp import MemberMLPClassifier

if TYPE_CHECKING:
    from ensemble_hwr.ensemble._hierarchical import HierarchicalEnsembleClassifier


@dataclass(frozen=True)
class FitParams:
    """Parameters of the fits of one ensemble, for all rows.

    Attributes
    ----------
    of_member : callable
        Returns the parameters of a member's fit.
    of_splitter : mapping of str to object
        Parameters of the splitter's split.
    """

    of_member: Callable[[Member], Mapping[str, Any]]
    of_splitter: Mapping[str, Any]


def fit_params_for(ensemble: HierarchicalEnsembleClassifier, fit_params: Mapping[str, Any]) -> FitParams:
    """Sort the parameters that the ensemble's fit was given by who is to have them."""
    given = {name: value for name, value in fit_params.items() if value is not None}
    if get_config()["enable_metadata_routing"]:
        routed = process_routing(ensemble, "fit", **given)
        return FitParams(lambda member: routed.get(member.name, routed.get(member.role)).fit, routed.splitter.split)
    unknown = sorted(set(given) - {"sample_weight", "groups"})
    if unknown:
        raise TypeError(
            f"fit got {unknown}; without metadata routing it takes sample_weight and groups only. "
            "Enable it with sklearn.set_config(enable_metadata_routing=True)."
        )
    splitter = {"groups": given["groups"]} if "groups" in given else {}
    if "sample_weight" not in given:
        return FitParams(lambda _: {}, splitter)
    weight = given["sample_weight"]
    return FitParams(lambda member: weight_params(member.estimator, weight, member.name), splitter)


def metadata_router(ensemble: HierarchicalEnsembleClassifier) -> MetadataRouter:
    """Say which of the ensemble's objects may be given metadata, and when."""
    router = MetadataRouter(owner=ensemble)
    fit = MethodMapping().add(caller="fit", callee="fit")
    for role in ("router", "specialist", "expert"):
        declared = getattr(ensemble, role)
        named = (
            {f"{role}:{name}": estimator for name, estimator in declared.items()}
            if isinstance(declared, Mapping)
            else {role: MemberMLPClassifier() if declared is None else declared}
        )
        router.add(method_mapping=fit, **named)
    own_splitter = ensemble.cv is not None and not isinstance(ensemble.cv, str | float)
    return router.add(
        splitter=check_cv(ensemble.cv if own_splitter else None, classifier=True),
        method_mapping=MethodMapping().add(caller="fit", callee="split"),
    )
