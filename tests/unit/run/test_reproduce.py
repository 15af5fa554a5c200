"""A bundle's plan is run as bench itself would plan it, or not at all."""

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from bench.bundle.write import write_bundle
from bench.errors import BenchError, BundleError, UsageError
from bench.records.plan import Plan
from bench.records.profile import EnvironmentSetting
from bench.records.suite import CaseFilter
from bench.records.variant import Variant
from bench.run.options import RunOptions
from bench.run.prepare import Decision, prepare_run
from bench.run.reproduce import cite, prepare_reproduction
from bench.run.session import run_plan
from bench.verification.verification import Verification
from bench.verification.verify import verify_bundle
from tests.unit.bundle.builder import CONTENTS, OPERATOR
from tests.unit.run.scripted import decide
from tests.unit.run.test_session import ignore, workers

__all__ = ["workers"]

WANTED = RunOptions(suite="smoke", wanted=CaseFilter(workload=("resnet50",)), openmp="gnu", allocator="system")


@pytest.fixture(scope="module")
def decision() -> Decision:
    return prepare_run(WANTED)


@pytest.fixture(scope="module")
def verification(decision: Decision, tmp_path_factory: pytest.TempPathFactory) -> Verification:
    """Of any intact bundle, with the plan and the profile that bench makes here."""
    path = tmp_path_factory.mktemp("original") / "x.bench.tar"
    write_bundle(path, CONTENTS, OPERATOR)
    proven = verify_bundle(path)
    contents = replace(proven.contents, plan=decision.plan, profile=decision.profile, machine=decision.machine)
    return replace(proven, contents=contents)


def test_the_very_plan_is_run_again_and_the_original_cited(verification: Verification, decision: Decision) -> None:
    again = prepare_reproduction(verification, decision.machine)
    assert again.plan == decision.plan
    assert again.cites == cite(verification)


def test_a_bench_that_estimates_another_time_runs_it_all_the_same(
    verification: Verification, decision: Decision
) -> None:
    slower = replace(decision.plan, estimate_s=decision.plan.estimate_s + 1000)
    older = replace(verification, contents=replace(verification.contents, plan=slower))
    assert prepare_reproduction(older, decision.machine).plan == decision.plan


@pytest.mark.usefixtures("workers")
def test_its_bundle_carries_the_citation(verification: Verification, decision: Decision, tmp_path: Path) -> None:
    planned = decide()
    again = replace(prepare_reproduction(verification, decision.machine), plan=planned.plan, profile=planned.profile)
    path, _ = run_plan(again, tmp_path, OPERATOR, report_progress=ignore, parent={})
    assert verify_bundle(path).contents.info.cites == cite(verification)


def with_variable(plan: Plan) -> Plan:
    first = replace(plan.cells[0], environment=plan.cells[0].environment | {"LD_PRELOAD": "/home/evil.so"})
    return replace(plan, cells=(first, *plan.cells[1:]))


def with_workload(plan: Plan) -> Plan:
    first = replace(plan.cells[0], case=replace(plan.cells[0].case, workload="nobody_knows"))
    return replace(plan, cells=(first, *plan.cells[1:]))


def with_variants(plan: Plan) -> Plan:
    sides = [Variant(name=name, options=(), variables={}, argv=plan.argv) for name in ("a", "b")]
    return replace(plan, variants=(sides[0], replace(sides[1], options=("--env X=1",))))


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (lambda plan: replace(plan, argv=("sh", "-c", "evil")), BundleError, "argv is ('sh', '-c', 'evil'), wanted"),
        (with_variable, BundleError, "environment has LD_PRELOAD '/home/evil.so', wanted None"),
        (with_workload, UsageError, "nobody_knows"),
        (lambda plan: replace(plan, cells=()), BundleError, "there is nothing to run"),
        (lambda plan: replace(plan, layouts=()), BundleError, "there is nothing to run"),
        (lambda plan: replace(plan, cells=plan.cells[::-1]), BundleError, "is not what bench makes of its cases"),
        (with_variants, UsageError, "repeat the comparison with: bench ab --suite smoke --env-b X=1"),
    ],
    ids=["a command", "a variable", "a workload", "no cells", "no layouts", "another order", "two variants"],
)
def test_a_plan_that_bench_would_not_make_is_not_run(
    verification: Verification,
    decision: Decision,
    change: Callable[[Plan], Plan],
    error: type[BenchError],
    words: str,
) -> None:
    forged = replace(verification, contents=replace(verification.contents, plan=change(decision.plan)))
    with pytest.raises(error) as refusal:
        prepare_reproduction(forged, decision.machine)
    assert words in str(refusal.value)


def test_a_profile_with_a_forbidden_variable_is_not_run(verification: Verification, decision: Decision) -> None:
    evil = EnvironmentSetting(name="LD_PRELOAD", value="/home/evil.so", source="a test", evidence="derived")
    profile = replace(decision.profile, environment=(evil,))
    forged = replace(verification, contents=replace(verification.contents, profile=profile))
    with pytest.raises(BundleError, match="LD_PRELOAD may not be set by a profile"):
        prepare_reproduction(forged, decision.machine)
