import re
from itertools import count
from pathlib import Path

import pytest
from msgspec.structs import replace

from bench.backends.registry import BACKENDS
from bench.compare.history import summarize_run
from bench.compare.packages import GPU_PACKAGES, TOOLS
from bench.compare.reproduce import (
    conclude,
    find_data_problem,
    find_obstacles,
    judge_reproduction,
    refuse_reproduction,
)
from bench.records.bundle import Citation, Contents, Distribution
from bench.records.measurement import Failure
from bench.records.reason import Reason
from bench.records.verdict import Finding
from bench.stats.summary import summarize
from images.left_out import PACKAGES
from tests.builders import (
    DIGEST,
    make_cell,
    make_instance,
    make_machine,
    make_measurement,
    make_plan,
    make_probe,
    make_proof,
)
from tests.builders import make_repetition as repeat
from tests.unit.bundle.builder import CONTENTS, ENVIRONMENT

_RUNS = count()

PLAN = make_plan(make_cell(0))
CITES = Citation(run_id=CONTENTS.info.run_id, content_digest=DIGEST)
AGAIN = "20260203T030405Z-0123abcd"
LOCKS = Path(__file__).parents[3] / "images"


def make_run(latency_s: float, *, spread: float = 0.001, repetitions: int = 8, run_id: str = AGAIN) -> Contents:
    """One cell, whose repetitions lie evenly about a latency, in an order that is not autocorrelated."""
    latency_s += next(_RUNS) * 1e-9  # no two runs have samples of equal nanoseconds
    found = [
        repeat(
            index,
            make_instance(
                [latency_s * (1 + spread * (5 * index % repetitions - (repetitions - 1) / 2))] * 6, proof=make_proof()
            ),
        )
        for index in range(repetitions)
    ]
    measurements = (make_measurement(PLAN.cells[0], *found),)
    info = replace(CONTENTS.info, run_id=run_id)
    summary = summarize(PLAN, measurements, ())
    return replace(CONTENTS, info=info, plan=PLAN, probes=(), measurements=measurements, summary=summary, logs={})


ORIGINAL = make_run(0.1, run_id=CONTENTS.info.run_id)
CALM = [
    summarize_run(make_run(0.1 + 0.0001 * (number % 2), run_id=f"20260101T030405Z-{number:08x}"))
    for number in range(20)
]
"""Earlier runs that hardly differ."""


@pytest.mark.parametrize(
    ("again", "outcome"),
    [
        (make_run(0.1002), "reproduced"),
        (make_run(0.12), "not_reproduced"),
        (make_run(0.08), "not_reproduced"),
        (make_run(0.103, spread=0.05), "too_noisy"),
        (make_run(0.1, repetitions=2), "too_noisy"),
    ],
    ids=["the same", "slower", "faster", "scattered", "too few repetitions"],
)
def test_a_run_is_reproduced_if_it_is_shown_to_be_the_same(again: Contents, outcome: str) -> None:
    reproduction = judge_reproduction(CITES, ORIGINAL, again, 0.05)
    assert reproduction.outcome == outcome
    assert [cell.outcome for cell in reproduction.cells] == [outcome]
    assert reproduction.run_id == AGAIN


@pytest.mark.parametrize(
    ("again", "code"),
    [
        (make_run(0.1002), "reproduced"),
        (make_run(0.12), "slower_than_margin"),
        (make_run(0.08), "faster_than_margin"),
        (make_run(0.103, spread=0.05), "neither_within_nor_beyond"),
        (make_run(0.1, repetitions=2), "too_few_repetitions"),
    ],
    ids=["the same", "slower", "faster", "scattered", "too few repetitions"],
)
def test_each_outcome_has_its_reason_with_the_margin(again: Contents, code: str) -> None:
    reason = judge_reproduction(CITES, ORIGINAL, again, 0.05).cells[0].reasons[0]
    assert (reason.code, reason.values.get("margin_percent", "5")) == (code, "5")


def test_earlier_runs_of_a_calm_host_decide_what_the_prior_leaves_open() -> None:
    again = make_run(0.103)
    alone, known = (judge_reproduction(CITES, ORIGINAL, again, 0.05, history) for history in ((), CALM))
    assert (alone.outcome, known.outcome) == ("too_noisy", "reproduced")
    assert known.run_scatter is not None
    assert known.run_scatter.source.values["earlier"] == "20"


def test_another_cpu_leaves_no_verdict() -> None:
    again = make_run(0.1)
    cpu = replace(again.machine.cpu, model_name="Other CPU")
    reproduction = judge_reproduction(CITES, ORIGINAL, replace(again, machine=replace(again.machine, cpu=cpu)), 0.05)
    assert (reproduction.outcome, reproduction.cells[0].outcome) == ("not_comparable", "not_comparable")
    assert [finding.reason.code for finding in reproduction.findings] == ["other_cpu_model"]


def test_what_the_hosts_own_probes_explain_is_not_held_against_a_run() -> None:
    probes = (make_probe(gflops=100.0), make_probe(gflops=100.0, sequence=9))
    faster = (make_probe(gflops=110.0), make_probe(gflops=110.0, sequence=9))
    original, again = replace(ORIGINAL, probes=probes), replace(make_run(0.088), probes=faster)
    [cell] = judge_reproduction(CITES, original, again, 0.05, CALM).cells
    assert cell.outcome == "too_noisy"
    assert cell.reasons == (
        Reason(code="host_changed", values={"compute_percent": "-9.1", "bandwidth_percent": "+0.0"}),
    )
    much = replace(make_run(0.08), probes=faster)
    assert judge_reproduction(CITES, original, much, 0.05, CALM).outcome == "not_reproduced"


def test_equal_runs_of_a_host_that_changed_are_undecided_by_the_host() -> None:
    probes = (make_probe(gflops=100.0), make_probe(gflops=100.0, sequence=9))
    faster = (make_probe(gflops=110.0), make_probe(gflops=110.0, sequence=9))
    original, again = replace(ORIGINAL, probes=probes), replace(make_run(0.1), probes=faster)
    [cell] = judge_reproduction(CITES, original, again, 0.05, CALM).cells
    values = {"compute_percent": "-9.1", "bandwidth_percent": "+0.0", "margin_percent": "5"}
    assert (cell.outcome, cell.reasons) == ("too_noisy", (Reason(code="host_hides_equivalence", values=values),))


def fail(contents: Contents) -> Contents:
    measurement = replace(
        contents.measurements[0], stopped="failed", failure=Failure(reason="crashed", values={"signal": "SIGSEGV"})
    )
    return replace(contents, measurements=(measurement,), summary=summarize(PLAN, (measurement,), ()))


def test_a_cell_that_fails_here_is_not_reproduced_and_one_that_failed_there_tells_nothing() -> None:
    here = judge_reproduction(CITES, ORIGINAL, fail(make_run(0.1)), 0.05)
    there = judge_reproduction(CITES, fail(ORIGINAL), make_run(0.1), 0.05)
    assert (here.outcome, there.outcome) == ("not_reproduced", "not_comparable")
    crashed = Reason(code="crashed", values={"signal": "SIGSEGV"})
    assert here.cells[0].reasons == (Reason(code="no_number", values={"side": "new"}), crashed)
    assert there.cells[0].reasons == (Reason(code="no_number", values={"side": "base"}), crashed)
    assert conclude(["not_comparable", "reproduced"]) == "reproduced"


def test_other_weights_leave_no_verdict() -> None:
    again = make_run(0.1)
    measurement = again.measurements[0]
    instance = replace(
        measurement.repetitions[0].instances[0], proof=make_proof(weights_digest=DIGEST.replace("0", "1"))
    )
    first = replace(measurement.repetitions[0], instances=(instance,))
    changed = replace(measurement, repetitions=(first, *measurement.repetitions[1:]))
    reproduction = judge_reproduction(CITES, ORIGINAL, replace(again, measurements=(changed,)), 0.05)
    assert reproduction.outcome == "not_comparable"
    (reason,) = reproduction.cells[0].reasons
    assert (reason.code, reason.values["field"]) == ("differs", "weights_digest")


def obstacles(**changes: object) -> dict[str, Finding]:
    place = {"machine": ORIGINAL.machine, "environment": ORIGINAL.environment, "image": ORIGINAL.image} | changes
    return {finding.field: finding for finding in find_obstacles(ORIGINAL, **place)}  # type: ignore[arg-type]


def test_nothing_forbids_a_run_to_be_done_again_in_its_own_place() -> None:
    assert obstacles() == {}


def test_a_cpu_that_was_taken_away_forbids_it() -> None:
    finding = obstacles(machine=make_machine(1))["plan.cells.instances.cpus"]
    assert (finding.base, finding.new, finding.severity) == ("0-1", "0", "refuse")


def test_a_quota_forbids_it() -> None:
    machine = replace(ORIGINAL.machine, limits=replace(ORIGINAL.machine.limits, cpu_quota=1.5))
    assert obstacles(machine=machine)["machine.limits.cpu_quota"].severity == "refuse"


@pytest.mark.parametrize(
    ("name", "version", "digest", "severity"),
    [
        ("torch", "2.14.2", None, "refuse"),
        ("numpy", "2.3.0", DIGEST.replace("0", "1"), "refuse"),
        ("intel_extension_for_pytorch", "2.8.0", DIGEST, "refuse"),
        ("pytest", "9.0.0", DIGEST, "note"),
        ("triton", "3.8.0", DIGEST, "note"),
        ("onnxruntime", "1.20.0", DIGEST, "note"),
    ],
    ids=[
        "another version",
        "other files of one version",
        "one more",
        "a tool",
        "for GPUs",
        "a backend that no cell uses",
    ],
)
def test_a_package_that_differs_is_named_with_both_versions(
    name: str, version: str, digest: str | None, severity: str
) -> None:
    kept = [distribution for distribution in ENVIRONMENT.distributions if distribution.name != name]
    other = Distribution(name=name, version=version, digest=digest)
    environment = replace(ENVIRONMENT, distributions=(*kept, other))
    finding = obstacles(environment=environment)[f"environment.distributions.{name}"]
    assert finding.severity == severity
    assert finding.new == f"{version} {digest or ''}".rstrip()
    assert finding.base.startswith("2." if name in {"torch", "numpy"} else "(none)")


def test_a_backend_that_a_cell_uses_makes_its_engine_matter() -> None:
    cell = make_cell(0, case=replace(PLAN.cells[0].case, backend="onnxruntime"))
    original = replace(ORIGINAL, plan=make_plan(cell))
    environment = replace(ENVIRONMENT, distributions=(Distribution(name="onnxruntime", version="1", digest=None),))
    findings = find_obstacles(original, original.machine, environment, original.image)
    severities = {finding.field: finding.severity for finding in findings}
    assert severities["environment.distributions.onnxruntime"] == "refuse"


def read_lock(name: str) -> set[str]:
    return set(re.findall(r"^([a-z0-9][a-z0-9.-]*)==", (LOCKS / name).read_text(encoding="utf-8"), re.MULTILINE))


def test_the_tables_of_packages_are_those_of_the_locks() -> None:
    main, engines = read_lock("requirements.lock"), read_lock("requirements-engines.lock")
    claimed = {distribution for facts in BACKENDS.values() for distribution in facts.distributions}
    assert engines - main == claimed
    assert read_lock("requirements-dev.lock") - main - engines == TOOLS - main - {"pip", "uv", "wheel"}
    assert PACKAGES.keys() == GPU_PACKAGES


def test_too_few_repetitions_are_told_before_anything_is_measured() -> None:
    assert find_data_problem(ORIGINAL) is None
    reason = find_data_problem(make_run(0.1, repetitions=2))
    assert reason is not None
    assert "has 2 valid repetitions of a cell at most, and a verdict takes 5" in reason


def test_a_refusal_cites_the_original_and_no_run_of_its_own() -> None:
    findings = tuple(obstacles(machine=make_machine(1)).values())
    reproduction = refuse_reproduction(CITES, findings, 0.05)
    assert (reproduction.outcome, reproduction.run_id, reproduction.cites) == ("not_comparable", None, CITES)
