"""A plan is made again from what was asked for, where this very bench made it; else that is said to be unchecked."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from bench.launch.plan import WORKER_ARGV
from bench.planning.pairs import Side, VariantOptions, plan_pairs
from bench.planning.plan import plan_request
from bench.records.bundle import Citation, Contents
from bench.records.profile import Setting
from bench.records.reason import Reason
from bench.records.request import Request
from bench.records.suite import CaseFilter
from bench.verification.replay import replay_plan
from bench.workloads.validity import why_not
from tests.builders import DIGEST, HEADING
from tests.unit.bundle.builder import CONTENTS, seal_contents, verify
from tests.unit.verification.planned import (
    CATALOGUE,
    MACHINE,
    PAIR,
    PLANNED,
    REQUEST,
    make_contents,
    plan_run,
    plan_two,
)


def codes(contents: Contents) -> list[str]:
    return [reason.code for reason in replay_plan(contents)]


@pytest.mark.parametrize("contents", [PLANNED, PAIR], ids=["a run", "two sides"])
def test_a_plan_that_bench_made_follows_from_its_request(contents: Contents, tmp_path: Path) -> None:
    unchecked = verify(seal_contents(contents), tmp_path).unchecked
    assert [reason.code for reason in unchecked] == ["case_unlisted", "evidence_unknown"]  # nothing of the plan


@pytest.mark.parametrize(
    "request_",
    [
        replace(REQUEST, layouts=("single_core", "throughput"), instances=4, memory_nodes="0"),
        replace(REQUEST, cpus="0,4", threads=1, openmp="gnu", allocator="system"),
        replace(REQUEST, profile="generic-x86-64-v4"),
        replace(REQUEST, profile="graviton3", force=True, openmp="gnu"),
        replace(REQUEST, wanted=CaseFilter(workload=("resnet*",), precision=("amp_bf16",)), budget_s=60.0),
        replace(REQUEST, target_ci_ratio=0.01, repetitions=(2, 9), timeout_s=10.0),
    ],
    ids=["layouts", "CPUs and libraries", "a named profile", "a forced profile", "filters and a budget", "a policy"],
)
def test_each_option_is_replayed(request_: Request) -> None:
    assert codes(make_contents(plan_run(request_), request_)) == []


MINE = replace(
    PLANNED.profile, name="mine", instance_per=Setting(value="l3", source="a test", evidence="measured"), environment=()
)
WITH_MINE = CATALOGUE._replace(find_profile=lambda _: MINE)


def test_a_users_profile_is_replayed_as_it_was_recorded() -> None:
    request = replace(REQUEST, profile="./mine.toml")
    planned = plan_request(request, MACHINE, WITH_MINE, HEADING)
    assert codes(make_contents(planned, request)) == []


def test_a_users_profile_of_one_side_is_replayed_as_it_was_recorded() -> None:
    sides = (
        Side(options=VariantOptions(), argv=WORKER_ARGV),
        Side(options=VariantOptions(profile="./mine.toml"), argv=WORKER_ARGV),
    )
    planned = plan_pairs(REQUEST, sides, MACHINE, (CATALOGUE, WITH_MINE), HEADING)
    assert planned.plan.variants[1].profile == MINE
    assert codes(make_contents(planned)) == []


def test_what_was_not_installed_stays_refused() -> None:
    reason = Reason(code="packages_missing", values={"backend": "openvino", "packages": "openvino"})
    lacking = CATALOGUE._replace(why_not=lambda case: why_not(case) or (reason if case.backend == "openvino" else None))
    table = replace(REQUEST.suite.cases[0], backend=("eager", "openvino"), memory_format=("contiguous",))
    request = replace(REQUEST, suite=replace(REQUEST.suite, cases=(table,)))
    planned = plan_request(request, MACHINE, lacking, HEADING)
    assert [refusal.reason for refusal in planned.plan.refused] == [reason, reason]
    assert codes(make_contents(planned, request)) == []


def test_of_a_bundle_of_another_bench_it_is_unchecked() -> None:
    other = replace(PLANNED, environment=replace(PLANNED.environment, source_digest=DIGEST))
    (reason,) = replay_plan(other)
    assert reason.code == "plan_of_another_bench"
    assert reason.values["found"] == DIGEST
    assert codes(CONTENTS) == ["plan_of_another_bench"]


def test_without_a_request_only_cells_are_planned_again() -> None:
    assert codes(replace(PLANNED, request=None)) == ["request_not_recorded"]
    assert codes(replace(PAIR, request=None)) == ["request_not_recorded"]
    cites = Citation(run_id=PLANNED.info.run_id, content_digest=DIGEST)
    assert codes(replace(PLANNED, request=None, info=replace(PLANNED.info, cites=cites))) == ["plan_of_cited_run"]


@pytest.mark.parametrize("contents", [PLANNED, PAIR], ids=["a run", "two sides"])
def test_of_a_redacted_bundle_all_but_the_choice_of_the_profile_is_checked(contents: Contents) -> None:
    machine = replace(contents.machine, firmware=replace(contents.machine.firmware, system_vendor=None))
    hidden = replace(contents, machine=machine, hidden=("firmware.system_vendor",))
    assert codes(hidden) == ["maker_hidden"]


def test_what_is_too_large_is_not_planned_again() -> None:
    table = replace(REQUEST.suite.cases[0], batch_size=tuple(range(1, 2000)))
    suite = replace(REQUEST.suite, cases=(table,))
    assert codes(replace(PLANNED, request=replace(REQUEST, suite=suite))) == ["plan_too_large"]
    flags = tuple(f"flag{index}" for index in range(5000))
    cpu = replace(PLANNED.machine.cpu, isa=flags)
    assert codes(replace(PLANNED, machine=replace(PLANNED.machine, cpu=cpu))) == ["plan_too_large"]


def test_sides_are_read_as_they_were_typed() -> None:
    assert PAIR.plan.variants[1].options == ("--env KMP_BLOCKTIME=0", "--allocator system")
    assert plan_two().plan == PAIR.plan
