"""Sample weights, said in the words of whatever estimator is to have them."""

from __future__ import annotations

from inspect import Parameter, signature
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline


def weight_params(estimator: BaseEstimator | None, sample_weight: Any, name: str) -> dict[str, Any]:
    """Return the keywords that hand `sample_weight` to an estimator's fit, down to the last step of a Pipeline.

    Parameters
    ----------
    estimator : estimator or None
        Who is to have the weights; None is taken to be able to.
    sample_weight : array-like of shape (n_samples,)
        The weights.
    name : str
        What to call the estimator in the error.

    Returns
    -------
    dict of str to array-like
        Keywords of fit.

    Raises
    ------
    TypeError
        If its fit takes no weights.
    """
    if isinstance(estimator, Pipeline):
        step, last = estimator.steps[-1]
        return {f"{step}__{key}": value for key, value in weight_params(last, sample_weight, name).items()}
    if estimator is not None:
        accepted = signature(estimator.fit).parameters
        anything = any(parameter.kind is Parameter.VAR_KEYWORD for parameter in accepted.values())
        if "sample_weight" not in accepted and not anything:
            raise TypeError(
                f"sample_weight was given, but the {name} is a {type(estimator).__name__}, whose fit takes none; "
                "leave the weights out or choose an estimator that takes them."
            )
    return {"sample_weight": sample_weight}
