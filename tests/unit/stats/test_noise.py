import msgspec
import pytest

from bench.records.measurement import InstanceResult, Probe, Repetition
from bench.stats.noise import judge_repetitions
from tests.builders import BINDING, make_cell, make_instance, make_probe, make_repetition, noisy


def invalid_reasons(instances: list[InstanceResult]) -> tuple[str, ...]:
    """What a repetition's own noise gives."""
    return judge_repetition(make_repetition(0, *instances), "latency", [])


def judge_repetition(repetition: Repetition, layout: str, probes: list[Probe]) -> tuple[str, ...]:
    cell = msgspec.structs.replace(make_cell(instances=(BINDING,) * len(repetition.instances)), layout=layout)
    (reasons,) = judge_repetitions(cell, [repetition], probes)
    return reasons


def test_a_quiet_repetition_is_valid() -> None:
    assert invalid_reasons([make_instance()]) == ()


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"steal_ratio": 0.051}, "steal"),
        ({"throttled_s": 0.001}, "throttled"),
        ({"foreign_ratio": 0.11}, "foreign_load"),
        ({"major_faults": 21}, "paging"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_each_limit_has_its_code(values: dict[str, float], reason: str) -> None:
    assert invalid_reasons([make_instance(), noisy(make_instance(), **values)]) == (reason,)


@pytest.mark.parametrize("name", ["steal_ratio", "throttled_s", "foreign_ratio", "major_faults"])
def test_what_the_kernel_does_not_show_forbids_nothing(name: str) -> None:
    assert invalid_reasons([noisy(make_instance(), **{name: None})]) == ()  # type: ignore[arg-type]


def test_instances_that_hardly_ran_together_are_no_repetition() -> None:
    early, late = make_instance((0.01,) * 10, start_ns=0), make_instance((0.01,) * 10, start_ns=80_000_000)
    assert invalid_reasons([early, late]) == ("no_overlap",)


STEADY = [make_probe(sequence=0), make_probe(sequence=3, gflops=67)]
LOST = [make_probe(sequence=0), make_probe(sequence=3, gflops=66), make_probe(sequence=6, gflops=66)]


@pytest.mark.parametrize(
    ("probes", "sequence", "reasons"),
    [
        (STEADY, 1, ()),
        (LOST, 1, ("drift",)),
        (LOST, 2, ("drift",)),
        (LOST, 4, ()),
        (LOST, 7, ()),
        (LOST[1:], 1, ()),
        ([make_probe(sequence=0, gflops=66), make_probe(sequence=2)], 1, ("drift",)),
        ([make_probe(sequence=0), make_probe(sequence=2, gigabytes=6.6)], 1, ("drift",)),
        ([], 1, ()),
    ],
    ids=[
        "within the limit",
        "first before a fall",
        "last before a fall",
        "after the fall",
        "no probe after",
        "no probe before",
        "a rise",
        "bandwidth alone",
        "no probes",
    ],
)
def test_drift_voids_what_lies_between_two_probes_that_differ(
    probes: list[Probe], sequence: int, reasons: tuple[str, ...]
) -> None:
    assert judge_repetition(make_repetition(sequence=sequence), "latency", probes) == reasons


def test_probes_of_another_layout_say_nothing_of_this_one() -> None:
    assert judge_repetition(make_repetition(sequence=1), "single_core", LOST) == ()


def test_drift_stands_beside_the_repetitions_own_noise() -> None:
    disturbed = make_repetition(0, noisy(make_instance(), steal_ratio=0.5), sequence=1)
    assert judge_repetition(disturbed, "latency", LOST) == ("drift", "steal")
