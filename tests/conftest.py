"""Settings and fixtures that several rooms share."""

import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import settings

from ensemble_hwr.evaluation.results import Comparison, HierarchyTrace, MemberTrace, OperatingPoint, Run

# On a shared machine a property test may exceed its deadline. In continuous integration the examples are the same in
# every run, so that a failure is due to the change under test; elsewhere new examples are drawn.
settings.register_profile("patient", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("patient")

# A shell ignores interrupts in its background jobs, and nohup hangups; tests send both to themselves and to commands.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

LETTERS = np.array(["B", "D", "O", "P"])


@pytest.fixture(scope="module")
def start_dask(tmp_path_factory):
    """Return a function that starts a Dask scheduler and workers; it returns the address and the workers' processes."""
    distributed = pytest.importorskip("distributed")
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}

    def end(process):
        process.kill()
        process.wait()

    with ExitStack() as stack:

        def start(n_workers):
            folder = tmp_path_factory.mktemp("dask")
            file = folder / "scheduler.json"

            def begin(command, *options):
                line = [sys.executable, "-m", f"distributed.cli.dask_{command}", "--no-dashboard", *options]
                where = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": environment, "cwd": folder}
                stack.callback(end, process := subprocess.Popen([*line, "--scheduler-file", str(file)], **where))
                return process

            scheduler = begin("scheduler", "--host", "127.0.0.1", "--port", "0")
            workers = [begin("worker", "--no-nanny", "--nthreads", "1") for _ in range(n_workers)]
            while not file.exists():
                assert scheduler.poll() is None
                time.sleep(0.1)
            with distributed.Client(scheduler_file=str(file), set_as_default=False) as client:
                client.wait_for_workers(n_workers, timeout=120)
                return client.scheduler.address, workers

        yield start


class PoolInThisProcess:
    """Runs trials in this process, which starts no other one; progress is reported when a study is done."""

    def __init__(self, n_workers, data, address, folder):
        from ensemble_hwr.tuning._storage import open_storage

        self._storage = open_storage(address)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def run(self, spec):
        from ensemble_hwr.tuning._trials import run_trials

        run_trials(spec, self._storage, should_stop=lambda: False)
        yield


@pytest.fixture(scope="session")
def trials_in_this_process():
    """Return a context in which `tune` runs its trials in this process."""
    from ensemble_hwr.tuning import _tune

    @contextmanager
    def in_this_process():
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(_tune, "WorkerPool", PoolInThisProcess)
            yield

    return in_this_process


@pytest.fixture
def no_workers(trials_in_this_process):
    """Run the trials of the test in this process: for tests of what is tuned, not of worker processes."""
    with trials_in_this_process():
        yield


def probabilities(y, wrong, classes, sure=0.9):
    """Return rows that give the true class, or the next class where `wrong`, the probability `sure`."""
    codes = (np.searchsorted(classes, y) + wrong) % len(classes)
    rows = np.full((len(y), len(classes)), (1 - sure) / (len(classes) - 1))
    rows[np.arange(len(y)), codes] = sure
    return rows


def trace():
    members = (
        MemberTrace("specialist:B-D", "specialist", ("B", "D"), 0.4, 30, 3, 1),
        MemberTrace("expert:D/O", "expert", ("D", "O"), 0.25, 12, 2, 0),
    )
    return HierarchyTrace(0.9, 0.97, {"B-D": ("B", "D"), "O-P": ("O", "P")}, members)


@pytest.fixture
def with_points():
    """Return a function that sets the operating points (cost, accuracy) of the hierarchies of a comparison."""

    def with_operating_points(comparison, points):
        confidence_thresholds = np.linspace(0, 1, len(points))
        operating = tuple(
            OperatingPoint(float(c), a, cost) for c, (cost, a) in zip(confidence_thresholds, points, strict=True)
        )
        runs = tuple(
            replace(run, hierarchy=run.hierarchy and replace(run.hierarchy, operating_points=operating))
            for run in comparison.runs
        )
        return replace(comparison, runs=runs)

    return with_operating_points


@pytest.fixture
def build():
    """Return a function that makes a comparison of contenders with given error rates."""

    def make(errors, *, n=200, seeds=(0, 1, 2), classes=LETTERS, suspect=True, width=784, data=None, counted=True):
        rng = np.random.default_rng(0)
        y = classes[np.arange(n) % len(classes)]
        luck = rng.random(n)
        runs = []
        for i, (name, error) in enumerate(errors.items()):
            for seed in seeds:
                wrong = (luck + rng.normal(0, 0.01, n)) < error
                runs.append(
                    Run(
                        name,
                        seed,
                        np.arange(n),
                        probabilities(y, wrong, classes),
                        fit_seconds=2.0 + i,
                        predict_seconds=0.5,
                        size_bytes=4000 * (i + 1),
                        parameters=1000 * (i + 1) if counted else None,
                        macs=5000.0 * (i + 1) if counted else None,
                        hierarchy=trace() if name == "hierarchical" else None,
                    )
                )
        flags = rng.random(n) < 0.1 if suspect else None
        rows = rng.random((n, width)).astype(np.float32)
        return Comparison(tuple(runs), y, rows, flags, {"name": "made up"} if data is None else data)

    return make


@pytest.fixture
def comparison(build):
    return build({"baseline": 0.3, "flat": 0.1, "hierarchical": 0.1})
