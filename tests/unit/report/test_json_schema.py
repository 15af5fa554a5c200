"""The published JSON Schemas: they are the records', are valid, and accept what is printed."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from jsonschema import Draft202012Validator

from bench.bundle.redact import Redaction
from bench.bundle.trust_store import list_trust, new_trust
from bench.compare.bundles import compare_runs
from bench.doctor.finding import GUEST_COST, make_finding
from bench.profiles.load import load_profiles
from bench.records.diagnosis import Diagnosis, NeighbourProbe, ProbedCpu
from bench.records.fleet import Fleet, FleetNode, FleetOptions
from bench.records.record import encode_json
from bench.records.suite import SuiteCases
from bench.records.verdict import Criteria
from bench.report.json_schema import SCHEMAS, render_schema
from bench.report.run_report import make_run_report
from bench.suites.load import load_suites
from bench.workloads.registry import WORKLOADS
from bench.workloads.sources.torchbench.statement import list_statements
from tests.builders import CASE
from tests.unit.bundle.builder import CONTENTS
from tests.unit.compare.runs import STEADY, make_run
from tests.unit.report.test_bisection import make_bisection
from tests.unit.report.test_history import make_report
from tests.unit.triage.fleets import judge, make_fleet

FOLDER = Path(__file__).parents[3] / "docs" / "schema"

EXAMPLES: dict[str, object] = {
    "bisection": make_bisection("good", "skipped", "bad", "bad"),
    "bundle": CONTENTS.info,
    "comparison": compare_runs([make_run(STEADY)], [make_run(STEADY)], Criteria(margin_ratio=0.05)),
    "diagnosis": Diagnosis(
        findings=(make_finding("hypervisor", "scatter", "guest", GUEST_COST, hypervisor="kvm"),),
        probe=NeighbourProbe(
            elapsed_s=10.0,
            rounds=90,
            cpus=(ProbedCpu(cpu=0, steal_ratio=None, foreign_ratio=0.1, median_ns=3, best_ns=2, spread_ratio=0.5),),
        ),
    ),
    "environment": CONTENTS.environment,
    "fleet": Fleet(
        submitted_at="2026-01-02T03:04:05Z",
        options=FleetOptions(engine="slurm", program=("bench",), command=("run",), timeout_s=60),
        nodes=(FleetNode(node="n1", state="waiting", attempts=0),),
    ),
    "history": make_report(machine__settings__kernel="6.2"),
    "machine": CONTENTS.machine,
    "measurement": CONTENTS.measurements[0],
    "plan": CONTENTS.plan,
    "profile": next(iter(load_profiles().values())),
    "redaction": Redaction(hidden=("host_name",), left=(), identifying=()),
    "report": make_run_report(CONTENTS, bundle="x.bench.tar"),
    "suite": load_suites(WORKLOADS)["quick"],
    "suite-cases": SuiteCases(suite="quick", architecture="x86_64", cases=(CASE,), refused=()),
    "summary": CONTENTS.summary,
    "torchbench": list_statements(Path(__file__).parents[2] / "data/torchbench", None),
    "triage": judge(make_fleet(6)),
    "trust": list_trust(new_trust(datetime(2027, 1, 1, tzinfo=UTC)), datetime(2026, 1, 1, tzinfo=UTC)),
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_published_schema_is_that_of_the_record(name: str, request: pytest.FixtureRequest) -> None:
    path = FOLDER / f"{name}.schema.json"
    if request.config.getoption("--rewrite-fixtures"):
        path.write_text(render_schema(name), encoding="utf-8")
    assert path.read_text(encoding="utf-8") == render_schema(name), f"{path} differs; run `make fixtures`"


def test_no_other_schema_is_published() -> None:
    assert {path.name.removesuffix(".schema.json") for path in FOLDER.glob("*.json")} == set(SCHEMAS)


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_valid(name: str) -> None:
    Draft202012Validator.check_schema(msgspec.json.decode(render_schema(name)))


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_is_printed_follows_its_schema(name: str) -> None:
    validator = Draft202012Validator(msgspec.json.decode(render_schema(name)))
    printed = msgspec.json.decode(encode_json(EXAMPLES[name]))
    assert not list(validator.iter_errors(printed))
    assert list(validator.iter_errors({**printed, "unknown": 1}))
