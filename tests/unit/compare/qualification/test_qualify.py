from dataclasses import replace as replace_part
from datetime import date
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from bench.compare.qualification.gather import find_unfinished, merge_copies
from bench.compare.qualification.load import LoadedPolicy
from bench.compare.qualification.qualify import qualify
from bench.errors import BundleError, NotComparableError, UsageError
from bench.records.measurement import Failure
from bench.records.qualification import EXIT_STATUS, Limit, Waiver
from bench.records.reason import Reason
from bench.records.record import encode_json
from bench.records.summary import Interval
from bench.report.qualification import describe_limit, describe_reasons
from bench.report.reasons import describe_reason
from bench.stats.acceptance import hold
from bench.stats.summary import summarize
from tests.builders import DIGEST, change_metric
from tests.unit.compare.qualification.units import (
    LABELS,
    NOW,
    edit,
    judge,
    make_contents,
    make_policy,
    make_references,
    make_unit,
    own_verdicts,
)

LATENCY: dict[str, Any] = {"check": "performance.latency_s", "at_most": 0.012}
GOVERNOR: dict[str, Any] = {"check": "environment.governor", "equals": "performance"}
NEAR = (0.0100, 0.0101, 0.0099, 0.0102, 0.0098)
TOLERANCE: dict[str, Any] = {
    "check": "performance.latency_s",
    "cells": ["*/latency"],
    "tolerance": {"coverage": 0.99, "confidence": 0.95},
}


def unit_with(path: str, value: object) -> Any:
    return make_unit(edit(make_contents(), path, value))


def test_an_emulated_run_never_qualifies_whatever_the_policy_says() -> None:
    qualification = judge(LATENCY, unit_with("machine.cpu.emulated", value=True))
    assert qualification.outcome == "not_qualified"
    assert [verdict.rule for verdict in qualification.verdicts if verdict.outcome == "failed"] == ["never-emulated"]


@pytest.mark.parametrize(
    ("failure", "outcome"),
    [(None, "undecided"), (Failure(reason="crashed", values={"signal": "SIGSEGV"}), "not_qualified")],
    ids=["its budget ended", "its cells failed"],
)
def test_a_run_without_any_number_does_not_qualify(failure: Failure | None, outcome: str) -> None:
    contents = make_contents()
    measurements = tuple(
        replace(measurement, stopped="failed", failure=failure) for measurement in contents.measurements if failure
    )
    summary = summarize(contents.plan, measurements, contents.probes)
    empty = make_unit(replace(contents, measurements=measurements, summary=summary))
    assert judge({"check": "hardware.core_count", "at_least": 1}, empty).outcome == outcome


def test_all_bundles_count_and_one_that_fails_fails_the_unit() -> None:
    units = [make_unit(make_contents(latency, run=run)) for run, latency in enumerate((0.010, 0.010, 0.015), start=1)]
    qualification = judge(LATENCY, *units)
    assert qualification.outcome == "not_qualified"
    assert [bundle.run_id[-1] for bundle in qualification.bundles] == ["1", "2", "3"]
    assert {verdict.run_id[-1] for verdict in own_verdicts(qualification) if verdict.outcome == "failed"} == {"3"}
    assert len(own_verdicts(qualification)) == 6


def test_a_run_counts_once() -> None:
    unit = make_unit()
    other = replace_part(unit, verification=replace(unit.verification, content_digest=f"sha256:{'f' * 64}"))
    with pytest.raises(UsageError, match="run 20260102T030405Z-00000001 is given twice"):
        judge(LATENCY, unit, other)


def test_a_unit_is_not_its_own_reference() -> None:
    with pytest.raises(UsageError, match="given twice"):
        judge({"check": "performance.latency_s", "ratio_at_most": 1.05}, make_unit(), references=[make_unit()])


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("machine.cpu.model_name", "Other CPU"),
        ("machine.topology.core_count", 4),
        ("machine.cpu.isa", ("avx2",)),
        ("machine.settings.hypervisor", "kvm"),
        ("machine.limits.total_memory_bytes", 9 << 30),
        ("machine.host_name", "two"),
        ("machine.firmware.product_name", "R760"),
    ],
)
def test_bundles_of_different_machines_are_refused(path: str, value: object) -> None:
    one, two = (
        edit(edit(make_contents(run=run), "machine.host_name", "one"), "machine.firmware.product_name", "R750")
        for run in (1, 2)
    )
    two = edit(two, path, value)
    with pytest.raises(NotComparableError, match=path.removeprefix("machine.")) as caught:
        judge(LATENCY, make_unit(one), make_unit(two))
    assert caught.value.exit_code == 4
    assert repr(value) in str(caught.value)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("machine.host_name", ""),
        ("machine.firmware.product_name", None),
        ("machine.limits.total_memory_bytes", (8 << 30) - (1 << 20)),
        ("machine.settings.kernel", "6.12"),
    ],
    ids=["its name is redacted", "its product is redacted", "its kernel keeps a megabyte more", "its kernel is newer"],
)
def test_a_machine_is_the_same_though(path: str, value: object) -> None:
    one, two = (
        edit(edit(make_contents(run=run), "machine.host_name", "one"), "machine.firmware.product_name", "R750")
        for run in (1, 2)
    )
    two = edit(two, path, value)
    assert judge(LATENCY, make_unit(one), make_unit(two)).outcome == "qualified"


def test_containers_have_names_of_their_own() -> None:
    one, two = (
        edit(edit(make_contents(run=run), "machine.host_name", f"c0ffee{run}"), "machine.limits.container", "docker")
        for run in (1, 2)
    )
    assert judge(LATENCY, make_unit(one), make_unit(two)).outcome == "qualified"


def test_an_unavailable_value_fails_unless_the_policy_lets_it_pass_with_a_reason() -> None:
    unit = unit_with("machine.settings.governor", None)
    (verdict,) = own_verdicts(judge(GOVERNOR, unit))
    assert (verdict.outcome, describe_reasons(verdict), verdict.value) == ("failed", "unavailable", None)
    (verdict,) = own_verdicts(judge({**GOVERNOR, "unavailable": "pass", "reason": "guests show none"}, unit))
    assert (verdict.outcome, describe_reasons(verdict)) == (
        "passed",
        "unavailable, which the policy lets pass: guests show none",
    )


def test_noise_that_one_instance_could_not_see_is_unavailable() -> None:
    contents = make_contents()
    first = contents.measurements[0]
    blind = replace(
        first.repetitions[0].instances[0], noise=replace(first.repetitions[0].instances[0].noise, migrations=None)
    )
    repetitions = (replace(first.repetitions[0], instances=(blind,)), *first.repetitions[1:])
    contents = replace(contents, measurements=(replace(first, repetitions=repetitions), contents.measurements[1]))
    rule = {"check": "stability.migrations", "at_most": 100}
    assert [verdict.outcome for verdict in own_verdicts(judge(rule, make_unit(contents)))] == ["failed", "passed"]


def test_a_cell_that_failed_fails_and_no_policy_lets_it_pass() -> None:
    contents = make_contents()
    failure = Failure(reason="crashed", values={"signal": "SIGSEGV"})
    measurements = (contents.measurements[0], replace(contents.measurements[1], stopped="failed", failure=failure))
    summary = summarize(contents.plan, measurements, contents.probes)
    unit = make_unit(replace(contents, measurements=measurements, summary=summary))
    verdicts = own_verdicts(judge({**LATENCY, "unavailable": "pass", "reason": "why not"}, unit))
    assert [verdict.outcome for verdict in verdicts] == ["passed", "failed"]
    assert (
        describe_reasons(verdicts[1])
        == "no number; the worker died of SIGSEGV (segmentation fault: invalid memory access)"
    )


def test_a_cell_that_was_not_measured_leaves_it_undecided() -> None:
    contents = make_contents()
    measurements = contents.measurements[:1]
    summary = summarize(contents.plan, measurements, contents.probes)
    qualification = judge(LATENCY, make_unit(replace(contents, measurements=measurements, summary=summary)))
    assert qualification.outcome == "undecided"
    assert describe_reasons(own_verdicts(qualification)[1]).startswith("no number; not measured")


def test_a_rule_that_means_no_cell_is_undecided_never_passed() -> None:
    qualification = judge({**LATENCY, "cells": ["resnet51/*"]})
    assert qualification.outcome == "undecided"
    assert own_verdicts(qualification)[0].reasons == (Reason(code="no_cell_matches"),)


def test_drift_of_a_layout_that_was_probed_once_is_undecided() -> None:
    contents = make_contents()
    summary = summarize(contents.plan, contents.measurements, contents.probes[:1])
    unit = make_unit(replace(contents, probes=contents.probes[:1], summary=summary))
    assert judge({"check": "stability.compute_drift_ratio", "at_most": 1}, unit).outcome == "undecided"


@pytest.mark.parametrize(
    ("comparator", "wanted", "outcome"),
    [
        ("at_most", 1.2, "passed"),
        ("at_most", 1.1, "passed"),
        ("at_most", 1.0, "undecided"),
        ("at_most", 0.9, "undecided"),
        ("at_most", 0.8, "failed"),
        ("at_least", 0.8, "passed"),
        ("at_least", 0.9, "passed"),
        ("at_least", 1.0, "undecided"),
        ("at_least", 1.1, "undecided"),
        ("at_least", 1.2, "failed"),
    ],
)
def test_an_interval_passes_whole_fails_whole_or_is_undecided(comparator: Any, wanted: float, outcome: str) -> None:
    limit = Limit(comparator=comparator, wanted=wanted)
    assert hold(1.0, Interval(point=1.0, low=0.9, high=1.1), limit)[0] == outcome


@pytest.mark.parametrize(
    ("latency", "outcome", "status"), [(0.0102, "qualified", 0), (0.0115, "not_qualified", 1)], ids=["good", "slow"]
)
def test_a_unit_is_held_to_the_limit_that_its_references_give(latency: float, outcome: str, status: int) -> None:
    qualification = judge(TOLERANCE, make_unit(make_contents(latency)), references=make_references(NEAR))
    (verdict,) = own_verdicts(qualification)
    assert qualification.outcome == outcome
    assert EXIT_STATUS[qualification.outcome] == status
    assert verdict.limit is not None
    # mean 0.01 × 1.001 of the samples' median, scatter of the logarithms 1.58%, factor 5.741
    assert verdict.limit.wanted == pytest.approx(0.01001 * 2.71828 ** (5.741 * 0.015815), rel=1e-3)
    assert "covers 99% of good units with confidence 95%, by 5 references, +9.5% from their mean" in (
        describe_limit(verdict)
    )
    assert "at most 1% of good units fail one of them by chance" in describe_reason(qualification.notes[0])


def test_rates_are_held_from_below() -> None:
    rule = {**TOLERANCE, "check": "performance.throughput_per_s"}
    slow = judge(rule, make_unit(make_contents(0.0115)), references=make_references(NEAR))
    assert slow.outcome == "not_qualified"
    fast = judge(rule, make_unit(make_contents(0.0090)), references=make_references(NEAR))
    assert fast.outcome == "qualified"


def test_too_few_references_say_how_many_are_needed() -> None:
    qualification = judge(TOLERANCE, references=make_references(NEAR[:4]))
    assert qualification.outcome == "undecided"
    (verdict,) = own_verdicts(qualification)
    assert describe_reasons(verdict) == "references with this cell: 4; needed for a tolerance limit: 5"
    assert verdict.limit is None


def test_references_that_are_all_equal_give_no_limit() -> None:
    equal = {**TOLERANCE, "check": "performance.peak_memory_bytes"}
    (verdict,) = own_verdicts(judge(equal, references=make_references(NEAR)))
    assert (verdict.outcome, verdict.reasons[0].code) == ("undecided", "equal_references")


@pytest.mark.parametrize(
    ("rule", "latency", "outcome"),
    [
        ({"check": "performance.latency_s", "ratio_at_most": 1.05}, 0.0102, "qualified"),
        ({"check": "performance.latency_s", "ratio_at_most": 1.05}, 0.0110, "not_qualified"),
        ({"check": "performance.latency_s", "ratio_at_most": 1.05}, 0.0105, "undecided"),
        ({"check": "performance.throughput_per_s", "ratio_at_least": 0.95}, 0.0102, "qualified"),
        ({"check": "performance.throughput_per_s", "ratio_at_least": 0.95}, 0.0110, "not_qualified"),
    ],
    ids=["fast enough", "slower", "on the limit", "rate enough", "rate too low"],
)
def test_a_ratio_is_held_with_the_intervals_of_both_sides(rule: dict[str, Any], latency: float, outcome: str) -> None:
    qualification = judge(rule, make_unit(make_contents(latency)), references=make_references([0.01]))
    assert qualification.outcome == outcome
    assert own_verdicts(qualification)[0].unit == "times"


def test_several_references_count_by_how_they_lie_apart() -> None:
    rule = {"check": "performance.latency_s", "ratio_at_most": 1.05}
    one = own_verdicts(judge(rule, references=make_references(NEAR[:1])))[0].interval
    five = own_verdicts(judge(rule, references=make_references(NEAR)))[0].interval
    assert one is not None
    assert five is not None
    assert five.high - five.low > 5 * (one.high - one.low)


def test_a_cell_that_no_reference_has_is_undecided() -> None:
    bare = make_contents(run=7)
    bare = replace(bare, plan=replace(bare.plan, cells=bare.plan.cells[:1]))
    rule = {"check": "performance.latency_s", "ratio_at_most": 1.05}
    verdicts = own_verdicts(judge(rule, references=[make_unit(bare)]))
    assert [verdict.outcome for verdict in verdicts] == ["passed", "undecided"]
    assert "no reference has this cell" in describe_reasons(verdicts[1])


def test_a_value_of_nothing_has_no_ratio() -> None:
    contents = make_contents()
    cells = tuple(change_metric(cell, "first_call_s", point=0.0) for cell in contents.summary.cells)
    unit = make_unit(replace(contents, summary=replace(contents.summary, cells=cells)))
    rule = {"check": "performance.first_call_s", "ratio_at_most": 1.05}
    assert judge(rule, unit, references=make_references([0.01])).outcome == "undecided"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("machine.cpu.emulated", True),
        ("machine.cpu.microarchitecture", "zen4"),
        ("machine.topology.core_count", 96),
        ("machine.topology.smt_active", True),
        ("machine.limits.cpu_quota", 1.5),
    ],
)
def test_references_of_another_kind_are_refused(path: str, value: object) -> None:
    reference = make_unit(edit(make_contents(run=9), path, value))
    with pytest.raises(NotComparableError, match="20260102T030405Z-00000009"):
        judge({"check": "performance.latency_s", "ratio_at_most": 1.05}, references=[reference])


def test_references_that_did_other_work_are_refused() -> None:
    contents = make_contents(run=9)
    first = contents.measurements[0]
    repetitions = tuple(
        replace(repetition, instances=(replace(repetition.instances[0], items_per_iteration=8),))
        for repetition in first.repetitions
    )
    contents = replace(contents, measurements=(replace(first, repetitions=repetitions), contents.measurements[1]))
    with pytest.raises(NotComparableError, match=r"latency: items_per_iteration: 4 and 8"):
        judge({"check": "performance.latency_s", "ratio_at_most": 1.05}, references=[make_unit(contents)])


def test_what_else_differs_in_a_reference_is_noted_for_every_bundle() -> None:
    reference = make_unit(edit(make_contents(run=9), "machine.settings.governor", "powersave"))
    units = [make_unit(make_contents(run=run)) for run in (1, 2)]
    rule = {"check": "performance.latency_s", "ratio_at_most": 1.05}
    notes = judge(rule, *units, references=[reference]).notes
    assert [describe_reason(note) for note in notes] == [
        f"run {unit.name.run_id} and reference {reference.name.run_id} differ in machine.settings.governor: performance "
        "and powersave"
        for unit in units
    ]


def test_cells_that_cannot_be_told_apart_are_refused_and_variants_can_be() -> None:
    contents = make_contents()
    first, second = contents.plan.cells
    alike = edit(contents, "plan.cells", (first, replace(second, layout="latency")))
    with pytest.raises(BundleError, match="two cells of equal case and layout"):
        judge(LATENCY, make_unit(alike))
    pair = edit(contents, "plan.cells", (replace(first, variant="a"), replace(second, layout="latency", variant="b")))
    labels = [verdict.cell for verdict in own_verdicts(judge(LATENCY, make_unit(pair)))]
    assert labels == [f"{LABELS[0]}/a", f"{LABELS[0]}/b"]


def test_a_policy_that_needs_references_or_a_trust_store_says_so() -> None:
    with pytest.raises(UsageError, match="rules rule are compared with references; name them with --reference"):
        judge(TOLERANCE)
    with pytest.raises(UsageError, match="--trust"):
        judge({"check": "environment.signed_by", "contains": ["operator"]}, make_unit(roles=None))


def waiver(until: date, **more: Any) -> Waiver:
    return Waiver(rule="rule", owner="ada@example.org", reason="guests show none", until=until, **more)


def test_a_waiver_lets_a_failure_through_and_is_shown() -> None:
    unit = unit_with("machine.settings.governor", "powersave")
    qualification = judge(GOVERNOR, unit, waivers=[waiver(date(2026, 6, 1))])
    (verdict,) = own_verdicts(qualification)
    assert qualification.outcome == "qualified"
    assert verdict.outcome == "waived"
    assert describe_reasons(verdict) == "waived by ada@example.org until 2026-06-01 (guests show none); failed"


def test_a_waiver_that_has_ended_does_not_count_and_is_named() -> None:
    unit = unit_with("machine.settings.governor", "powersave")
    qualification = judge(GOVERNOR, unit, waivers=[waiver(date(2026, 5, 31))])
    assert qualification.outcome == "not_qualified"
    assert [describe_reason(note) for note in qualification.notes] == [
        "the waiver of rule by ada@example.org ended on 2026-05-31 and does not count (guests show none)",
    ]


def test_a_waiver_that_is_not_needed_is_named() -> None:
    (note,) = judge(GOVERNOR, waivers=[waiver(date(2027, 1, 1))]).notes
    assert describe_reason(note).endswith("is not needed: nothing it is for fails")


def test_a_waiver_is_for_the_cells_that_it_names() -> None:
    rule = {"check": "performance.latency_s", "at_most": 0.001}
    verdicts = own_verdicts(judge(rule, waivers=[waiver(date(2027, 1, 1), cells=(LABELS[0],))]))
    assert [verdict.outcome for verdict in verdicts] == ["waived", "failed"]


def test_nobody_can_waive_emulation() -> None:
    emulated = unit_with("machine.cpu.emulated", value=True)
    assert judge(GOVERNOR, emulated, waivers=[waiver(date(2027, 1, 1))]).outcome == "not_qualified"


def test_a_missing_signature_goes_before_all_else() -> None:
    rule = {"check": "environment.signed_by", "contains": ["operator", "vendor"]}
    qualification = judge(rule, make_unit(edit(make_contents(), "machine.cpu.emulated", value=True)))
    assert EXIT_STATUS[qualification.outcome] == 6
    assert describe_reasons(own_verdicts(qualification)[0]) == "missing: vendor"


RUNS: dict[str, Any] = {"check": "stability.runs", "at_least": 2}


def test_runs_of_a_unit_are_counted_and_a_copy_is_no_run() -> None:
    one, two = (make_unit(make_contents(run=run)) for run in (1, 2))
    assert judge(RUNS, one, two).outcome == "qualified"
    assert judge(RUNS, one, one).outcome == "not_qualified"
    assert len(judge(RUNS, one, one, two).bundles) == 2


def test_a_copy_of_a_reference_counts_once() -> None:
    references = make_references(NEAR[:4])
    verdict, *_ = own_verdicts(judge(TOLERANCE, references=[*references, references[0]]))
    assert describe_reasons(verdict) == "references with this cell: 4; needed for a tolerance limit: 5"


def test_of_copies_the_least_redacted_is_read_with_the_roles_of_all() -> None:
    contents = make_contents()
    hidden = make_unit(replace(contents, hidden=("host_name",)), roles=("vendor",))
    (merged,) = merge_copies([hidden, make_unit(contents)])
    assert (merged.contents, merged.roles) == (contents, ("operator", "vendor"))


def test_measurements_that_were_sealed_again_under_another_run_id_are_the_same() -> None:
    unit = make_contents()
    again = make_unit(edit(unit, "info.run_id", "20260102T030405Z-00000077"))
    words = "00000001 and 20260102T030405Z-00000077 hold the same measurements"
    with pytest.raises(UsageError, match=words):
        judge(RUNS, make_unit(unit), again)
    with pytest.raises(UsageError, match=words):
        judge({"check": "performance.latency_s", "ratio_at_most": 1.05}, make_unit(unit), references=[again])


def test_one_repetition_of_another_run_suffices_to_refuse() -> None:
    mine, other = make_contents(run=1), make_contents(run=2)
    measurement = other.measurements[0]
    borrowed = (mine.measurements[0].repetitions[0], *measurement.repetitions[1:])
    other = replace(other, measurements=(replace(measurement, repetitions=borrowed), other.measurements[1]))
    with pytest.raises(UsageError, match="hold the same measurements"):
        judge(RUNS, make_unit(mine), make_unit(other))


def test_a_verdict_does_not_depend_on_the_order_of_the_bundles() -> None:
    units = [make_unit(make_contents(run=run)) for run in (1, 2, 3)]
    references = make_references(NEAR)
    qualified = {
        encode_json(judge(TOLERANCE, *mine, references=theirs))
        for mine, theirs in zip(permutations(units), permutations(references), strict=False)
    }
    assert len(qualified) == 1


def test_says_that_nobody_was_asked_for_a_signature() -> None:
    (note,) = judge(GOVERNOR, make_unit(roles=None)).notes
    assert describe_reason(note).startswith("nobody's signature was asked for")
    assert judge(GOVERNOR).notes == ()


def test_a_policy_that_only_bears_a_shipped_name_is_named() -> None:
    loaded = make_policy(rule=GOVERNOR)
    loaded = LoadedPolicy(policy=replace(loaded.policy, name="server-acceptance"), digest=DIGEST)
    (note,) = qualify([make_unit()], (), loaded, now=NOW).notes
    assert describe_reason(note).startswith("not the shipped policy: this file only bears the name server-acceptance")


def test_unfinished_runs_are_named_in_order() -> None:
    runs = ["20260103T000000Z-0000000b", "20260102T000000Z-0000000a"]
    notes = qualify([make_unit()], (), make_policy(rule=GOVERNOR), now=NOW, unfinished=runs).notes
    assert [note.values["run_id"] for note in notes] == sorted(runs)


def test_unfinished_runs_are_found_in_folders_and_below(tmp_path: Path) -> None:
    for name in ("20260102T000000Z-0000000a", "deep/20260103T000000Z-0000000b", "20260104T000000Z-0000000c"):
        (tmp_path / f"{name}.run").mkdir(parents=True)
    (tmp_path / "other.run").mkdir()
    (tmp_path / "20260104T000000Z-0000000c.bench.tar").touch()
    assert find_unfinished([tmp_path]) == ("20260102T000000Z-0000000a", "20260103T000000Z-0000000b")
    assert find_unfinished([tmp_path / "20260104T000000Z-0000000c.bench.tar"]) == ()
