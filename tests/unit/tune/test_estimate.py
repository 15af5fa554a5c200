"""How long a search takes, with and without a repetition that was timed."""

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from bench.launch.plan import OVERHEAD_S, estimate_repetition_s, estimate_seconds
from bench.planning.plan import override_policy
from bench.records.measurement import InstanceResult, Sample
from bench.tune.estimate import estimate_stage_s, estimate_tuning_s, expect_repetition_s, list_timed
from bench.tune.stages import P99_SAMPLES, REPETITIONS_LEAST, request_stage
from tests.builders import make_instance
from tests.unit.tune.bundles import REQUEST, make_stage, make_tuning

POLICY = override_policy(REQUEST)
PROBE_S = 1.5


def make_result(iteration_s: float, *, build_s: float = 0.0, warmup_s: float = 0.0, calls: int = 4) -> InstanceResult:
    def samples(seconds: float, iterations: int) -> Sequence[Sample]:
        return [Sample(start_ns=0, elapsed_ns=round(seconds * 1e9), iterations=iterations)]

    return replace(
        make_instance(),
        build_s=build_s,
        prepare_s=0.0,
        load_s=0.0,
        warmup=tuple(samples(warmup_s, 1) if warmup_s else ()),
        samples=tuple(samples(calls * iteration_s, calls)),
    )


@pytest.mark.parametrize("probe_s", [PROBE_S, 9.0], ids=["short probes", "long probes"])
def test_the_least_time_is_that_of_all_stages(probe_s: float) -> None:
    one, three = (estimate_tuning_s(REQUEST, arms, 2, 1, probe_s=probe_s) for arms in (1, 3))
    rungs = [estimate_seconds(arms, replace(POLICY, repetitions_min=3), probe_s=probe_s) for arms in (4, 3)]
    assert three == pytest.approx(one + sum(rungs))


def test_of_a_single_setting_nothing_is_confirmed() -> None:
    alone, two = (estimate_tuning_s(REQUEST, 1, knobs, 1, probe_s=PROBE_S) for knobs in (1, 2))
    trial = replace(POLICY, repetitions_min=REPETITIONS_LEAST["trial"])
    of_two, of_four = (estimate_seconds(cells, trial, probe_s=PROBE_S) for cells in (2, 4))
    assert alone == pytest.approx(of_two)
    assert two == pytest.approx(of_four + of_two)


def test_without_a_repetition_the_policy_alone_decides() -> None:
    assert expect_repetition_s((), POLICY) == estimate_repetition_s(POLICY)


def test_short_iterations_take_the_timed_seconds_and_long_ones_take_as_many_as_the_least_samples() -> None:
    policy = replace(POLICY, measure_s=0.5, samples_min=5, sample_s=0.02)
    assert expect_repetition_s([[make_result(0.001)]], policy) == pytest.approx(OVERHEAD_S + 0.5, abs=0.01)
    long = expect_repetition_s([[make_result(4.0, build_s=3.0, warmup_s=8.0)]], policy)
    assert long == pytest.approx((3 + 4) + 8 + 5 * 4)


def test_the_samples_of_a_percentile_in_the_tail_are_counted() -> None:
    limited = request_stage(REQUEST, replace(make_tuning(), aim="p99"))
    policy = override_policy(limited)
    timed = [[make_result(0.1)]]
    assert expect_repetition_s(timed, policy) == pytest.approx(OVERHEAD_S + P99_SAMPLES * 0.1)
    least = estimate_tuning_s(limited, 1, 1, 1, timed, probe_s=PROBE_S)
    assert least > 2 * REPETITIONS_LEAST["trial"] * P99_SAMPLES * 0.1
    assert least > 5 * estimate_tuning_s(limited, 1, 1, 1, probe_s=PROBE_S)


def test_a_repetition_ends_with_its_slowest_instance_and_cells_count_alike() -> None:
    policy = replace(POLICY, measure_s=0.5, samples_min=5, sample_s=0.02)
    timed = [[make_result(1.0), make_result(2.0)], [make_result(4.0)]]
    twice, once = (expect_repetition_s([[make_result(seconds)]], policy) for seconds in (2.0, 4.0))
    assert expect_repetition_s(timed, policy) == pytest.approx((twice + once) / 2)


def test_a_stage_is_estimated_from_the_repetitions_of_the_one_before() -> None:
    contents = make_stage(make_tuning())
    timed = list_timed(contents)
    assert len(timed) == sum(len(measurement.repetitions) for measurement in contents.measurements)
    policy = contents.plan.policy
    repetition_s = expect_repetition_s(timed, policy)
    assert estimate_stage_s(2, policy, timed, probe_s=9) == estimate_seconds(2, policy, repetition_s, probe_s=9)
