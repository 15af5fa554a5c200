"""What honest runs may look like; what they may not is in `attacks/records.py`."""

import pytest
from msgspec.structs import replace

from bench.bundle.chronology import check_chronology
from bench.bundle.consistency import check_consistency
from bench.bundle.plausibility import check_plausibility
from bench.bundle.statement import SealedBy, Statement, format_statement, make_predicate, parse_statement
from bench.errors import BundleError
from bench.records.bundle import Contents
from bench.records.measurement import InstanceResult
from tests.builders import noisy
from tests.unit.bundle.attacks.records import held, info, instance, machine, measurement, policy, probe, repetition
from tests.unit.bundle.builder import CONTENTS, OPERATOR


def state(contents: Contents) -> Statement:
    signer = SealedBy(kind="key", fingerprint=OPERATOR.fingerprint)
    return parse_statement(format_statement(b"", make_predicate(contents.info, contents.plan, signer)))


def accept(contents: Contents) -> None:
    """All of step 7 passes."""
    check_consistency(contents, state(contents))
    check_chronology(contents)
    check_plausibility(contents)


def test_contents_of_a_real_run_are_consistent() -> None:
    accept(CONTENTS)


def test_refuses_a_statement_about_another_run() -> None:
    with pytest.raises(BundleError, match="the statement says run_id"):
        check_consistency(CONTENTS, state(info(run_id="20250102T030405Z-0123abcd")(CONTENTS)))


def test_a_failed_cell_may_have_run_elsewhere() -> None:
    failure = CONTENTS.measurements[2].failure
    accept(
        measurement(lambda measurement: replace(measurement, failure=failure, stopped="failed"))(
            held(cpus="0")(CONTENTS)
        )
    )


def test_a_failed_repetition_may_have_no_samples() -> None:
    empty = replace(CONTENTS.measurements[0].repetitions[0], instances=(), sequence=6)
    accept(measurement(lambda measurement: replace(measurement, repetitions=(replace(empty, round=2),)), 2)(CONTENTS))


def test_cells_that_a_budget_did_not_reach_may_be_missing() -> None:
    (reached, *_), (first, last) = CONTENTS.measurements, CONTENTS.probes
    one, other = reached.repetitions
    reached = replace(reached, repetitions=(one, replace(other, sequence=2)))
    contents = replace(CONTENTS, measurements=(reached,), probes=(first, replace(last, sequence=3)))
    accept(policy(budget_s=1.0)(contents))


def test_a_resumed_run_may_have_begun_its_monotonic_clock_anew() -> None:
    same_time = repetition(
        lambda repetition: replace(repetition, instances=CONTENTS.measurements[0].repetitions[0].instances)
    )
    accept(info(resumed=1)(same_time(CONTENTS)))


def test_a_host_may_sleep_during_a_run() -> None:
    accept(info(finished_at="2026-01-03T03:04:05Z")(CONTENTS))
    accept(repetition(lambda repetition: replace(repetition, started_at="2026-01-02T03:05:00Z"))(CONTENTS))


def test_a_probe_may_begin_in_the_second_in_which_a_repetition_does() -> None:
    accept(probe(started_at=CONTENTS.measurements[0].repetitions[1].started_at)(CONTENTS))


def test_cpus_may_be_listed_in_another_way() -> None:
    accept(held(cpus="0,1", main_cpus="0,1")(CONTENTS))


def test_a_machine_may_not_say_how_much_memory_it_has() -> None:
    unknown = replace(CONTENTS.machine.limits, total_memory_bytes=None)
    accept(instance(lambda instance: replace(instance, peak_run_bytes=1 << 50))(machine(limits=unknown)(CONTENTS)))


def test_parts_of_a_step_may_be_slower_than_the_step() -> None:
    accept(
        instance(lambda instance: replace(instance, stages_ns={"forward": (20_000_000,), "backward": (20_000_000,)}))(
            CONTENTS
        )
    )


def test_more_repetitions_than_the_plan_lets_noise_void_are_refused() -> None:
    more = measurement(lambda found: replace(found, repetitions=found.repetitions * 2))(
        policy(repetitions_max=1)(CONTENTS)
    )
    with pytest.raises(BundleError, match="has 4 repetitions, the plan allows 1 to 2"):
        check_plausibility(more)


def test_a_pause_between_samples_voids_a_repetition_and_not_the_bundle() -> None:
    def pause(found: InstanceResult) -> InstanceResult:
        *kept, last = found.samples
        later = replace(last, start_ns=last.start_ns + 50_000_000)
        return noisy(replace(found, samples=(*kept, later)), stalled_s=0.05)

    paused = repetition(lambda found: replace(found, invalid=("paused",), instances=tuple(map(pause, found.instances))))
    accept(paused(CONTENTS))


def test_stages_of_a_void_repetition_may_be_much_faster_than_its_steps() -> None:
    def slow(found: InstanceResult) -> InstanceResult:
        return noisy(replace(found, stages_ns={"forward": (1_000_000,)}), foreign_ratio=0.8)

    void = repetition(
        lambda found: replace(found, invalid=("foreign_load",), instances=tuple(map(slow, found.instances)))
    )
    accept(void(CONTENTS))
