import msgspec
import pytest

from bench.records.measurement import InstanceResult, Repetition
from bench.records.probe import Probe
from bench.stats.drift import is_probe_odd
from bench.stats.noise import judge_repetitions, mark_invalid
from tests.builders import BINDING, make_cell, make_instance, make_probe, make_proof, make_repetition, noisy


def invalid_reasons(instances: list[InstanceResult]) -> tuple[str, ...]:
    """What a repetition's own noise gives."""
    return judge_repetition(make_repetition(0, *instances), "latency", [])


def judge_repetition(repetition: Repetition, layout: str, probes: list[Probe]) -> tuple[str, ...]:
    cell = msgspec.structs.replace(make_cell(instances=(BINDING,) * len(repetition.instances)), layout=layout)
    (reasons,) = judge_repetitions(cell, [repetition], probes)
    return reasons


def test_a_quiet_repetition_is_valid() -> None:
    assert invalid_reasons([make_instance()]) == ()


def test_calling_a_quiet_repetition_invalid_does_not_void_it() -> None:
    slow = msgspec.structs.replace(make_repetition(1, make_instance((0.030,) * 5)), invalid=("steal",))
    marked = mark_invalid(make_cell(), [make_repetition(0), slow], [])
    assert [repetition.invalid for repetition in marked] == [(), ()]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"steal_ratio": 0.051}, "steal"),
        ({"throttled_s": 0.001}, "throttled"),
        ({"foreign_ratio": 0.11}, "foreign_load"),
        ({"sibling_ratio": 0.11}, "foreign_load"),
        ({"thermal_throttled_s": 0.001}, "thermal_throttled"),
        ({"major_faults": 21}, "paging"),
        ({"suspended_s": 0.004}, "paused"),
        ({"stalled_s": 0.004}, "paused"),
        ({"unaccounted_s": 0.007}, "paused"),
        ({"affinity_changes": 1}, "affinity_changed"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_each_limit_has_its_code(values: dict[str, float], reason: str) -> None:
    assert invalid_reasons([make_instance(), noisy(make_instance(), **values)]) == (reason,)


@pytest.mark.parametrize("name", ["steal_ratio", "throttled_s", "foreign_ratio", "major_faults"])
def test_what_the_kernel_does_not_show_forbids_nothing(name: str) -> None:
    assert invalid_reasons([noisy(make_instance(), **{name: None})]) == ()  # type: ignore[arg-type]


def test_time_that_a_quota_took_is_not_called_a_pause_as_well() -> None:
    assert invalid_reasons([noisy(make_instance(), throttled_s=0.02, stalled_s=0.02)]) == ("throttled",)


def test_instances_that_hardly_ran_together_are_no_repetition() -> None:
    early, late = make_instance((0.01,) * 10, start_ns=0), make_instance((0.01,) * 10, start_ns=80_000_000)
    assert invalid_reasons([early, late]) == ("no_overlap",)


def probe_run(*gflops: float, gigabytes: float = 10.0) -> list[Probe]:
    """Probes with two repetitions between each and the next: repetitions 1, 2, 4, 5, 7, 8, ..."""
    return [make_probe(sequence=3 * place, gflops=rate, gigabytes=gigabytes) for place, rate in enumerate(gflops)]


LOST = probe_run(100, 66, 66)


@pytest.mark.parametrize(
    ("probes", "sequence", "reasons"),
    [
        (probe_run(100, 67), 1, ()),
        (LOST, 1, ()),
        (LOST, 4, ("drift",)),
        (probe_run(100, 50, 100), 1, ("drift",)),
        (probe_run(100, 50, 100), 4, ("drift",)),
        (probe_run(66, 66, 66, 66), 4, ()),
        (probe_run(66, 66, 100, 66, 66), 7, ()),
        (probe_run(100, 100, 50, 50, 100, 100, 100), 7, ("drift",)),
        (LOST, 7, ()),
        (LOST[1:], 1, ()),
        ([], 1, ()),
    ],
    ids=[
        "within the limit",
        "half of it before a fall",
        "after a fall",
        "before a short fall",
        "after a short fall",
        "a host that is always slow",
        "a host that was once fast",
        "a neighbour who stays for a while",
        "no probe after",
        "no probe before",
        "no probes",
    ],
)
def test_drift_voids_what_lies_below_the_runs_upper_range(
    probes: list[Probe], sequence: int, reasons: tuple[str, ...]
) -> None:
    assert judge_repetition(make_repetition(sequence=sequence), "latency", probes) == reasons


def test_an_odd_probe_that_was_repeated_immediately_voids_nothing() -> None:
    probes = [make_probe(sequence=0), make_probe(sequence=3, gflops=40), make_probe(sequence=4), make_probe(sequence=7)]
    assert is_probe_odd(probes[:2], "latency")
    assert not is_probe_odd(probes[:3], "latency")
    assert [judge_repetition(make_repetition(sequence=place), "latency", probes) for place in (2, 5)] == [(), ()]


def test_only_the_resource_that_bounds_a_cell_voids_its_repetitions() -> None:
    slow_memory = [*probe_run(100), make_probe(sequence=3, gigabytes=4), make_probe(sequence=6)]
    proven = make_repetition(0, make_instance(proof=make_proof()), sequence=1)
    assert judge_repetition(proven, "latency", slow_memory) == ()
    assert judge_repetition(make_repetition(sequence=1), "latency", slow_memory) == ("drift",)


def test_probes_of_another_layout_do_not_count() -> None:
    assert judge_repetition(make_repetition(sequence=4), "single_core", LOST) == ()


def test_drift_is_listed_together_with_the_repetitions_own_noise() -> None:
    noisy_repetition = make_repetition(0, noisy(make_instance(), steal_ratio=0.5), sequence=4)
    assert judge_repetition(noisy_repetition, "latency", LOST) == ("drift", "steal")
