"""Order, processes, threads and rows of parallel fits, and voters that are fitted side by side."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.ensemble import VotingClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_info, threadpool_limits

from ensemble_hwr import AugmentedMLPClassifier, MemberMLPClassifier
from ensemble_hwr.ensemble import _parallel, fit_classifier
from ensemble_hwr.ensemble._parallel import (
    FitTask,
    assemble_voting,
    effort,
    one_thread,
    processes,
    run_tasks,
    split_voting,
)

X = np.arange(40.0).reshape(20, 2)
Y = np.array(list("AB") * 10)

# Every fit records its process, its BLAS threads and the other fits that ran meanwhile, and multiplies matrices.
REAL_PROCESSES = """
import json, os, sys, time
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from threadpoolctl import threadpool_info
from ensemble_hwr.ensemble import HierarchicalEnsembleClassifier

class Reporter(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        self.classes_ = np.unique(y)
        begun, cpu = time.time(), time.process_time()
        while time.time() - begun < 0.05:
            np.dot(np.ones((300, 300)), np.ones((300, 300)))
        self.said_ = {
            "process": os.getpid(), "threads": max(pool["num_threads"] for pool in threadpool_info()),
            "begun": begun, "ended": time.time(), "cores": (time.process_time() - cpu) / (time.time() - begun),
            "shared": isinstance(X, np.memmap) or isinstance(X.base, np.memmap), "rows": len(X),
        }
        return self

    def predict_proba(self, X):
        return np.full((len(X), len(self.classes_)), 1 / len(self.classes_))

if __name__ == "__main__":
    y = np.tile(list("ABCDEFGHIJ"), 300)
    X = np.zeros((len(y), 100))
    model = HierarchicalEnsembleClassifier(Reporter(), Reporter(), cv=2, n_jobs=int(sys.argv[1])).fit(X, y)
    print(json.dumps([member.said_ for member in model.members_.values()]))
"""


class Recorder(ClassifierMixin, BaseEstimator):
    def __init__(self, effort=1, log=None):
        self.effort = effort
        self.log = log

    def fit(self, X, y):
        self.rows_, self.classes_ = X, np.unique(y)
        return self


def job(estimator, rows=range(20), name="member"):
    rows = np.asarray(rows)
    return FitTask(name, estimator, rows, Y[rows], {})


@pytest.mark.parametrize(("threads", "n_jobs"), [("2", 1), ("1", 2), ("16", 7), (None, -1)])
def test_there_are_never_more_processes_and_threads_than_cores(tmp_path, threads, n_jobs):
    script = tmp_path / "reporter.py"
    script.write_text(REAL_PROCESSES)
    names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    environment = {name: value for name, value in os.environ.items() if name not in names}
    if threads is not None:
        environment |= dict.fromkeys(names, threads)
    done = subprocess.run(
        [sys.executable, script, str(n_jobs)], env=environment, capture_output=True, text=True, check=True, timeout=120
    )
    fits = json.loads(done.stdout)
    assert {fit["threads"] for fit in fits} == {1}
    together = max(sum(one["begun"] <= fit["begun"] < one["ended"] for one in fits) for fit in fits)
    assert together <= min(joblib.cpu_count(), n_jobs if n_jobs > 0 else joblib.cpu_count())
    assert all(fit["cores"] < 1.3 for fit in fits)
    in_processes = n_jobs != 1 and joblib.cpu_count() > 1
    assert (os.getpid() not in {fit["process"] for fit in fits}) or not in_processes
    assert fits[0]["rows"] == 3000
    assert fits[0]["shared"] == in_processes  # all rows are not copied, but mapped


def test_contiguous_rows_are_a_view_and_others_a_copy():
    whole, middle, odd = run_tasks([job(Recorder()), job(Recorder(), range(5, 9)), job(Recorder(), range(1, 20, 2))], X)
    assert np.shares_memory(whole.rows_, X)
    assert np.shares_memory(middle.rows_, X)
    np.testing.assert_array_equal(middle.rows_, X[5:9])
    assert not np.shares_memory(odd.rows_, X)
    np.testing.assert_array_equal(odd.rows_, X[1::2])


def test_rows_in_any_order_and_sparse_rows_are_indexed():
    backward, around, sparse_rows = (
        run_tasks([job(Recorder(), rows)], data)[0].rows_
        for rows, data in (([3, 2, 1, 0], X), ([1, 3, 2, 4], X), ([0, 1, 2], csr_matrix(X)))
    )
    np.testing.assert_array_equal(backward, X[3::-1])
    np.testing.assert_array_equal(around, X[[1, 3, 2, 4]])
    np.testing.assert_array_equal(sparse_rows.toarray(), X[:3])


def test_the_longest_fit_starts_first_and_results_keep_their_order(monkeypatch):
    begun = []
    fit = _parallel._fit
    monkeypatch.setattr(_parallel, "_fit", lambda number, *rest: begun.append(number) or fit(number, *rest))
    fitted = run_tasks([job(Recorder(), range(n)) for n in (4, 12, 6, 20)], X)
    assert begun == [3, 1, 2, 0]
    assert [len(one.rows_) for one in fitted] == [4, 12, 6, 20]


def test_effort_grows_with_rows_epochs_units_and_small_batches():
    plain = effort(job(MemberMLPClassifier((100,), max_iter=10, batch_size=200)))
    assert effort(job(MemberMLPClassifier((100,), max_iter=10, batch_size=200), range(10))) == plain / 2
    assert effort(job(MemberMLPClassifier((100,), max_iter=20, batch_size=200))) == plain * 2
    assert effort(job(MemberMLPClassifier((100, 50), max_iter=10))) > plain
    assert effort(job(MemberMLPClassifier((100,), max_iter=10, batch_size=20))) > plain
    assert (
        effort(job(make_pipeline(StandardScaler(), AugmentedMLPClassifier((100,), max_iter=10, batch_size=200))))
        == plain
    )
    assert effort(job(Recorder())) == 20


def test_inside_a_process_of_joblib_there_is_one_process():
    assert processes(2, 5) == min(2, joblib.cpu_count())
    assert processes(2, 1) == processes(None, 5) == processes(2, 0) == 1
    nested = joblib.Parallel(n_jobs=2)(joblib.delayed(processes)(2, 5) for _ in range(2))
    assert nested == [1, 1]


@pytest.mark.skipif(joblib.cpu_count() < 2, reason="needs two processes")
def test_a_killed_process_raises_with_a_remedy():
    code = (
        "import os, numpy as np\n"
        "from sklearn.naive_bayes import GaussianNB\n"
        "from ensemble_hwr.ensemble import HierarchicalEnsembleClassifier\n"
        "class Killed(GaussianNB):\n"
        "    def fit(self, X, y):\n"
        "        os.kill(os.getpid(), 9)\n"
        "X, y = np.ones((20, 2)), np.tile(list('ABCDEFGHIJ'), 2)\n"
        "HierarchicalEnsembleClassifier(Killed(), Killed(), trust=0.5, n_jobs=2).fit(X, y)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120)
    assert "FittingError: a process that fitted members was killed" in done.stderr


@pytest.mark.skipif(joblib.cpu_count() < 2, reason="needs two processes")
def test_no_disk_space_for_the_rows_raises_with_a_remedy(tmp_path):
    code = (
        "import resource, numpy as np\n"
        "from sklearn.naive_bayes import GaussianNB\n"
        "from ensemble_hwr.ensemble import HierarchicalEnsembleClassifier\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "X, y = np.ones((4000, 100)), np.tile(list('ABCDEFGHIJ'), 400)\n"
        "HierarchicalEnsembleClassifier(GaussianNB(), GaussianNB(), n_jobs=2).fit(X, y)\n"
    )
    command = [sys.executable, "-B", "-c", code]  # -B: bytecode that Python could write in part only would remain
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    last = done.stderr.strip().splitlines()[-1]
    assert "FittingError: rows or members cannot be sent to other processes" in last
    assert "File too large; make room" in last
    assert "JOBLIB_TEMP_FOLDER" in last


def test_fit_classifier_equals_fit():
    template = MemberMLPClassifier((3,), max_iter=3, random_state=0)
    fitted = fit_classifier(template, X, Y, n_jobs=2)
    np.testing.assert_array_equal(
        fitted.predict_proba(X), MemberMLPClassifier((3,), max_iter=3, random_state=0).fit(X, Y).predict_proba(X)
    )
    assert not hasattr(template, "classes_")
    assert fit_classifier(
        template, X.tolist(), Y.tolist(), fit_params={"sample_weight": np.ones(20)}
    ).classes_.tolist() == [
        "A",
        "B",
    ]


X_VOTING = np.random.default_rng(0).random((60, 5))
Y_VOTING = np.where(X_VOTING[:, 0] > 0.6, "B", np.where(X_VOTING[:, 1] > 0.5, "P", "D"))
ROWS = np.arange(60)
VOTERS = [
    ("one", make_pipeline(StandardScaler(), MemberMLPClassifier((4,), max_iter=5, random_state=1))),
    ("gone", "drop"),
    ("two", AugmentedMLPClassifier((3,), max_iter=3, random_state=2)),
]
COMMITTEE = VotingClassifier(VOTERS, voting="soft", weights=[2, 1, 1])


def job_voting(estimator, **params):
    return FitTask("expert:second", clone(estimator), ROWS, Y_VOTING, params)


def test_a_split_committee_predicts_the_same_bits_as_scikit_learns():
    whole = clone(COMMITTEE).fit(X_VOTING, Y_VOTING)
    (divided,) = run_tasks([job_voting(COMMITTEE)], X_VOTING)
    np.testing.assert_array_equal(divided.predict_proba(X_VOTING), whole.predict_proba(X_VOTING))
    assert divided.predict(X_VOTING).tolist() == whole.predict(X_VOTING).tolist()
    assert [type(voter) for voter in divided.estimators_] == [type(voter) for voter in whole.estimators_]
    assert divided.named_estimators_["two"] is divided.estimators_[1]
    assert divided.named_estimators_["gone"] == "drop"
    assert sorted(vars(divided)) == sorted(vars(whole))
    assert repr(divided) == repr(whole)


def test_sample_weights_reach_every_voter():
    weight = np.random.default_rng(1).random(60)
    plain = VotingClassifier([("a", MemberMLPClassifier((3,), max_iter=3, random_state=0)), VOTERS[2]], voting="soft")
    (divided,) = run_tasks([job_voting(plain, sample_weight=weight)], X_VOTING)
    whole = clone(plain).fit(X_VOTING, Y_VOTING, sample_weight=weight)
    np.testing.assert_array_equal(divided.predict_proba(X_VOTING), whole.predict_proba(X_VOTING))


def test_each_voter_is_one_task_and_any_other_estimator_too():
    voters = split_voting(job_voting(COMMITTEE))
    assert [voter.name for voter in voters] == ["expert:second, one", "expert:second, two"]
    assert all(set(voter.target) == {0, 1, 2} for voter in voters)
    single = job_voting(MemberMLPClassifier())
    assert split_voting(single) == [single]
    assert assemble_voting(single, [single], ["fitted"]) == "fitted"
    with config_context(enable_metadata_routing=True):
        assert len(split_voting(job_voting(COMMITTEE))) == 1


@pytest.mark.parametrize("weights", [[1], [1, 2, 3, 4]])
def test_an_invalid_committee_raises_as_in_scikit_learn(weights):
    wrong = VotingClassifier(VOTERS, voting="soft", weights=weights)
    with pytest.raises(ValueError, match="Number of `estimators` and weights must be equal"):
        run_tasks([job_voting(wrong)], X_VOTING)


def threads():
    return {pool["num_threads"] for pool in threadpool_info()}


@pytest.fixture(autouse=True)
def two_allowed():
    with threadpool_limits(2):
        yield


def test_there_is_one_thread_inside_the_block_and_as_many_as_before_outside():
    with one_thread():
        assert threads() == {1}
        with one_thread():
            assert threads() == {1}
        assert threads() == {1}
    assert threads() == {2}


def test_an_exception_ends_the_limit():
    with pytest.raises(KeyError), one_thread():
        raise KeyError
    assert threads() == {2}


def test_blocks_in_other_threads_keep_the_outer_limit():
    def work(_):
        with one_thread():
            return threads()

    with one_thread(), ThreadPoolExecutor(2) as pool:
        assert list(pool.map(work, range(8))) == [{1}] * 8
        assert threads() == {1}
    assert threads() == {2}
