import threading

import pytest

from bench.workloads.parallel import run_parallel


def test_results_keep_the_order_of_the_items() -> None:
    assert run_parallel(lambda value: value * value, range(100)) == [value * value for value in range(100)]


def test_no_thread_outlives_the_call() -> None:
    before = threading.active_count()
    run_parallel(str, range(10))
    assert threading.active_count() == before


def test_a_failure_is_raised() -> None:
    def fail(_: int) -> None:
        raise ValueError("no result")

    with pytest.raises(ValueError, match="no result"):
        run_parallel(fail, range(3))
