from statistics import stdev

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import TooNoisyError
from bench.stats.summary import measure_drift, summarize, summarize_cell
from tests.builders import (
    BINDING,
    POLICY,
    make_cell,
    make_instance,
    make_measurement,
    make_plan,
    make_probe,
    make_proof,
    make_repetition,
    noisy,
)

LATENCIES = (0.010, 0.011, 0.012, 0.010, 0.011, 0.050)


def test_latency_is_the_mean_over_repetitions_of_each_ones_median() -> None:
    fast, slow = make_instance((0.010,) * 5), make_instance((0.020,) * 5)
    summary = summarize_cell(make_cell(), POLICY, [make_repetition(0, fast), make_repetition(1, slow)])
    assert summary.latency_s.point == pytest.approx(0.015)
    assert summary.latency_s.low < 0.010
    assert summary.latency_s.high > 0.020


def test_throughput_counts_items_of_all_instances_in_their_shared_window() -> None:
    early = make_instance((0.010,) * 10, start_ns=0)
    late = make_instance((0.020,) * 5, start_ns=20_000_000)
    cell = make_cell(instances=(BINDING, BINDING))
    summary = summarize_cell(cell, POLICY, [make_repetition(0, early, late)])
    assert summary.throughput_per_s.point == pytest.approx(4 / 0.010 + 4 / 0.020)


def test_samples_outside_the_shared_window_do_not_count() -> None:
    alone_then_slow = make_instance((0.001,) * 20 + (0.010,) * 10, start_ns=0)
    other = make_instance((0.010,) * 10, start_ns=20_000_000)
    cell = make_cell(instances=(BINDING, BINDING))
    summary = summarize_cell(cell, POLICY, [make_repetition(0, alone_then_slow, other)])
    assert summary.throughput_per_s.point == pytest.approx(2 * 4 / 0.010)


def test_parts_of_a_training_step_are_medians_over_all_that_were_taken_apart() -> None:
    first = msgspec.structs.replace(make_instance(), stages_ns={"forward": (1_000_000, 9_000_000), "loss": (5, 7)})
    second = msgspec.structs.replace(make_instance(), stages_ns={"forward": (2_000_000,), "loss": (6,)})
    summary = summarize_cell(make_cell(), POLICY, [make_repetition(0, first), make_repetition(1, second)])
    assert summary.stages_s == pytest.approx({"forward": 0.002, "loss": 6e-9})


def test_the_same_samples_give_the_same_summary() -> None:
    repetitions = [make_repetition(index, make_instance(LATENCIES)) for index in range(3)]
    assert summarize_cell(make_cell(), POLICY, repetitions) == summarize_cell(make_cell(), POLICY, repetitions)


def test_invalid_repetitions_are_counted_and_not_used() -> None:
    stolen = noisy(make_instance((0.030,) * 5), steal_ratio=0.2)
    summary = summarize_cell(make_cell(), POLICY, [make_repetition(0), make_repetition(1, stolen)])
    assert (summary.repetitions, summary.invalid_repetitions) == (1, 1)
    assert summary.latency_s.point == pytest.approx(0.010)


def test_calling_a_quiet_repetition_invalid_does_not_drop_it() -> None:
    slow = msgspec.structs.replace(make_repetition(1, make_instance((0.030,) * 5)), invalid=("steal",))
    summary = summarize_cell(make_cell(), POLICY, [make_repetition(0), slow])
    assert summary.latency_s.point == pytest.approx(0.020)


def test_no_valid_repetition_is_too_noisy_and_says_why() -> None:
    stolen = noisy(make_instance(), steal_ratio=0.2, major_faults=1000)
    with pytest.raises(TooNoisyError, match=r"none of 1 repetitions is valid \(paging, steal\)"):
        summarize_cell(make_cell(), POLICY, [make_repetition(0, stolen)])


def test_one_repetition_claims_no_detectable_effect() -> None:
    assert summarize_cell(make_cell(), POLICY, [make_repetition()]).detectable_ratio is None


def test_the_detectable_effect_is_that_of_a_two_sample_t_test() -> None:
    scatter = [0.0099, 0.0101, 0.0100, 0.0098, 0.0102]
    repetitions = [make_repetition(index, make_instance((value,) * 6)) for index, value in enumerate(scatter)]
    shown = summarize_cell(make_cell(), POLICY, repetitions).detectable_ratio
    t_level, t_power, error_ratio = 2.306, 0.889, stdev(scatter) / 5**0.5 / 0.0100
    assert shown == pytest.approx((t_level + t_power) * 2**0.5 * error_ratio, rel=0.05)


def test_two_repetitions_show_only_large_effects() -> None:
    repetitions = [make_repetition(index, make_instance((value,) * 6)) for index, value in enumerate((0.0099, 0.0101))]
    shown = summarize_cell(make_cell(), POLICY, repetitions).detectable_ratio
    assert shown == pytest.approx((4.303 + 1.061) * 2**0.5 * 0.01, rel=0.05)


def test_far_outliers_are_counted_and_kept() -> None:
    summary = summarize_cell(make_cell(), POLICY, [make_repetition(0, make_instance((*LATENCIES, 5.0)))])
    assert summary.outliers == 1
    assert summary.samples == 7
    assert summary.latency_percentiles_s["p99"] > 4


def test_the_share_of_peak_is_the_least_time_over_the_latency() -> None:
    repetition = make_repetition(0, make_instance((0.160,) * 5, proof=make_proof()))
    summary = summarize_cell(make_cell(), POLICY, [repetition], [make_probe(gflops=100, gigabytes=10)])
    assert summary.bound_by == "compute"
    assert summary.roofline_ratio == pytest.approx(0.5)


def test_without_a_probe_there_is_no_share_of_peak() -> None:
    summary = summarize_cell(make_cell(), POLICY, [make_repetition(0, make_instance(proof=make_proof()))])
    assert (summary.roofline_ratio, summary.bound_by) == (None, None)


def test_first_call_with_empty_caches_stands_apart_from_later_ones() -> None:
    cold = msgspec.structs.replace(make_instance(), first_call_s=40.0)
    summary = summarize_cell(make_cell(), POLICY, [make_repetition(0, cold), make_repetition(1)])
    assert (summary.cold_s["first_call"], summary.cold_s["first_call_warm"]) == (40.0, 0.5)


def test_a_cell_that_was_never_reached_says_so() -> None:
    one, two = make_cell(0), make_cell(1)
    summary = summarize(make_plan(one, two), [make_measurement(one, make_repetition())], [])
    assert [cell.cell for cell in summary.cells] == [one.id]
    assert summary.failed == {two.id: "not measured: the budget ended before it"}


def test_drift_is_the_largest_over_the_smallest_probe() -> None:
    (drift,) = measure_drift([make_probe(gflops=100), make_probe(gflops=80), make_probe(gflops=90, gigabytes=5)])
    assert drift.compute_ratio == pytest.approx(1.25)
    assert drift.bandwidth_ratio == pytest.approx(2.0)
    assert drift.probes == 3


def test_one_probe_shows_no_drift() -> None:
    assert measure_drift([make_probe()]) == ()


@given(
    st.lists(st.lists(st.floats(1e-6, 10), min_size=5, max_size=12), min_size=1, max_size=4),
)
def test_the_interval_holds_its_point(groups: list[list[float]]) -> None:
    repetitions = [make_repetition(index, make_instance(group)) for index, group in enumerate(groups)]
    latency = summarize_cell(make_cell(), POLICY, repetitions).latency_s
    assert latency.low <= latency.point <= latency.high
