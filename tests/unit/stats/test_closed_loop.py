import pytest

from bench.stats.closed_loop import throughput_per_s
from bench.stats.metrics import repetition_values
from tests.builders import BINDING, make_cell, make_instance, make_measurement, make_repetition

CELL = make_cell(instances=(BINDING, BINDING))


def test_a_repetition_is_the_mean_over_instances_of_their_medians() -> None:
    repetition = make_repetition(0, make_instance((0.01, 0.01, 0.5)), make_instance((0.03, 0.03, 0.001)))
    assert repetition_values(make_measurement(CELL, repetition), CELL) == {0: pytest.approx(0.02)}


def test_throughput_is_zero_where_instances_never_ran_together() -> None:
    early, late = make_instance((0.01,) * 5, start_ns=0), make_instance((0.01,) * 5, start_ns=80_000_000)
    assert throughput_per_s([early, late]) == 0.0
