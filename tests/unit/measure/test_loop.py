import gc
import itertools
from collections.abc import Iterator
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.measure.loop import quiet_interpreter, time_block, time_samples, warm_up
from bench.stats.closed_loop import find_loop_problem, find_warm_up_problem, iterations_per_sample
from bench.stats.steady import is_steady
from tests.builders import POLICY, make_instance


class Machine:
    """A workload and its clock: every call takes the next duration of a script, the last one for ever."""

    def __init__(self, *durations_ns: int) -> None:
        self.now = 1_000
        self.calls = 0
        self._script: Iterator[int] = iter(durations_ns[:-1])
        self._rest = durations_ns[-1]

    def call(self) -> None:
        self.calls += 1
        self.now += next(self._script, self._rest)

    def clock(self) -> int:
        return self.now


def test_a_block_is_timed_from_its_first_call_to_its_last() -> None:
    machine = Machine(5, 7, 11)
    sample = time_block(machine.call, 3, machine.clock)
    assert (sample.start_ns, sample.elapsed_ns, sample.iterations) == (1_000, 23, 3)


def test_a_clock_that_does_not_move_gives_no_zero() -> None:
    assert time_block(lambda: None, 1, lambda: 5).elapsed_ns == 1


def test_warm_up_ends_when_samples_are_steady() -> None:
    machine = Machine(500_000_000, 90_000_000, 30_000_000, 20_000_000)
    samples, steady, iterations = warm_up(machine.call, POLICY, machine.clock)
    assert steady
    assert iterations == 1
    assert [sample.elapsed_ns for sample in samples[:3]] == [500_000_000, 90_000_000, 30_000_000]
    assert machine.now < 1e9


def test_warm_up_that_never_settles_ends_with_its_time_and_says_so() -> None:
    machine = Machine(*[20_000_000 + 5_000_000 * (index % 7) for index in range(500)])
    samples, steady, _ = warm_up(machine.call, POLICY, machine.clock)
    assert not steady
    assert 1e9 <= machine.now < 1.1e9
    assert len(samples) > 20


def test_short_iterations_are_timed_in_blocks_of_the_length_asked_for() -> None:
    machine = Machine(50_000)
    _, steady, iterations = warm_up(machine.call, POLICY, machine.clock)
    assert steady
    assert iterations == pytest.approx(POLICY.sample_s / 50e-6, rel=0.6)


def test_timed_samples_fill_the_time_asked_for() -> None:
    machine = Machine(30_000_000)
    samples = time_samples(machine.call, 2, msgspec.structs.replace(POLICY, measure_s=1.0), machine.clock)
    assert len(samples) == 17
    assert all(sample.iterations == 2 and sample.elapsed_ns == 60_000_000 for sample in samples)


def test_long_iterations_still_give_the_least_number_of_samples() -> None:
    machine = Machine(3_000_000_000)
    assert len(time_samples(machine.call, 1, POLICY, machine.clock)) == POLICY.samples_min


def test_nothing_but_the_workload_runs_between_samples() -> None:
    machine = Machine(1_000_000)
    samples = time_samples(machine.call, 10, msgspec.structs.replace(POLICY, measure_s=0.1), machine.clock)
    assert machine.calls == 10 * len(samples)
    ends = [sample.start_ns + sample.elapsed_ns for sample in samples]
    assert [sample.start_ns for sample in samples[1:]] == ends[:-1]


def test_what_is_done_after_a_sample_is_outside_of_what_is_timed() -> None:
    machine = Machine(10_000_000)

    def bookkeep() -> None:
        machine.now += 5_000_000

    samples = time_samples(machine.call, 1, POLICY, machine.clock, after_sample=bookkeep)
    assert {sample.elapsed_ns for sample in samples} == {10_000_000}
    gaps = [later.start_ns - sample.start_ns - sample.elapsed_ns for sample, later in pairwise(samples)]
    assert set(gaps) == {5_000_000}


def test_the_collector_is_off_inside_and_on_afterwards() -> None:
    with quiet_interpreter():
        assert not gc.isenabled()
        assert gc.get_freeze_count() > 0
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0


@given(
    durations_ns=st.lists(st.integers(1_000, 40_000_000), min_size=1, max_size=60),
    pauses_ns=st.lists(st.integers(0, 3_000_000), min_size=1, max_size=20),
    warmup_max_s=st.sampled_from([0.05, 0.3, 1.0]),
    sample_s=st.sampled_from([0.0005, 0.01]),
)
def test_whatever_the_loop_does_verification_finds_in_order(
    durations_ns: list[int], pauses_ns: list[int], warmup_max_s: float, sample_s: float
) -> None:
    policy = msgspec.structs.replace(POLICY, warmup_max_s=warmup_max_s, sample_s=sample_s)
    machine = Machine(*durations_ns)
    pauses = itertools.cycle(pauses_ns)

    def interrupted() -> int:
        """A clock whose readings others delay."""
        now = machine.clock()
        machine.now += next(pauses)
        return now

    warmup, steady, iterations = warm_up(machine.call, policy, interrupted)
    samples = time_samples(machine.call, iterations, policy, interrupted)
    instance = msgspec.structs.replace(make_instance(), warmup=warmup, steady=steady, samples=samples)
    assert find_warm_up_problem(instance, policy) is None
    late = find_loop_problem(samples, policy)
    assert late is None or "are in no sample" in late  # what delays the clock by a tenth of the time is a pause


def test_iterations_per_sample_is_at_least_one() -> None:
    assert iterations_per_sample(time_block(lambda: None, 1, iter([0, 10**10]).__next__), 0.01) == 1


@pytest.mark.parametrize(
    ("values", "steady"),
    [
        ([1.0] * 5, False),
        ([1.0, 1.01, 1.0, 0.99, 1.0, 1.0], True),
        ([1.0, 1.0, 1.0, 9.0, 1.0, 1.0], True),
        ([1.10, 1.08, 1.06, 1.04, 1.02, 1.00], False),
        ([1.0, 2.0, 1.0, 2.0, 1.0, 2.0], False),
        ([9.0, 9.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0], True),
    ],
    ids=["too few", "little scatter", "one outlier", "a slow slide", "two modes", "only the last ones count"],
)
def test_the_rule_of_steadiness(values: list[float], *, steady: bool) -> None:
    assert is_steady(values) is steady
