import pytest
from msgspec.structs import replace

from bench.compare.movement import allow_for, measure_movement
from bench.records.measurement import Probe
from tests.builders import make_probe


def probe_run(*rates: float) -> list[Probe]:
    """The probes of one run, compute and bandwidth at the same rate."""
    return [make_probe(gflops=rate, gigabytes=rate, sequence=sequence) for sequence, rate in enumerate(rates)]


def test_movement_is_the_ratio_of_medians() -> None:
    moved = measure_movement([[make_probe()]], [[make_probe(gflops=50.0, gigabytes=20.0)]], "latency")
    assert moved is not None
    assert (moved.compute_ratio, moved.bandwidth_ratio) == pytest.approx((2.0, 0.5))


def test_it_is_unknown_without_probes_of_the_layout() -> None:
    probe = make_probe()
    blind = replace(probe, instances=(replace(probe.instances[0], flops_per_s={}),))
    assert measure_movement([[probe]], [[]], "latency") is None
    assert measure_movement([[probe]], [[probe]], "throughput") is None
    assert measure_movement([[probe]], [[blind]], "latency") is None


def test_a_change_within_the_scatter_of_one_runs_probes_is_no_movement() -> None:
    scattered = measure_movement([probe_run(90, 100, 110)], [probe_run(87, 97, 107)], "latency")
    assert scattered is not None
    assert scattered.compute_scatter_ratio > 0.05
    assert allow_for(scattered) == (0.0, 0.0)


def test_a_change_beyond_it_is_allowed_for_in_full() -> None:
    moved = measure_movement([probe_run(99, 100, 101)], [probe_run(89, 90, 91)], "latency")
    assert moved is not None
    least, most = allow_for(moved)
    assert least == 0.0
    assert most == pytest.approx(0.105, abs=0.001)


def test_earlier_runs_show_how_far_probes_of_two_runs_differ() -> None:
    earlier = [[probe_run(rate, rate) for rate in (70, 100, 140, 100)]]
    sides = [probe_run(100, 100)], [probe_run(90, 90)]
    alone, known = measure_movement(*sides, "latency"), measure_movement(*sides, "latency", earlier)
    assert allow_for(alone)[1] > 0.1
    assert allow_for(known) == (0.0, 0.0)


def test_several_runs_of_a_side_are_averaged() -> None:
    moved = measure_movement([probe_run(100), probe_run(121)], [probe_run(110)], "latency")
    assert moved is not None
    assert moved.compute_ratio == pytest.approx(1.0)


def test_no_probes_allow_for_nothing() -> None:
    assert allow_for(None) == (0.0, 0.0)
