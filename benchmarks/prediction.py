"""Speed and memory of the shipped model, compared with a plain evaluation, the arithmetic floor and other models.

    python -m benchmarks prediction             several minutes on one idle core
    python -m benchmarks prediction --quick     under a minute
    python -m benchmarks.prediction             a few seconds: one step of the features by NumPy and by numexpr

All models use one BLAS thread. Batches are timed in processor time, single letters in wall time. The plain evaluation
calls ``predict_proba`` of every member with non-zero trust on every row, and pools the results where a member applies:
the same probabilities, without shared features and without skipped rows. The floor is the time of the MACs of all
matrix products (sampling of features included) on the rows to which members are applied, at the speed at which this
machine multiplies square matrices, and of one pass through memory over pixels and features.
"""

from __future__ import annotations

import tracemalloc
import warnings
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import StackingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits

from benchmarks.figures import Figure, ratio, time_in_turn
from benchmarks.letters import Letters, letters_to_time
from ensemble_hwr import GradientFeatures, HierarchicalEnsembleClassifier, MemberMLPClassifier, load_model
from ensemble_hwr.ensemble.held_out import MemberProblem, pool, temper
from ensemble_hwr.ensemble.predictor import predictor_of
from ensemble_hwr.evaluation.peers import HiClassClassifier
from ensemble_hwr.onnx import export_onnx, onnx_inputs

BLOCKS = 5  # of rows for onnxruntime: the fastest of 5, 20 and 40
EXPRESSION = "where(right < down, where(right > zero, right, zero), where(down > zero, down, zero))"
SIDE = 512  # of the square matrices whose product measures the machine's speed
Rows = NDArray[np.float32]


def measure(quick: bool = False) -> list[Figure]:
    """Measure throughput, latency and memory of the shipped model, and throughput of other models."""
    repeats = 3 if quick else 9
    letters = letters_to_time(520 if quick else 5200, 520 if quick else 5200)
    model = load_model("az")
    with threadpool_limits(1):
        return [
            *throughput(model[-1], letters, repeats),
            *latency(model, letters, 50 if quick else 500),
            *memory(model[-1], letters, 20_000 if quick else 1_000_000),
        ]


def throughput(ensemble: HierarchicalEnsembleClassifier, letters: Letters, repeats: int) -> list[Figure]:
    """Time the ensemble, its plain evaluation and other models in turn, in batches."""
    rows = letters.test
    fitted = peers(letters)
    session = session_of(ensemble)
    works: dict[str, Callable[[], Any]] = {
        "ensemble": lambda: ensemble.predict(rows),
        "plain": lambda: plain(ensemble, rows),
        "floor": arithmetic(ensemble, rows),
        "onnxruntime": lambda: [session.run(["label"], {"rows": part}) for part in np.array_split(rows, BLOCKS)],
        **{name: partial(peer.predict, rows) for name, peer in fitted.items()},
    }
    found = time_in_turn(works, repeats, process_time)

    def rate(name: str) -> float:
        return len(rows) / median(found[name])

    own = found["ensemble"]
    return [
        Figure(
            f"rows of pixels to letters, in batches ({letters.kind})", rate("ensemble"), "letters/s", "10,000 letters/s"
        ),
        Figure(
            "throughput over plain evaluation", ratio(found["plain"], own), "times", "at least 3 times", at_least=1.5
        ),
        Figure(
            "time over the floor of its arithmetic", ratio(own, found["floor"]), "times", "at most 3 times", at_most=60
        ),
        Figure("throughput over onnxruntime", ratio(found["onnxruntime"], own), "times", at_least=0.5),
        *(
            figure
            for name in fitted
            for figure in (
                Figure(f"{name}, in batches", rate(name), "letters/s"),
                Figure(f"throughput over {name}", ratio(found[name], own), "times"),
            )
        ),
    ]


def plain(ensemble: HierarchicalEnsembleClassifier, rows: Rows) -> NDArray[np.float64]:
    """Evaluate every member with non-zero trust on every row, then pool their probabilities in turn."""
    predictor = predictor_of(ensemble)
    router = predictor.router.estimator
    probabilities = predictor.expansion(router.predict_proba(rows).astype(float))
    gate = predictor.gate
    winners = gate.winners(probabilities)
    for member in predictor.members:
        trust = predictor.trust[member.name]
        if trust:
            opinion = MemberProblem.of_member(member, predictor.classes).predict(member.estimator, rows)
            where = gate.rows(member, probabilities, winners)
            probabilities[where] = pool(probabilities[where], member.columns, opinion[where], trust)
    return temper(probabilities, predictor.temperature)


def arithmetic(ensemble: HierarchicalEnsembleClassifier, rows: Rows) -> Callable[[], None]:
    """Return a function that takes as long as the matrix products and one pass over the features."""
    counts = ensemble.route_counts(rows)
    networks = [(counts[name], network) for name, member in ensemble.members_.items() for network in parts(member)]
    products = sum(count * sum(weights.size for weights in network.mlp_.coefs_) for count, network in networks)
    seen: dict[str, tuple[int, Any]] = {}  # members with the same view share its features
    for count, network in networks:
        most, _ = seen.get(str(network.features_), (-1, None))
        if count > most:
            seen[str(network.features_)] = count, network.features_
    products += sum(count * sampling(features) for count, features in seen.values() if count)
    numbers = rows.size + sum(
        count * len(features.get_feature_names_out()) for count, features in seen.values() if count
    )
    return partial(_spend, products, np.ones(numbers, np.float32), np.ones((SIDE, SIDE), np.float32))


def _spend(products: int, numbers: Rows, square: Rows) -> None:
    """Read all numbers, and multiply square matrices up to the same number of products."""
    numbers.sum()
    whole, rest = divmod(products, SIDE**3)
    for _ in range(whole):
        square @ square
    square[: rest // SIDE**2] @ square


def parts(member: Any) -> list[Any]:
    """Return the networks of a member."""
    return list(getattr(member, "estimators_", [member]))


def sampling(features: Any) -> int:
    """Count the products of sampling one row on the grid; the steps before have none."""
    gradient = features[-1] if isinstance(features, Pipeline) else features
    height, width = gradient.image_shape_
    return int(gradient.directions * gradient.grid * (height * width + gradient.grid * width))


def peers(letters: Letters) -> dict[str, Any]:
    """Fit the other models on gradient features of the same letters, for speed only, not for accuracy."""
    member = make_pipeline(GradientFeatures(grid=7), MemberMLPClassifier((100,), max_iter=5, random_state=0))
    views = [
        (
            f"grid {grid}",
            make_pipeline(GradientFeatures(grid=grid), MemberMLPClassifier((100,), max_iter=5, random_state=0)),
        )
        for grid in (5, 7, 9)
    ]
    made = {
        "MLPClassifier (300) on the features": make_pipeline(
            GradientFeatures(grid=7), MLPClassifier((300,), early_stopping=False, max_iter=5, random_state=0)
        ),
        "StackingClassifier of three MLPs": StackingClassifier(views, LogisticRegression(max_iter=50), cv=2),
        "RBF SVC on the features": make_pipeline(GradientFeatures(grid=7), SVC()),
    }
    if find_spec("hiclass"):
        made["HiClass LocalClassifierPerParentNode"] = HiClassClassifier(member, random_state=0)
    else:
        click.echo("HiClass is not installed and is left out (pip install hiclass)", err=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return {name: peer.fit(letters.train, letters.train_target) for name, peer in made.items()}


def latency(model: Any, letters: Letters, n: int) -> list[Figure]:
    """Time single letters: from the picture, from the row, and after the features by onnxruntime."""
    normalizer, ensemble = model[:-1], model[-1]
    rows = letters.test[:n]
    pictures = (255 * rows.reshape(-1, 28, 28)).astype(np.uint8)
    session, inputs = after_features(ensemble, rows)
    one_by_one = {
        "end to end (normalize, features, ensemble)": lambda i: model.predict(pictures[i : i + 1]),
        "normalize": lambda i: normalizer.transform(pictures[i : i + 1]),
        "features and ensemble": lambda i: ensemble.predict(rows[i : i + 1]),
        "plain evaluation of the ensemble": lambda i: plain(ensemble, rows[i : i + 1]),
        "onnxruntime after features": lambda i: session.run(None, inputs[i]),
    }
    targets = {"end to end (normalize, features, ensemble)": "under 1 ms", "onnxruntime after features": "under 0.1 ms"}
    medians = {name: median(_each(work, len(rows))) for name, work in one_by_one.items()}
    gain = medians["plain evaluation of the ensemble"] / medians["features and ensemble"]
    return [
        *(
            Figure(f"one letter, p50: {name}", 1000 * seconds, "ms", targets.get(name, ""))
            for name, seconds in medians.items()
        ),
        Figure("one letter: plain evaluation over features and ensemble", gain, "times", at_least=1.2),
    ]


def session_of(ensemble: Any, after: str | None = None) -> Any:
    """Export the ensemble, or what follows its features; return a session of onnxruntime with one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    with TemporaryDirectory() as folder:
        path = export_onnx(ensemble, Path(folder, "model.onnx"), after=after)
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def after_features(ensemble: Any, rows: Rows) -> tuple[Any, list[dict[str, Rows]]]:
    """Return a session for the part after the features, and the inputs of each row."""
    whole = onnx_inputs(ensemble, rows, after="features")
    inputs = [{name: view[i : i + 1] for name, view in whole.items()} for i in range(len(rows))]
    return session_of(ensemble, after="features"), inputs


def memory(ensemble: Any, letters: Letters, most: int) -> list[Figure]:
    """Measure the memory of a prediction in addition to its input and output, on few rows and on many."""
    explained = ensemble.explain(letters.test[:200])
    members = np.bincount(np.concatenate([step.rows for step in explained.steps]), minlength=200)
    uncertain = letters.test[int(members.argmax())]  # the row that most members are evaluated on
    few, many = (_peak(ensemble, np.broadcast_to(uncertain, (n, len(uncertain)))) for n in (1000, most))
    return [
        Figure("additional memory for 1,000 rows", few / 1e6, "MB"),
        Figure(f"additional memory for {most:,} rows", many / 1e6, "MB"),
        Figure(f"additional memory for {most:,} rows over 1,000", many / few, "times", "constant", at_most=2.5),
    ]


def _each(work: Callable[[int], Any], n: int) -> list[float]:
    seconds = []
    work(0)
    for i in range(n):
        start = perf_counter()
        work(i)
        seconds.append(perf_counter() - start)
    return seconds


def _peak(ensemble: Any, rows: Rows) -> float:
    """Return the peak of allocated bytes, without those of the output."""
    tracemalloc.start()
    probabilities = ensemble.predict_proba(rows)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return float(peak - probabilities.nbytes)


@click.command()
def main() -> None:
    """Compare NumPy with numexpr (pip install numexpr) on the map of one direction of a block of letters."""
    if not find_spec("numexpr"):
        raise click.ClickException("numexpr is not installed (pip install numexpr)")
    import numexpr  # type: ignore[import-not-found, unused-ignore]

    numexpr.set_num_threads(1)
    right, down = np.random.default_rng(0).normal(size=(2, 64 * 28 * 30)).astype(np.float32)
    zero, result = np.zeros_like(right), np.empty_like(right)

    def by_numpy() -> None:
        np.minimum(right, down, out=result)
        np.maximum(result, zero, out=result)

    works = {
        "NumPy": by_numpy,
        "numexpr": lambda: numexpr.evaluate(EXPRESSION, {"right": right, "down": down, "zero": zero}, out=result),
    }
    found = time_in_turn(works, 99, process_time)
    click.echo(f"NumPy {1e6 * median(found['NumPy']) / 64:.2f} microseconds per letter")
    click.echo(f"numexpr takes {ratio(found['numexpr'], found['NumPy']):.1f} times as long")


if __name__ == "__main__":
    main()
