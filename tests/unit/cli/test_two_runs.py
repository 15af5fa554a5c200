"""`bench ab` and `bench reproduce` at the command line, with scripted workers on this machine."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace
from typing_extensions import override

from bench.bundle import case_facts, environment
from bench.errors import OutputError
from bench.hardware.detect import detect
from bench.launch.torch_environment import find_environment
from bench.launch.workers import Job
from bench.records.bundle import Distribution
from bench.records.measurement import InstanceResult
from bench.records.plan import Task
from bench.records.probe import ProbeResult
from bench.run import reproduce, session
from bench.verification.verify import verify_bundle
from tests.builders import make_instance, make_proof
from tests.pip_stand_in import plant_pip
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
samples_min = 6
sample_s = 0.01
target_ci_ratio = 0.5
confidence = 0.95
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
        slowdown: Of those that find GOMP_SPINCOUNT set to 0, or run in an environment of torch 2.13.0.
    """

    latency_s = 0.01
    slowdown = 1.0

    @override
    def run(self, job: Job, *, timeout_s: float, then: Sequence[Job] = ()) -> Sequence[InstanceResult | ProbeResult]:
        results = super().run(job, timeout_s=timeout_s, then=then)
        return [
            self._bind(task, result, job.argv[0]) if isinstance(result, InstanceResult) else result
            for task, result in zip(job.tasks, results, strict=True)
        ]

    def _bind(self, task: Task, result: InstanceResult, argv: str) -> InstanceResult:
        slow = self.slowdown if task.variables.get("GOMP_SPINCOUNT") == "0" or "/torch-2.13.0-" in argv else 1.0
        own_s = self.measured * 1e-9  # no two workers' samples take equal nanoseconds
        latency_s = self.latency_s * slow * (1 + 0.001 * (self.measured % 5)) + own_s
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
def quick_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes py-cpuinfo a second each time is kept as evidence only; scripted workers load no compiled library."""
    monkeypatch.setattr(environment, "read_cpu_evidence", dict)
    monkeypatch.setattr("bench.run.probes.compile_library", lambda *_, **__: None)


@pytest.fixture(autouse=True)
def no_case_facts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scripted workers compute nothing, so their weights are those of no case."""
    monkeypatch.setattr(case_facts, "load_case_facts", dict)


@pytest.fixture
def pace(monkeypatch: pytest.MonkeyPatch) -> Pace:
    scripted = Pace()
    monkeypatch.setattr(session, "Workers", lambda **_: scripted)
    return scripted


def find_bundle(out: str) -> str:
    return out.splitlines()[-1].removeprefix("bundle: ")


@pytest.mark.parametrize(
    ("slowdown", "words"),
    [(1.0, "equivalent"), (0.8, "faster"), (1.25, "slower")],
    ids=["equivalent", "faster", "slower"],
)
def test_ab_proves_side_b_and_show_prints_the_same_again(
    slowdown: float, words: str, pace: Pace, invoke: Invoke, tmp_path: Path
) -> None:
    pace.slowdown = slowdown
    outcome = invoke("ab", *SPIN, *GIVEN, *REPETITIONS, "--output", str(tmp_path))
    assert outcome.status == (words == "slower"), outcome.err
    assert "side a: unchanged\nside b: GOMP_SPINCOUNT=0" in outcome.out
    verdict = outcome.out[outcome.out.index("side a:") : outcome.out.index("\nbundle: ")]
    assert words in verdict
    bundle = find_bundle(outcome.out)
    assert invoke("show", bundle).out == outcome.out
    assert invoke("verify", bundle).status == 0
    assert "GOMP_SPINCOUNT not set" in invoke("show", bundle, "--effective").out
    shown = json.loads(invoke("show", bundle, "--json").out)
    assert [cell["variant"] for cell in shown["plan"]["cells"]] == ["a", "b"]
    assert shown["comparison"]["cells"][0]["outcome"] == words


def test_ab_makes_the_environment_of_a_release_and_measures_in_it(
    pace: Pace, invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pip = plant_pip(monkeypatch, tmp_path)
    environment = find_environment("2.13.0", tmp_path / "cache/bench")
    pace.interpreters.append(str(environment / "bin/python"))
    pace.slowdown = 1.25
    command = ("ab", "--torch-b", "2.13.0", *GIVEN, *REPETITIONS, "--output", str(tmp_path))
    outcome = invoke(*command)
    assert outcome.status == 1, outcome.err
    assert "torch 2.13.0: pip installs it into " in outcome.err
    assert "side a: unchanged\nside b: --torch 2.13.0" in outcome.out
    bundle = find_bundle(outcome.out)
    assert invoke("verify", bundle).status == 0
    (variant,) = json.loads(invoke("show", bundle, "--json").out)["plan"]["variants"][1:]
    assert variant["options"] == ["--torch 2.13.0"]
    found = verify_bundle(Path(bundle)).contents.environments["b"].distributions
    assert [package.version for package in found if package.name == "torch"] == ["2.13.0"]
    again = invoke(*command)
    assert "pip installs" not in again.err
    assert pip.installed() == ["2.13.0"]


def test_ab_measures_nothing_where_a_release_is_not_what_was_installed(
    pace: Pace, invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant_pip(monkeypatch, tmp_path, suffix=".1")
    outcome = invoke("ab", "--torch-b", "2.13.0", *GIVEN, "--output", str(tmp_path))
    assert (outcome.status, pace.measured) == (7, 0)
    assert "side b asks for torch 2.13.0, and its environment has 2.13.0.1; delete " in outcome.err
    outcome = invoke("ab", "--torch-a", "9.9.0", *GIVEN, "--output", str(tmp_path))
    assert (outcome.status, pace.measured) == (7, 0)
    assert outcome.err.endswith("torch 9.9.0 cannot be installed: No matching distribution found for torch==9.9.0\n")


def test_ab_says_that_too_few_pairs_show_nothing(pace: Pace, invoke: Invoke, tmp_path: Path) -> None:
    outcome = invoke("ab", *SPIN, *GIVEN, "--repetitions", "2", "--output", str(tmp_path))
    assert pace.measured == 4
    assert outcome.status == 3
    assert "2 pairs of valid repetitions are too few" in outcome.out


@pytest.mark.usefixtures("pace")
def test_an_interrupted_ab_run_can_be_resumed(pace: Pace, invoke: Invoke, tmp_path: Path) -> None:
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
        ([], "sides a and b do not differ"),
        (["--env-b", "..."], "'...' is not NAME=VALUE, such as TORCHINDUCTOR_FREEZING=1"),
        (["--env-b", "X=1", "--env-b", "X=2"], "--env-b X is given twice; give it once"),
        (["--env-b", "X=é"], "side b: "),
        (["--torch-b", "newest"], "'newest' is not a release like 2.13.0 or 2.13.0+cpu"),
        (["--torch-b", "2.13.0", "--python-b", "/x"], "a side has --torch 2.13.0 and --python /x; keep one"),
        (["--backend-b", "tensorrt"], "tensorrt"),
    ],
    ids=[
        "nothing",
        "dots",
        "twice",
        "no plain text",
        "no release",
        "a release and an interpreter",
        "an unknown backend",
    ],
)
def test_invalid_sides_are_one_line_and_status_2(arguments: list[str], message: str, invoke: Invoke) -> None:
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
    ("latency_s", "words"),
    [
        (0.01, "\nreproduced: every cell is the same"),
        (0.012, "slower by more than 5"),
        (0.008, "faster by more than 5"),
    ],
    ids=["the same", "slower", "faster"],
)
def test_reproduce_gives_a_verdict_and_a_bundle_that_cites(
    latency_s: float, words: str, original: str, pace: Pace, invoke: Invoke
) -> None:
    same = latency_s == pace.latency_s
    pace.latency_s = latency_s
    outcome = invoke("reproduce", original, "--output", str(Path(original).parent))
    assert outcome.status == (0 if same else 1), outcome.err
    assert words in outcome.out
    assert "p: of a difference at the margin or beyond it; reproduced at 5% or below\n" in outcome.out
    verified = invoke("verify", find_bundle(outcome.out))
    assert verified.status == 0
    assert "found, intact, signed by SHA256:" in verified.out
    repeated = Path(original).name.removesuffix(".bench.tar")
    assert f"repeats run {repeated}, " in invoke("show", find_bundle(outcome.out)).out


def test_reproduce_learns_from_earlier_runs_in_the_folder_of_the_new_bundle(
    original: str, invoke: Invoke, tmp_path: Path
) -> None:
    for _ in range(2):
        invoke("run", *GIVEN, *REPETITIONS, "--output", str(tmp_path))
    outcome = invoke("reproduce", original, "--output", str(tmp_path))
    assert "learned from runs of this host (2 earlier, 0 of its calibration, " in outcome.out
    outcome = invoke("reproduce", original, "--output", str(tmp_path), "--history", str(tmp_path / "state"))
    assert "scatter between runs 2.00%, assumed" in outcome.out


@pytest.mark.parametrize(
    ("slowdown", "margin", "status"),
    [(1.03, "2%", 3), (1.03, "10%", 0), (1.15, "10%", 3), (1.2, "5%", 1)],
    ids=["too noisy to say", "within the margin", "too noisy beyond a wide margin", "beyond the margin"],
)
def test_reproduce_compares_with_the_margin(
    original: str, pace: Pace, invoke: Invoke, *, slowdown: float, margin: str, status: int
) -> None:
    pace.latency_s *= slowdown
    outcome = invoke("reproduce", original, "--output", str(Path(original).parent), "--margin", margin)
    assert outcome.status == status, outcome.out


def test_reproduce_names_a_package_that_differs_and_measures_nothing(
    original: str, pace: Pace, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine, software, image = reproduce.look_here()
    altered = tuple(
        Distribution(name=distribution.name, version="0.0.1", digest=distribution.digest)
        if distribution.name == "torch"
        else distribution
        for distribution in software.distributions
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


def test_reproduce_names_a_cpu_that_is_missing(original: str, invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
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
    assert "1 cell, " in outcome.out
    assert sys.executable not in outcome.out


@pytest.mark.usefixtures("pace")
@pytest.mark.parametrize("command", [("run",), ("ab", *SPIN)], ids=["run", "ab"])
def test_a_bundle_is_named_before_output_that_cannot_be_written(
    command: tuple[str, ...], invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise OutputError("standard output: no space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("bench.cli.console.print_report", fail)
        outcome = invoke(*command, *GIVEN, *REPETITIONS, "--output", str(tmp_path))
    (bundle,) = tmp_path.glob("*.bench.tar")
    assert outcome.status == 7
    assert f"\nbundle: {bundle}\n" in outcome.err
    assert invoke("verify", str(bundle)).status == 0


@pytest.fixture
def interrupted(pace: Pace, invoke: Invoke, tmp_path: Path) -> str:
    """The folder of an interrupted run."""
    pace.script = [KeyboardInterrupt()]
    assert invoke("run", *GIVEN, *REPETITIONS, "--output", str(tmp_path), "--seed", "7").status == 130
    (folder,) = tmp_path.glob("*.run")
    return str(folder)


def test_a_dry_run_of_a_resumed_run_prints_the_plan_that_it_began_with(interrupted: str, invoke: Invoke) -> None:
    outcome = invoke("run", "--resume", interrupted, "--dry-run", "--json")
    assert outcome.status == 0
    plan = json.loads(outcome.out)
    assert (plan["suite"], plan["order_seed"]) == ("tiny.toml", 7)


def test_a_run_is_not_resumed_as_another_kind_of_run(
    original: str, interrupted: str, pace: Pace, invoke: Invoke
) -> None:
    measured = pace.measured
    for command, message in (
        (("ab", "--resume", interrupted), "has no two sides; resume it with: bench run --resume"),
        (("reproduce", original, "--resume", interrupted), "cites no run, not run "),
    ):
        outcome = invoke(*command)
        assert (outcome.status, outcome.out) == (2, "")
        assert message in outcome.err
    assert pace.measured == measured
    assert Path(interrupted).is_dir()
