from statistics import stdev

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.records.measurement import Repetition
from bench.records.reason import Reason
from bench.stats.noise import mark_invalid
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


def repeat(*latencies_s: float) -> list[Repetition]:
    """Repetitions whose samples are all alike."""
    return [make_repetition(index, make_instance((latency,) * 6)) for index, latency in enumerate(latencies_s)]


def test_latency_is_the_geometric_mean_over_repetitions() -> None:
    assert summarize_cell(make_cell(), POLICY, repeat(0.010, 0.040)).latency_s.point == pytest.approx(0.020)


def test_few_repetitions_have_their_range_for_an_interval_and_a_mark() -> None:
    summary = summarize_cell(make_cell(), POLICY, repeat(0.010, 0.0101, 0.0102, 0.0101))
    assert (summary.latency_s.low, summary.latency_s.high) == pytest.approx((0.010, 0.0102))
    assert summary.marks == ("few_repetitions",)


def test_a_single_repetition_has_no_width_and_a_mark() -> None:
    summary = summarize_cell(make_cell(), POLICY, repeat(0.010))
    assert summary.latency_s.low == summary.latency_s.high == summary.latency_s.point
    assert summary.marks == ("single_repetition",)


def test_samples_that_scatter_within_repetitions_do_not_widen_an_interval_again() -> None:
    scattered = [make_repetition(index, make_instance((0.0080, 0.010, 0.0125) * 3)) for index in range(5)]
    assert summarize_cell(make_cell(), POLICY, scattered).latency_s.half_width_ratio < 1e-9


def test_intervals_that_are_wider_than_asked_are_marked_each() -> None:
    summary = summarize_cell(make_cell(), POLICY, repeat(0.010, 0.012, 0.010, 0.012, 0.011))
    assert summary.marks == ("wide_latency", "wide_throughput")


def test_a_repetition_that_slides_marks_its_cell_and_is_valid() -> None:
    sliding = make_instance([0.010 + 0.0001 * step for step in range(18)])
    summary = summarize_cell(make_cell(), POLICY, [make_repetition(0, sliding), *repeat(0.01)])
    assert "sliding" in summary.marks
    assert summary.invalid_repetitions == 0


def test_samples_may_show_the_steady_state_that_the_warm_up_did_not() -> None:
    calm, wild = (
        msgspec.structs.replace(make_instance(values), steady=False) for values in ((0.01,) * 6, (0.01, 0.02) * 3)
    )
    marks = [
        summarize_cell(make_cell(), POLICY, [make_repetition(0, instance), *repeat(0.01)]).marks
        for instance in (calm, wild)
    ]
    assert ["steady_state_not_reached" in found for found in marks] == [False, True]


def test_faster_than_the_peak_is_marked() -> None:
    repetition = make_repetition(0, make_instance((0.040,) * 5, proof=make_proof()))
    assert "above_peak" in summarize_cell(make_cell(), POLICY, [repetition], [make_probe(gflops=100)]).marks


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
    repetitions = mark_invalid(make_cell(), [make_repetition(0), make_repetition(1, stolen)], [])
    summary = summarize_cell(make_cell(), POLICY, repetitions)
    assert (summary.repetitions, summary.invalid_repetitions) == (1, 1)
    assert summary.latency_s.point == pytest.approx(0.010)


def test_where_no_repetition_is_valid_numbers_are_a_bound_and_marked() -> None:
    stolen = [
        make_repetition(index, noisy(make_instance((0.01 + index / 1e4,) * 5), steal_ratio=0.2)) for index in range(6)
    ]
    summary = summarize_cell(make_cell(), POLICY, mark_invalid(make_cell(), stolen, []))
    assert summary.marks[-1] == "noisy_host"
    assert (summary.repetitions, summary.invalid_repetitions, summary.detectable_ratio) == (6, 6, None)
    assert (summary.latency_s.low, summary.latency_s.high) <= (0.0100, 0.0105)


def test_what_noise_cannot_bound_is_too_noisy_with_its_codes() -> None:
    early, late = make_instance((0.01,) * 10, start_ns=0), make_instance((0.01,) * 10, start_ns=80_000_000)
    cell = make_cell(instances=(BINDING, BINDING))
    apart = make_repetition(0, noisy(early, steal_ratio=0.2), late)
    assert summarize_cell(cell, POLICY, mark_invalid(cell, [apart], [])) == Reason(
        code="too_noisy", values={"repetitions": "1", "invalid": "no_overlap steal"}
    )


def test_the_detectable_effect_is_that_of_a_two_sample_t_test() -> None:
    scatter = [0.0099, 0.0101, 0.0100, 0.0098, 0.0102]
    repetitions = [make_repetition(index, make_instance((value,) * 6)) for index, value in enumerate(scatter)]
    shown = summarize_cell(make_cell(), POLICY, repetitions).detectable_ratio
    t_level, t_power, error_ratio = 2.306, 0.889, stdev(scatter) / 5**0.5 / 0.0100
    assert shown == pytest.approx((t_level + t_power) * 2**0.5 * error_ratio, rel=0.05)


@pytest.mark.parametrize("count", [1, 4])
def test_too_few_repetitions_for_a_verdict_claim_no_detectable_effect(count: int) -> None:
    assert summarize_cell(make_cell(), POLICY, repeat(*(0.01,) * count)).detectable_ratio is None


def test_far_outliers_are_counted_and_kept() -> None:
    summary = summarize_cell(make_cell(), POLICY, [make_repetition(0, make_instance((*LATENCIES, 5.0)))])
    assert summary.outliers == 1
    assert summary.samples == 7
    assert summary.latency_percentiles_s["p99"] > 4


@given(st.lists(st.integers(1_000_000, 10_000_000), min_size=1, max_size=60))
def test_percentiles_are_numpys_over_the_samples_of_all_repetitions(nanoseconds: list[int]) -> None:
    latencies = [value / 1e9 for value in nanoseconds]
    repetitions = [make_repetition(0, make_instance((*latencies,))), make_repetition(1, make_instance((0.002,) * 6))]
    percentiles = summarize_cell(make_cell(), POLICY, repetitions).latency_percentiles_s
    expected = np.quantile([*latencies, *(0.002,) * 6], [0.5, 0.9, 0.99])
    assert list(percentiles.values()) == pytest.approx(expected.tolist(), rel=1e-12)


def test_the_share_of_peak_is_the_least_time_over_the_latency() -> None:
    repetition = make_repetition(0, make_instance((0.160,) * 5, proof=make_proof()))
    summary = summarize_cell(make_cell(), POLICY, [repetition], [make_probe(gflops=100, gigabytes=10)])
    assert summary.bound_by == "compute"
    assert summary.roofline_ratio == pytest.approx(0.5)


def test_without_a_probe_there_is_no_share_of_peak() -> None:
    summary = summarize_cell(make_cell(), POLICY, [make_repetition(0, make_instance(proof=make_proof()))])
    assert (summary.roofline_ratio, summary.bound_by) == (None, None)


def test_first_call_with_empty_caches_is_separate_from_later_ones() -> None:
    cold = msgspec.structs.replace(make_instance(), first_call_s=40.0)
    summary = summarize_cell(make_cell(), POLICY, [make_repetition(0, cold), make_repetition(1)])
    assert (summary.cold_s["first_call"], summary.cold_s["first_call_warm"]) == (40.0, 0.5)


def test_a_cell_that_was_never_reached_is_not_measured() -> None:
    one, two = make_cell(0), make_cell(1)
    summary = summarize(make_plan(one, two), [make_measurement(one, make_repetition())], [])
    assert [cell.cell for cell in summary.cells] == [one.id]
    assert summary.failed == {two.id: Reason(code="not_measured")}


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
