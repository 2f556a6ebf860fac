"""Within a block there is one thread, whatever was allowed around it."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from ensemble_hwr.ensemble._parallel import one_thread


def threads():
    return {pool["num_threads"] for pool in threadpool_info()}


@pytest.fixture(autouse=True)
def two_allowed():
    with threadpool_limits(2):
        yield


def test_there_is_one_within_and_as_many_as_before_without():
    with one_thread():
        assert threads() == {1}
        with one_thread():
            assert threads() == {1}
        assert threads() == {1}
    assert threads() == {2}


def test_an_error_lifts_the_limit():
    with pytest.raises(KeyError), one_thread():
        raise KeyError
    assert threads() == {2}


def test_blocks_in_other_threads_leave_the_outer_one_in_force():
    def work(_):
        with one_thread():
            return threads()

    with one_thread(), ThreadPoolExecutor(2) as pool:
        assert list(pool.map(work, range(8))) == [{1}] * 8
        assert threads() == {1}
    assert threads() == {2}
