import pytest
from msgspec.structs import replace

from bench.records.measurement import Sample
from bench.stats.closed_loop import find_loop_problem, find_order_problem, throughput_per_s
from bench.stats.metrics import repetition_values
from tests.builders import BINDING, POLICY, make_cell, make_instance, make_measurement, make_repetition, make_samples

CELL = make_cell(instances=(BINDING, BINDING))


def test_a_repetition_is_the_mean_over_instances_of_their_medians() -> None:
    repetition = make_repetition(0, make_instance((0.01, 0.01, 0.5)), make_instance((0.03, 0.03, 0.001)))
    assert repetition_values(make_measurement(CELL, repetition), CELL) == {0: pytest.approx(0.02)}


def test_throughput_is_zero_where_instances_never_ran_together() -> None:
    early, late = make_instance((0.01,) * 5, start_ns=0), make_instance((0.01,) * 5, start_ns=80_000_000)
    assert throughput_per_s([early, late]) == 0.0


def test_samples_that_follow_one_another_are_in_order() -> None:
    assert find_order_problem(make_samples([0.01, 0.01, 0.01])) is None


def test_the_first_two_samples_that_overlap_are_named() -> None:
    overlapping = (*make_samples([0.01]), *make_samples([0.01, 0.01], start_ns=9_000_000))
    assert find_order_problem(overlapping) == "the samples that start at 0 and 9000000 ns overlap"


@pytest.mark.parametrize(
    ("samples", "problem"),
    [
        (make_samples([0.01] * 5), None),
        (make_samples([0.01] * 6), "it was timed for another sample after 0.050 s, the plan asks for 0.05 s"),
        (make_samples([0.01] * 6, start_ns=1 << 62), "ns after the host started"),
        (make_samples([0.02] * 4), "4 samples, the plan asks for 5 to"),
        ((*make_samples([0.01] * 3), *make_samples([0.01] * 3, start_ns=60_000_000)), "are in no sample"),
        (make_samples([0.005] * 6), "it was timed for 0.030 s, the plan asks for 0.05 s"),
    ],
    ids=["as planned", "one more than planned", "an impossible clock", "too few", "time left out", "too short"],
)
def test_a_loop_that_the_plan_rules_out_is_told_with_its_numbers(
    samples: tuple[Sample, ...], problem: str | None
) -> None:
    found = find_loop_problem(samples, replace(POLICY, samples_min=5))
    assert found == problem if problem is None else problem in (found or "")
