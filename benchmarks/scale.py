"""Time and memory for large data: the size of the Kaggle A-Z set, many classes and many experts.

    python -m benchmarks scale               full size: ten minutes on two idle cores, 5 GB of memory
    python -m benchmarks scale --quick       one hundredth of the letters

372,450 generated letters are written in the format of the Kaggle A-Z table (667 MB), to a temporary folder or to the
folder ENSEMBLE_HWR_SCALE, where they are kept. The fitted hierarchies have six specialists, three experts, trust from a
held-out fifth, and two epochs per member: the time for two epochs grows like that for thirty. Each load and each fit
runs in its own process, so that its memory can be measured.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter, sleep
from typing import Any

import click
import joblib
import numpy as np
from numpy.typing import NDArray
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline

from benchmarks.figures import Figure, ratio, time_in_turn
from ensemble_hwr import GradientFeatures, HierarchicalEnsembleClassifier, MemberMLPClassifier, generate_letters
from ensemble_hwr.datasets import load_kaggle_az

LETTERS = 372_450
PARTS = 8  # the smaller fit has one of so many parts
EPOCHS = 2
CHUNK = 2600  # letters generated and written at a time
FOLDER = "ENSEMBLE_HWR_SCALE"
MB = 1e6


def measure(quick: bool = False) -> list[Figure]:
    """Measure loading, fitting, and prediction of many classes."""
    n = LETTERS // 100 if quick else LETTERS
    with _folder() as folder:
        table = folder / f"letters{n}.csv"
        if not table.exists():
            write_table(table, n)
        return [*loading(table, folder / "cache"), *scaling(table, n, quick), *classes(quick), *experts(quick)]


def write_table(table: Path, n: int, n_jobs: int = 2) -> None:
    """Write `n` generated letters in the format of the Kaggle A-Z table, in chunks."""
    sizes = [min(CHUNK, n - start) for start in range(0, n, CHUNK)]
    part = table.with_suffix(".part")
    with part.open("wb") as stream:
        for lines in joblib.Parallel(n_jobs, return_as="generator")(
            joblib.delayed(lines_of)(size, seed) for seed, size in enumerate(sizes)
        ):
            stream.write(lines)
    part.replace(table)


def lines_of(n: int, seed: int) -> bytes:
    """Return `n` letters as lines: a label from 0 to 25, then 784 pixels from 0 to 255."""
    letters = generate_letters(CHUNK, writers=100, random_state=seed)
    order = np.random.default_rng(seed).permutation(CHUNK)[:n]
    pixels = np.rint(letters.to_rows()[order] * 255).astype(np.uint8)
    labels = np.array([ord(letter) - ord("A") for letter in letters.target[order]])
    words = [b"%d" % value for value in range(256)]
    rows = zip(labels.tolist(), pixels.tolist(), strict=True)
    return b"".join(b",".join([words[label], *map(words.__getitem__, row)]) + b"\n" for label, row in rows)


def loading(table: Path, cache: Path) -> list[Figure]:
    """Load the table twice, each time in a new process: from text, then from the cache."""
    first, second = (_in_process("load", table, cache) for _ in range(2))
    size = f"{table.stat().st_size / MB:,.0f} MB of text"
    return [
        Figure(f"loading {first['letters']:,} letters ({size})", first["seconds"], "s", "20 s"),
        Figure("peak memory of loading, interpreter included", first["peak"], "MB", "1,500 MB"),
        Figure("loading the same letters from the cache", second["seconds"], "s"),
    ]


def scaling(table: Path, n: int, quick: bool) -> list[Figure]:
    """Fit the hierarchy on an eighth of the letters and on all, each in a new process."""
    small, large = (_in_process("fit", table, count) for count in (n // PARTS, n))
    grown = (large["seconds"] / small["seconds"]) / (n / (n // PARTS))
    return [
        Figure(f"fitting on {n // PARTS:,} letters, {EPOCHS} epochs per member", small["seconds"], "s"),
        Figure(f"fitting on {n:,} letters, {EPOCHS} epochs per member", large["seconds"], "s"),
        Figure(
            f"time per letter, {n:,} letters against {n // PARTS:,}",
            grown,
            "times",
            "0.8 to 1.2",
            at_most=2 if quick else 1.2,
        ),
        Figure(f"peak memory of all processes, {n:,} letters", large["peak"], "MB", "6,000 MB"),
    ]


def classes(quick: bool) -> list[Figure]:
    """Fit and evaluate hierarchies on synthetic features with 62 and with 1,000 classes."""
    found = []
    for n_classes in (62, 100 if quick else 1000):
        X, y = synthetic(n_classes, 20)
        model = HierarchicalEnsembleClassifier(
            GaussianNB(), GaussianNB(), GaussianNB(), confusables="derived", cv=0.5, n_jobs=2, random_state=0
        )
        start = perf_counter()
        model.fit(X[::2], y[::2])
        seconds = perf_counter() - start
        right = float((model.predict(X[1::2]) == y[1::2]).mean())
        found += [
            Figure(f"fitting {n_classes:,} classes, {len(model.members_):,} members", seconds, "s"),
            Figure(f"accuracy on held-out rows, {n_classes:,} classes", 100 * right, "%"),
        ]
    return found


def experts(quick: bool) -> list[Figure]:
    """Time predictions with 8 and with 64 experts."""
    n_classes, per_class = 62, 20 if quick else 60
    X, y = synthetic(n_classes, per_class)
    numbers = (8, 64)
    works: dict[str, Any] = {}
    for number in numbers:
        sets = [[int(i % n_classes), int((i * 7 + 1 + i // n_classes) % n_classes)] for i in range(number)]
        model = HierarchicalEnsembleClassifier(
            GaussianNB(), GaussianNB(), GaussianNB(), confusables={str(i): s for i, s in enumerate(sets)}, trust=0.5
        )
        works[str(number)] = partial(model.fit(X[::2], y[::2]).predict, X[1::2])
    seconds = time_in_turn(works, 3 if quick else 9)
    few, many = (str(number) for number in numbers)
    return [
        Figure(
            f"time per row, {many} experts against {few}",
            ratio(seconds[many], seconds[few]),
            "times",
            "under 8",
            at_most=8,
        ),
        Figure(f"time per row, {many} experts", 1e6 * median(seconds[many]) / len(X[1::2]), "microseconds"),
    ]


def synthetic(n_classes: int, per_class: int) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Return rows of 32 features around a centre per class, some of which overlap."""
    rng = np.random.default_rng(0)
    y = rng.permutation(np.tile(np.arange(n_classes), per_class))
    X = rng.normal(size=(n_classes, 32))[y] + rng.normal(scale=0.8, size=(len(y), 32))
    return X.astype(np.float32), y


def hierarchy() -> HierarchicalEnsembleClassifier:
    """Return the hierarchy whose fit is timed."""
    fine, coarse = GradientFeatures(grid=7), GradientFeatures(grid=5)
    small = make_pipeline(fine, MemberMLPClassifier((40,), batch_size=64, max_iter=EPOCHS))
    return HierarchicalEnsembleClassifier(
        make_pipeline(coarse, MemberMLPClassifier((150,), batch_size=200, max_iter=EPOCHS)),
        small,
        small,
        confusables=["BP", "DO", "UVW"],
        cv=0.2,
        n_jobs=2,
        random_state=0,
    )


@contextmanager
def _folder() -> Iterator[Path]:
    named = os.environ.get(FOLDER)
    if named:
        Path(named).mkdir(parents=True, exist_ok=True)
        yield Path(named)
    else:
        with tempfile.TemporaryDirectory() as made:
            yield Path(made)


def _in_process(*arguments: object) -> dict[str, float]:
    """Call `_main` in a new process; return its result with the peak memory of the process and its children."""
    command = [sys.executable, "-m", "benchmarks.scale", *map(str, arguments)]
    environment = {
        **os.environ,
        "PYTHONWARNINGS": "ignore",
    }  # scikit-learn warns where a set has fewer rows than a batch
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        peaks = [0.0]
        watch = threading.Thread(target=_watch, args=(process, peaks))
        watch.start()
        output = process.communicate()[0]
        watch.join()
    if process.returncode:
        raise click.ClickException(f"{' '.join(command)} failed")
    return {**json.loads(output), "peak": peaks[0]}


def _watch(process: subprocess.Popen[str], peaks: list[float]) -> None:
    """Store the peak memory of a process and its children; shared memory is counted once."""
    while process.poll() is None:
        peaks[0] = max(peaks[0], sum(map(_memory_of, _family(process.pid))) / MB)
        sleep(0.05)


def _family(pid: int) -> list[int]:
    family = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            family += [one for child in task.read_text().split() for one in _family(int(child))]
        except OSError:
            continue
    return family


def _memory_of(pid: int) -> float:
    """Return the proportional set size of a process in bytes; memory shared by k processes counts as 1/k."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((1024 * float(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def _main(what: str, table: str, rest: str) -> None:
    """Load or fit in this process, and print the result as JSON."""
    if what == "load":
        start = perf_counter()
        letters = load_kaggle_az(table, cache=rest)
        result = {"letters": len(letters), "seconds": perf_counter() - start}
    else:
        letters = load_kaggle_az(table, cache=False)
        letters = letters.take(np.arange(int(rest)))
        rows, target = letters.to_rows(), letters.target
        del letters
        start = perf_counter()
        hierarchy().fit(rows, target)
        result = {"seconds": perf_counter() - start}
    print(json.dumps(result))


if __name__ == "__main__":
    _main(*sys.argv[1:])
