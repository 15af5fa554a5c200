from collections.abc import Sequence
from math import log

import numpy as np
import pytest

from bench.compare.host_change import CONFIDENCE, allow_for, explain_by_host_change, measure_host_change
from bench.records.probe import Probe
from bench.records.reason import Reason
from bench.records.verdict import HostChange
from bench.stats.variance import SCATTER_FLOOR
from tests.builders import make_probe


def probe_run(*gflops: float, gigabytes: float = 10.0) -> tuple[Probe, ...]:
    return tuple(
        make_probe(gflops=rate, gigabytes=gigabytes, sequence=sequence) for sequence, rate in enumerate(gflops)
    )


def move(
    base: Sequence[Sequence[Probe]],
    new: Sequence[Sequence[Probe]],
    earlier: Sequence[Sequence[Sequence[Probe]]] = (),
) -> HostChange:
    change = measure_host_change(base, new, "latency", earlier)
    assert change is not None
    return change


def test_movement_is_the_time_of_new_over_base_by_compute_and_by_bandwidth() -> None:
    change = move([probe_run(100)], [probe_run(50, gigabytes=20.0)])
    assert (change.compute_ratio, change.bandwidth_ratio) == pytest.approx((2.0, 0.5))
    assert (change.compute_scatter_ratio, change.bandwidth_scatter_ratio) == (0.0, 0.0)
    assert allow_for(change) == pytest.approx((-log(2), log(2)))


def test_movement_is_that_of_the_layouts_own_probes_and_unknown_without() -> None:
    assert measure_host_change([probe_run(100)], [()], "latency") is None
    assert measure_host_change([probe_run(100)], [probe_run(100), ()], "latency") is None
    assert measure_host_change([probe_run(100)], [probe_run(100)], "throughput") is None
    assert allow_for(None) == (0.0, 0.0)


def test_one_probe_that_was_disturbed_is_no_movement() -> None:
    change = move([probe_run(100, 100, 100)], [probe_run(100, 100, 50)])
    assert change.compute_ratio == pytest.approx(1.0)
    assert allow_for(change) == (0.0, 0.0)


def test_what_probes_of_one_run_scatter_is_not_taken_for_movement() -> None:
    scattered = move([probe_run(100, 110, 120)], [probe_run(95, 105, 115)])
    assert scattered.compute_ratio == pytest.approx(110 / 105)
    assert scattered.compute_scatter_ratio > 110 / 105 - 1
    assert allow_for(scattered) == (0.0, 0.0)


def test_movement_beyond_the_probes_scatter_is_allowed_for_in_full() -> None:
    change = move([probe_run(100, 100.5, 99.5)], [probe_run(90, 90.5, 89.5)])
    assert change.compute_scatter_ratio < 0.01
    assert allow_for(change) == pytest.approx((0.0, log(100 / 90)))


def test_probes_that_agree_to_the_last_digit_keep_a_scatter() -> None:
    assert move([probe_run(100, 100)], [probe_run(100, 100)]).compute_scatter_ratio > SCATTER_FLOOR / 2


@pytest.mark.parametrize("several", ["earlier runs", "runs of a side"])
def test_what_medians_of_runs_scatter_is_not_taken_for_movement(several: str) -> None:
    spread = [probe_run(rate, rate) for rate in (90, 100, 110, 105, 95)]
    if several == "earlier runs":
        change = move([probe_run(100, 100)], [probe_run(95, 95)], [spread])
    else:
        change = move(spread, [probe_run(95, 95)])
    assert change.compute_scatter_ratio > change.compute_ratio - 1 > 0
    assert allow_for(change) == (0.0, 0.0)
    assert allow_for(move([probe_run(100, 100)], [probe_run(95, 95)]))[1] == pytest.approx(log(100 / 95))


def test_earlier_runs_without_probes_show_nothing() -> None:
    alone = move([probe_run(100, 100)], [probe_run(95, 95)])
    assert move([probe_run(100, 100)], [probe_run(95, 95)], [[(), ()]]) == alone


def test_a_host_that_does_not_move_stays_within_its_scatter_as_often_as_stated() -> None:
    rng = np.random.default_rng(5)
    runs = [[probe_run(*np.exp(rng.normal(4, 0.01, 15)).tolist()) for _ in range(2)] for _ in range(400)]
    still = [allow_for(move([base], [new])) == (0.0, 0.0) for base, new in runs]
    assert np.mean(still) == pytest.approx(CONFIDENCE, abs=0.06)


def test_the_reason_names_both_movements_with_their_sign() -> None:
    change = HostChange(
        compute_ratio=1.061, bandwidth_ratio=0.97, compute_scatter_ratio=0.0, bandwidth_scatter_ratio=0.0
    )
    values = {"compute_percent": "+6.1", "bandwidth_percent": "-3.0"}
    assert explain_by_host_change(change) == Reason(code="host_changed", values=values)
