"""Items in several processes: order, errors, processes that end, and how many items are taken at once."""

import os
import pickle
import signal
from types import SimpleNamespace

import numpy as np
import pytest
from joblib import parallel_config

from ensemble_hwr import _cluster, _workers
from ensemble_hwr._workers import map_in_order
from ensemble_hwr.exceptions import DataError, EnsembleHwrError, PictureError

distributed = pytest.importorskip("distributed")
needs_signals = pytest.mark.skipif(os.name != "posix", reason="needs signals")


def by_value(first):
    """Return a function that is pickled by value: the test's module cannot be imported in a worker process."""

    def work(item):
        number = item if isinstance(item, int) else item[0]
        if isinstance(item, list) and 3 in item:
            os.kill(os.getpid(), signal.SIGKILL)
        if number == 4:
            raise PictureError("4 is blank")
        if number == 5:
            raise DataError("5 is no letter")
        if number == 8:
            raise ZeroDivisionError("8 is divided")
        return first, os.getpid(), os.environ["OPENBLAS_NUM_THREADS"], sum(item) if isinstance(item, list) else item

    return work


@needs_signals
def test_results_come_in_order_and_a_part_that_ends_its_process_is_given_up():
    batches = [[1, 2], [0, 3, 30], [4], [5], [6, 7], [8], [9]]
    results = map_in_order(by_value("a"), batches, n_jobs=2, split=lambda batch: [[n] for n in batch], name=repr)
    found = [next(results) for _ in range(7)]
    with pytest.raises(ZeroDivisionError, match="8 is divided") as caught:
        next(results)
    assert "in work" in caught.value.__notes__[0]  # the traceback in the process
    assert [item for item, _ in found] == [[1, 2], [0], [3], [30], [4], [5], [6, 7]]
    results = [result for _, result in found]
    assert [str(result).partition(";")[0] for result in results if isinstance(result, Exception)] == [
        "[3]: the process that read it ended by signal 9 (SIGKILL)",
        "4 is blank",
        "5 is no letter",
    ]
    values = [result for result in results if isinstance(result, tuple)]
    assert [(first, threads, value) for first, _, threads, value in values] == [
        ("a", "1", value) for value in (3, 0, 30, 13)
    ]
    assert os.getpid() not in {process for _, process, _, _ in values}


@pytest.mark.parametrize(("n_jobs", "n_items", "least"), [(None, 9, 1), (1, 9, 1), (2, 1, 1), (-1, 9, 5), (2, 0, 1)])
def test_few_items_are_processed_here(monkeypatch, n_jobs, n_items, least):
    monkeypatch.setattr(_workers, "_start", None)
    found = list(map_in_order(lambda item: (os.getpid(), item), range(n_items), n_jobs=n_jobs, least=least))
    assert found == [(item, (os.getpid(), item)) for item in range(n_items)]


def test_another_backend_of_joblib_does_the_work(monkeypatch):
    monkeypatch.setattr(_workers, "_start", None)
    with parallel_config("threading"):
        assert list(map_in_order(abs, [-1, 2, -3], n_jobs=2)) == [(-1, 1), (2, 2), (-3, 3)]


def test_only_so_many_items_are_taken_as_weight_and_window_allow(monkeypatch):
    """The memory of a million pictures is that of a few."""
    monkeypatch.setattr(_workers, "MOST_WEIGHT", 10)
    monkeypatch.setattr(_workers, "WINDOW", 3)
    for weigh, most in ((lambda item: 4, 3), (lambda item: 100, 1), (lambda item: 0, 6), (None, 6)):
        pool = _workers._Pool(abs, 2, weigh=weigh, split=None, name=repr)
        items = iter(range(100))
        pool._fill(items)
        pool._fill(items)
        assert [slot.item for slot in pool._order] == list(range(most))


@needs_signals
def test_a_process_that_cannot_start_is_an_error(monkeypatch):
    class Bad:
        def __reduce__(self):
            return os._exit, (3,)

    results = map_in_order(np.sum, [1, 2], n_jobs=2)
    monkeypatch.setattr(_workers, "_dumps", lambda value, dumps=_workers._dumps: dumps(Bad()))
    with pytest.raises(EnsembleHwrError, match="a worker process ended when it started, by exit code 3"):
        next(results)


class FakeClient:
    """A client of a cluster that ends the worker of some items, and loses the rest at times."""

    status = "running"

    def __init__(self, deadly, losses):
        self.deadly, self.losses, self.sent, self.cancelled = deadly, losses, 0, []
        self.submitted = []

    def nthreads(self):
        return {"one": 1}

    def submit(self, work, *args, **_):
        if work is pickle.loads:
            self.sent += 1
            return work(*args)
        self.submitted.append(args[1])
        return FakeFuture(self, lambda: work(*args), args[1])

    def cancel(self, futures, **_):
        self.cancelled += [future.item for future in futures]


class FakeFuture:
    status = "pending"

    def __init__(self, client, work, item):
        self.client, self.work, self.item = client, work, item

    def result(self, timeout):
        if self.client.losses:
            self.client.losses -= 1
            raise distributed.CancelledError
        if self.client.deadly in self.item:
            raise distributed.KilledWorker("work", SimpleNamespace(address="there"), 3)
        return self.work()


@pytest.fixture
def on_fake_cluster(monkeypatch):
    def start(deadly, losses=0):
        client = FakeClient(deadly, losses)
        monkeypatch.setattr(_workers, "dask_client", lambda: client)
        monkeypatch.setattr(distributed, "wait", lambda futures: None)
        return client

    return start


def test_an_item_that_ends_the_workers_of_a_cluster_is_tried_in_parts_alone(on_fake_cluster):
    client = on_fake_cluster(deadly=3, losses=2)
    batches = [[1, 2], [0, 3, 30], [4], [6, 7]]
    split = {"split": lambda batch: [[number] for number in batch], "name": repr}
    found = list(map_in_order(sum, batches, n_jobs=-1, **split))
    assert [item for item, _ in found] == [[1, 2], [0], [3], [30], [4], [6, 7]]
    assert str(found[2][1]).startswith("[3]: the workers that read it have ended")
    assert [result for _, result in found if not isinstance(result, PictureError)] == [3, 0, 30, 4, 13]
    assert client.sent == 3
    assert client.submitted[-4:] == [[0], [3], [30], [6, 7]] or client.submitted[-3:] == [[0], [3], [30]]


def test_a_cluster_that_loses_everything_again_and_again_is_an_error(on_fake_cluster, monkeypatch):
    client = on_fake_cluster(deadly=None, losses=99)
    with pytest.raises(EnsembleHwrError, match="run the same command again"):
        list(map_in_order(sum, [[1], [2]], n_jobs=-1))
    assert client.sent == 1 + _cluster.MOST_LOSSES
    assert client.cancelled == [[1], [2]]
    monkeypatch.setattr("ensemble_hwr.__version__", "0.0.0")
    with pytest.raises(EnsembleHwrError, match=r"has ensemble_hwr 0.0.0, this machine 0.1"):
        _cluster._apply(sum, [1], "0.1")


def test_a_cluster_without_workers_is_an_error(on_fake_cluster, monkeypatch):
    client = on_fake_cluster(deadly=None)
    monkeypatch.setattr(client, "nthreads", dict)

    def never(self, timeout):
        raise distributed.TimeoutError

    monkeypatch.setattr(FakeFuture, "result", never)
    with pytest.raises(EnsembleHwrError, match="has no workers any more"):
        next(map_in_order(sum, [[1], [2]], n_jobs=-1))
