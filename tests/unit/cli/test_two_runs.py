"""`bench ab` and `bench reproduce` at the command line, with scripted workers on this machine."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace
from typing_extensions import override

from bench.bundle import environment
from bench.hardware.detect import detect
from bench.launch.workers import Job
from bench.records.measurement import InstanceResult, ProbeResult
from bench.records.plan import Task
from bench.run import reproduce, session
from tests.builders import make_instance, make_proof
from tests.unit.cli.conftest import Invoke
from tests.unit.run.scripted import Workers

SUITE = """
name = "tiny"
summary = "one cell, timed for as long as scripted workers say"
layouts = ["latency"]
[policy]
repetitions_min = 2
repetitions_max = 6
warmup_max_s = 1
measure_s = 0.05
samples_min = 5
sample_s = 0.01
target_ci_ratio = 0.5
timeout_s = 60
[[cases]]
workload = ["resnet50"]
batch_size = [4]
"""
GIVEN = ("--suite", "./tiny.toml", "--openmp", "gnu", "--allocator", "system")
REPETITIONS = ("--repetitions", "6")
SPIN = ("--env-b", "GOMP_SPINCOUNT=0")


class Pace(Workers):
    """Workers that are bound as planned, and take a time that the test sets.

    Attributes:
        latency_s: Of every iteration, less a scatter of a few thousandths.
        slowdown: Of those that find GOMP_SPINCOUNT set to 0.
    """

    latency_s = 0.01
    slowdown = 1.0

    @override
    def run(self, job: Job, *, timeout_s: float, then: Sequence[Job] = ()) -> Sequence[InstanceResult | ProbeResult]:
        results = super().run(job, timeout_s=timeout_s, then=then)
        return [
            self._bind(task, result) if isinstance(result, InstanceResult) else result
            for task, result in zip(job.tasks, results, strict=True)
        ]

    def _bind(self, task: Task, result: InstanceResult) -> InstanceResult:
        slow = self.slowdown if task.variables.get("GOMP_SPINCOUNT") == "0" else 1.0
        latency_s = self.latency_s * slow * (1 + 0.001 * (self.measured % 5))
        timed = make_instance([latency_s] * 6, start_ns=self.now_ns, proof=make_proof() if task.prove else None)
        effective = replace(
            result.effective,
            cpus=task.binding.cpus,
            main_cpus=task.binding.cpus,
            threads=task.binding.threads,
            variables=task.variables,
        )
        return replace(timed, effective=effective)


@pytest.fixture(autouse=True)
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder that tests run in holds the suite that they name."""
    (tmp_path / "tiny.toml").write_text(SUITE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def no_cpu_evidence(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes py-cpuinfo a second each time is kept as evidence only."""
    monkeypatch.setattr(environment, "read_cpu_evidence", dict)


@pytest.fixture
def pace(monkeypatch: pytest.MonkeyPatch) -> Pace:
    scripted = Pace()
    monkeypatch.setattr(session, "Workers", lambda: scripted)
    return scripted


def find_bundle(out: str) -> str:
    return out.splitlines()[-1].removeprefix("bundle: ")


@pytest.mark.parametrize(
    ("slowdown", "words"),
    [(1.0, "equivalent"), (0.8, "faster"), (1.25, "slower")],
    ids=["equivalent", "faster", "slower"],
)
def test_ab_proves_side_b_and_show_says_the_same_again(
    slowdown: float, words: str, pace: Pace, invoke: Invoke, tmp_path: Path
) -> None:
    pace.slowdown = slowdown
    outcome = invoke("ab", *SPIN, *GIVEN, *REPETITIONS, "--output", str(tmp_path))
    assert outcome.status == (words == "slower"), outcome.err
    assert "side a: as it is\nside b: GOMP_SPINCOUNT=0" in outcome.out
    verdict = outcome.out[outcome.out.index("side a:") : outcome.out.index("\nbundle: ")]
    assert words in verdict
    bundle = find_bundle(outcome.out)
    assert invoke("show", bundle).out.endswith(f"{verdict}\n")
    assert invoke("verify", bundle).status == 0
    assert "GOMP_SPINCOUNT not set" in invoke("show", bundle, "--effective").out
    shown = json.loads(invoke("show", bundle, "--json").out)
    assert [cell["variant"] for cell in shown["plan"]["cells"]] == ["a", "b"]
    assert shown["comparison"]["cells"][0]["outcome"] == words


def test_ab_says_that_too_few_pairs_show_nothing(pace: Pace, invoke: Invoke, tmp_path: Path) -> None:
    outcome = invoke("ab", *SPIN, *GIVEN, "--repetitions", "2", "--output", str(tmp_path))
    assert pace.measured == 4
    assert outcome.status == 3
    assert "2 pairs of valid repetitions are too few" in outcome.out


@pytest.mark.usefixtures("pace")
def test_ab_is_interrupted_and_goes_on(pace: Pace, invoke: Invoke, tmp_path: Path) -> None:
    pace.script = [KeyboardInterrupt()]
    outcome = invoke("ab", *SPIN, *GIVEN, *REPETITIONS, "--output", str(tmp_path))
    assert outcome.status == 130
    command = outcome.err.strip().rpartition("go on with: bench ")[2].split()
    assert command[:2] == ["ab", "--resume"]
    outcome = invoke(*command)
    assert outcome.status == 0
    assert "side b: GOMP_SPINCOUNT=0" in outcome.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "nothing sets the sides a and b apart"),
        (["--env-b", "..."], "'...' is not NAME=VALUE, such as TORCHINDUCTOR_FREEZING=1"),
        (["--env-b", "X=1", "--env-b", "X=2"], "--env-b X is given twice; keep one"),
        (["--env-b", "X=é"], "side b: "),
        (["--backend-b", "tensorrt"], "tensorrt"),
    ],
    ids=["nothing", "dots", "twice", "no plain text", "an unknown backend"],
)
def test_sides_that_cannot_be_are_one_line_and_status_2(arguments: list[str], message: str, invoke: Invoke) -> None:
    outcome = invoke("ab", *arguments, *GIVEN)
    assert (outcome.status, outcome.out) == (2, "")
    assert message in outcome.err
    assert outcome.err.count("\n") == 1


@pytest.fixture
def original(pace: Pace, invoke: Invoke, tmp_path: Path) -> str:
    outcome = invoke("run", *GIVEN, *REPETITIONS, "--output", str(tmp_path))
    assert (outcome.status, pace.measured) == (0, 6), outcome.err
    return find_bundle(outcome.out)


@pytest.mark.parametrize(
    ("latency_s", "margin", "status", "words"),
    [
        (0.01, "9%", 0, "\nreproduced: every cell is the same"),
        (0.0102, "5%", 3, "neither within 5% nor beyond it is shown"),
        (0.012, "5%", 1, "slower by more than 5%"),
        (0.0085, "5%", 1, "faster by more than 5%"),
    ],
    ids=["the same", "undecided without history", "slower", "faster"],
)
def test_reproduce_gives_a_verdict_and_a_bundle_that_cites(  # noqa: PLR0917 - a table and three fixtures
    latency_s: float, margin: str, status: int, words: str, original: str, pace: Pace, invoke: Invoke
) -> None:
    pace.latency_s = latency_s
    outcome = invoke("reproduce", original, "--margin", margin, "--output", str(Path(original).parent))
    assert outcome.status == status, outcome.err
    assert words in outcome.out
    assert "scatter between runs 2.00%, assumed; no other run of this host is known" in outcome.out
    verified = invoke("verify", find_bundle(outcome.out))
    assert verified.status == 0
    assert "found, intact, signed by SHA256:" in verified.out
    assert (
        f"does run {Path(original).name.removesuffix('.bench.tar')} again"
        in invoke("show", find_bundle(outcome.out)).out
    )


def test_reproduce_learns_from_earlier_runs_of_the_plan(
    original: str, pace: Pace, invoke: Invoke, tmp_path: Path
) -> None:
    folder = str(tmp_path)
    for _ in range(5):
        invoke("reproduce", original, "--output", folder)
    outcome = invoke("reproduce", original, "--output", folder)
    assert pace.measured == 6 * 7
    assert "with 5 earlier runs of this host" in outcome.out
    assert outcome.status == 0, outcome.out
    elsewhere = invoke("reproduce", original, "--output", folder, "--history", str(tmp_path / "nowhere"))
    assert "no other run of this host is known" in elsewhere.out


def test_reproduce_names_a_package_that_differs_and_measures_nothing(
    original: str, pace: Pace, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine, software, image = reproduce.look_here()
    altered = tuple(
        replace(package, version="0.0.1") if package.name == "torch" else package for package in software.distributions
    )
    other = replace(software, distributions=altered)
    monkeypatch.setattr(reproduce, "look_here", lambda: (machine, other, image))
    before = pace.measured
    outcome = invoke("reproduce", original)
    assert (outcome.status, pace.measured) == (4, before)
    assert "refuse: environment.distributions.torch: " in outcome.out
    assert "→ 0.0.1 sha256:" in outcome.out
    shown = json.loads(invoke("reproduce", original, "--json").out)
    assert shown["reproduction"]["outcome"] == "not_comparable"


def test_reproduce_names_a_cpu_that_was_taken_away(
    original: str, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, software, image = reproduce.look_here()
    machine = detect()
    narrow = replace(machine, topology=replace(machine.topology, allowed_cpus="4095"))
    monkeypatch.setattr(reproduce, "look_here", lambda: (narrow, software, image))
    outcome = invoke("reproduce", original)
    assert outcome.status == 4
    assert "the plan binds workers to CPUs that may not be used here" in outcome.out


def test_reproduce_refuses_what_does_not_verify_and_what_was_measured_too_little(
    original: str, pace: Pace, invoke: Invoke, tmp_path: Path
) -> None:
    few = find_bundle(invoke("run", *GIVEN, "--repetitions", "2", "--output", str(tmp_path)).out)
    before = pace.measured
    outcome = invoke("reproduce", few)
    assert (outcome.status, pace.measured) == (3, before)
    assert "ask for a run with --repetitions 5 or more" in outcome.err
    data = bytearray(Path(original).read_bytes())
    data[data.index(b'"elapsed_ns"') + 14] ^= 1
    Path(original).write_bytes(data)
    assert invoke("reproduce", original).status == 6


def test_reproduce_prints_the_plan_and_measures_nothing(original: str, pace: Pace, invoke: Invoke) -> None:
    before = pace.measured
    outcome = invoke("reproduce", original, "--dry-run")
    assert (outcome.status, pace.measured) == (0, before)
    assert "0000-resnet50-fp32-latency" in outcome.out
    assert sys.executable not in outcome.out
