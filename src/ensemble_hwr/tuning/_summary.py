"""What tuning found, in lines."""

from __future__ import annotations

from ensemble_hwr.tuning._result import Tuning
from ensemble_hwr.tuning._score import shown


def summary(tuning: Tuning) -> str:
    """Return a line for each member, and one for what the whole gained."""
    score = tuning.data["score"]
    lines = []
    for tuned in tuning.members:
        earlier = "" if tuned.untuned_loss is None else f"{shown(score, tuned.untuned_loss):.4f} -> "
        settings = ", ".join(f"{name} = {_short(value)}" for name, value in tuned.chosen.items())
        lines.append(f"{tuned.name}: {score} {earlier}{shown(score, tuned.loss):.4f} with {settings}")
    if tuning.gain is not None:
        gain = tuning.gain
        before, after = (shown(score, sum(losses) / len(losses)) for losses in (gain.untuned, gain.tuned))
        low, high = gain.interval
        lines.append(
            f"the whole, in repeated cross-validation: {score} {before:.4f} -> {after:.4f}; better by "
            f"{gain.difference:.4f}, 95 % interval {low:.4f} to {high:.4f}"
        )
    return "\n".join(lines)


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
