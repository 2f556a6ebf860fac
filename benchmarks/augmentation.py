"""Speed of augmentation on one core: each step alone, affine and elastic together, and the default.

    python -m benchmarks.augmentation                   about 10 seconds, no data needed
    python -m benchmarks.augmentation --least 20000     fails if affine and elastic together are slower

Times are processor times, the best of several runs, so that other load on the machine has little effect.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ensemble_hwr import generate_letters
from ensemble_hwr.preprocessing import Augmenter

AFFINE = ("rotation", "slant", "stretch", "scale", "shift")
DAMAGE = ("erasure", "occlusion", "cut_off", "pixelation", "photo")
TOGETHER = "affine + elastic"


@click.command()
@click.option("--letters", type=click.IntRange(min=1), default=2000, show_default=True, help="Letters in a batch.")
@click.option(
    "--runs", type=click.IntRange(min=1), default=7, show_default=True, help="Runs of each step; the best counts."
)
@click.option("--least", type=float, default=0.0, help=f"Least letters per second of {TOGETHER}.")
def main(letters: int, runs: int, least: float) -> None:
    """Print the letters per second of each step."""
    rows = generate_letters(letters, random_state=0).to_rows()
    speeds = {name: speed(augmenter, rows, runs) for name, augmenter in augmenters().items()}
    click.echo("| step | letters per second | microseconds per letter |\n| --- | --- | --- |")
    for name, found in speeds.items():
        click.echo(f"| {name} | {found:,.0f} | {1e6 / found:.1f} |")
    if speeds[TOGETHER] < least:
        sys.exit(f"{TOGETHER}: {speeds[TOGETHER]:,.0f} letters per second, fewer than {least:,.0f}")


def augmenters() -> dict[str, Augmenter]:
    """Return augmenters by the name of their step; steps with a probability are applied to all letters."""
    usual = Augmenter().get_params()
    off: dict[str, Any] = dict.fromkeys((*AFFINE, "elastic", *DAMAGE), 0) | {"stroke_width": (0, 0)}
    affine = {name: usual[name] for name in AFFINE}
    elastic = {"elastic": usual["elastic"]}
    steps = {"affine": affine, "elastic": elastic, TOGETHER: affine | elastic}
    steps["stroke width"] = {"stroke_width": usual["stroke_width"]}
    steps |= {f"{name}, every letter": {name: 1} for name in DAMAGE}
    return {name: Augmenter(**off | settings) for name, settings in steps.items()} | {"the default": Augmenter()}


def speed(augmenter: Augmenter, rows: NDArray[np.float32], runs: int) -> float:
    """Return the letters per second on one core."""
    seconds = []
    with threadpool_limits(1):
        for seed in range(runs + 1):  # the first run fills caches
            start = time.process_time()
            augmenter.augment(rows, seed)
            seconds.append(time.process_time() - start)
    return len(rows) / min(seconds[1:])


if __name__ == "__main__":
    main()
