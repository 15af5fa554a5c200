"""`bench tune`: what it refuses before anything is measured, and what it prints of stages that were."""

import json
import platform
from pathlib import Path

import pytest
from msgspec.structs import replace

from bench.bundle.write import write_bundle
from bench.errors import UsageError
from bench.hardware.detect import HOST, detect
from bench.records.machine import Cache
from bench.records.measurement import Failure
from bench.records.source import LocatedSource, Source
from bench.records.tuning import Limit, Tuning
from bench.run.options import RunOptions
from bench.run.prepare import Decision
from bench.run.reproduce import prepare_reproduction
from bench.stats.summary import summarize
from bench.verification.verify import verify_bundle
from tests.builders import DIGEST, FACTS, make_instance
from tests.unit.bundle.builder import OPERATOR
from tests.unit.cli.conftest import Invoke
from tests.unit.run.test_ab import PROFILE
from tests.unit.tune.bundles import make_stage, make_tuning

TINY = ["--suite", "smoke", "--workload", "basic_gnn_gcn", "--mode", "inference"]


def seal(folder: Path, tuning: Tuning, *factors: float) -> Path:
    path = folder / "stage.bench.tar"
    write_bundle(path, make_stage(tuning, factors), OPERATOR)
    return path


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "which workload? settings that are best for one are not for another"),
        ([*TINY, "--knob", "threads"], "--knob 'threads' is not NAME=VALUES"),
        ([*TINY, "--knob", "openmp=gnu", "--check", "x.toml"], "--check and --knob"),
        ([*TINY, "--check", "x.toml", "--write-profile", "y.toml"], "--check and --write-profile"),
        ([*TINY, "--write-profile", "Tuned.toml"], "a profile's file is named like"),
        ([*TINY, "--slo", "p99=50ms"], "is not a limit like p99<50ms"),
        ([*TINY, "--budget", "5s"], "--budget 5 s is less than the"),
        ([*TINY, "--knob", "openmp=gnu", "--openmp", "gnu"], "No such option"),
        (["--resume", "nosuch.run"], "holds no interrupted run"),
        (["--resume", "x.run", "--knob", "threads=1"], "a resumed run keeps the options that it began with"),
    ],
)
def test_what_cannot_be_meant_is_refused(arguments: list[str], words: str, invoke: Invoke, tmp_path: Path) -> None:
    outcome = invoke("tune", *arguments, "--output", str(tmp_path)) if "--resume" not in arguments else invoke(
        "tune", *arguments
    )  # fmt: skip
    assert outcome.status == 2
    assert words in outcome.err


def test_it_says_how_many_arms_and_how_long_before_it_measures(invoke: Invoke, tmp_path: Path) -> None:
    outcome = invoke("tune", *TINY, "--knob", "threads=1", "--knob", "LRU_CACHE_CAPACITY=7,8", "--output", str(tmp_path), "--dry-run")  # fmt: skip
    assert outcome.status == 0
    assert outcome.err.startswith("tuning for latency: ")
    assert "space: threads=1, LRU_CACHE_CAPACITY=7|8" in outcome.err
    assert "side b: " in outcome.out


def test_probes_that_large_caches_make_long_are_in_the_time_that_it_tells(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def estimate_s(cache_bytes: int) -> float:
        caches = (Cache(level=3, size_bytes=cache_bytes, shared_by=(machine.topology.online_cpus,)),)
        large = replace(machine, topology=replace(machine.topology, caches=caches))
        monkeypatch.setattr("bench.tune.basis.detect", lambda _: large)
        outcome = invoke("tune", *TINY, "--knob", "threads=1", "--output", str(tmp_path), "--dry-run", "--json")
        assert outcome.status == 0, outcome.err
        return float(json.loads(outcome.out)["estimate_s"])

    machine = detect(HOST)
    assert estimate_s(480 << 20) > estimate_s(1 << 20) + 1


def test_a_dry_run_for_a_percentile_says_what_its_estimate_does_not_know(invoke: Invoke, tmp_path: Path) -> None:
    options = [*TINY, "--knob", "threads=1", "--output", str(tmp_path), "--dry-run"]
    assert "this estimate does not know it" not in invoke("tune", *options).err
    for aim in (["--for", "p99"], ["--slo", "p99<50ms"]):
        assert "this estimate does not know it" in invoke("tune", *options, *aim).err


def test_a_repetition_is_timed_before_the_search_and_its_time_is_counted(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = replace(make_instance(), build_s=100.0)
    monkeypatch.setattr("bench.tune.pilot.time_cells", lambda *_: [[slow]])
    options = [*TINY, "--knob", "threads=1", "--output", str(tmp_path), "--budget"]
    refused = invoke("tune", *options, "5m")
    assert refused.status == 2
    assert "first one repetition of the profile's own settings" in refused.err
    assert "--budget 5 min 0 s is less than the" in refused.err
    assert list(tmp_path.iterdir()) == []


def test_a_model_of_the_user_s_own_is_tuned(invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = replace(FACTS, name="file.mlp", family="custom")
    source = Source(kind="file", name="mine.py", digest=DIGEST, size_bytes=1, workloads=(row,))
    located = LocatedSource(source=source, path=str(tmp_path / "mine.py"))

    def bring(options: RunOptions, **_: object) -> tuple[RunOptions, tuple[LocatedSource, ...]]:
        return replace(options, wanted=replace(options.wanted, workload=("file.mlp",))), (located,)

    monkeypatch.setattr("bench.tune.basis.bring_sources", bring)
    outcome = invoke("tune", "--workload", "./mine.py", "--knob", "threads=1", "--output", str(tmp_path), "--dry-run", "--json")  # fmt: skip
    assert outcome.status == 0, outcome.err
    plan = json.loads(outcome.out)
    assert {cell["case"]["workload"] for cell in plan["cells"]} == {"file.mlp"}
    assert [source["name"] for source in plan["sources"]] == ["mine.py"]


def test_a_check_measures_the_file_beside_the_profile_that_would_be_used_without_it(
    invoke: Invoke, tmp_path: Path
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(PROFILE.format(architecture=platform.machine()), encoding="utf-8")
    outcome = invoke("tune", *TINY, "--check", str(path), "--output", str(tmp_path), "--dry-run")
    assert outcome.status == 0, outcome.err
    assert "side a: unchanged" in outcome.out
    assert "side b: --profile mine.toml" in outcome.out
    assert "GOMP_SPINCOUNT=7" in outcome.out


def test_a_bundle_of_a_tuning_shows_its_arms_and_how_it_ended(invoke: Invoke, tmp_path: Path) -> None:
    path = seal(tmp_path, make_tuning(), 2.0, 1.0, 1.5, 1.2)
    shown = invoke("show", str(path))
    assert shown.status == 0
    assert (
        "allocator=system openmp=gnu against the profile's own settings, 6 pairs in fresh processes: +100.0%"
        in shown.out
    )
    assert "gain (exit status 0)" in shown.out
    tuning = json.loads(invoke("show", str(path), "--json").out)["tuning"]
    assert tuning["result"]["outcome"] == "gain"
    assert tuning["tuning"]["stage"] == "trial"


def test_a_race_is_told_as_no_result(invoke: Invoke, tmp_path: Path) -> None:
    race = make_tuning("race", ({}, {"openmp": "llvm"}, {"openmp": "gnu"}), ())
    shown = invoke("show", str(seal(tmp_path, race, 1.2, 1.1, 1.0)))
    assert "These are a race's numbers: they choose, and are no result." in shown.out
    assert "next stage: trial" in shown.out


def test_no_gain_is_an_answer_with_its_bound_and_status_3(invoke: Invoke, tmp_path: Path) -> None:
    path = seal(tmp_path, make_tuning())
    outcome = invoke("tune", "--resume", str(path))
    assert outcome.status == 3
    assert "No gain shown above 0." in outcome.out


def test_settings_that_are_shown_to_be_worse_are_called_so(invoke: Invoke, tmp_path: Path) -> None:
    outcome = invoke("tune", "--resume", str(seal(tmp_path, make_tuning(), 1.0, 1.2, 1.1, 1.1)))
    assert outcome.status == 3
    assert "No gain: these settings are worse than those that they were compared with\n" in outcome.out
    assert "No gain shown above" not in outcome.out


def test_an_arm_that_failed_leaves_no_answer_and_status_5(invoke: Invoke, tmp_path: Path) -> None:
    contents = make_stage(make_tuning())
    first, *others = contents.measurements
    failed = replace(first, stopped="failed", failure=Failure(reason="crashed"))
    measurements = (failed, *others)
    summary = summarize(contents.plan, measurements, contents.probes)
    path = tmp_path / "stage.bench.tar"
    write_bundle(path, replace(contents, measurements=measurements, summary=summary), OPERATOR)
    outcome = invoke("tune", "--resume", str(path))
    assert outcome.status == 5, outcome.err
    assert "an arm failed" in outcome.out
    assert "undecided" in outcome.out


def test_the_limit_is_told_with_what_was_measured_of_it(invoke: Invoke, tmp_path: Path) -> None:
    tuning = replace(make_tuning(), limit=Limit(metric="latency", seconds=5.0))
    shown = invoke("show", str(seal(tmp_path, tuning, 2.0, 1.0, 1.5, 1.2)))
    assert "tuning for latency with latency below 5000 ms" in shown.out
    assert "latency with these settings: " in shown.out
    assert "limit 5000 ms" in shown.out


def test_after_a_stage_that_ended_the_next_one_follows(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = seal(tmp_path, make_tuning(), 2.0, 1.0, 1.0, 2.0)
    machine = verify_bundle(path).contents.machine
    monkeypatch.setattr("bench.tune.prepare.detect", lambda _: machine)
    monkeypatch.setattr("bench.tune.prepare.find_preloads", lambda _: ())
    decided: list[Decision] = []
    monkeypatch.setattr("bench.cli.tune.measure", lambda decide, _: decided.append(decide()))
    assert invoke("tune", "--resume", str(path)).status == 0
    (decision,) = decided
    assert decision.tuning is not None
    assert decision.tuning.stage == "confirm"
    assert [variant.options for variant in decision.plan.variants] == [(), ("--openmp gnu",)]
    assert decision.tuning.earlier[-1].content_digest == verify_bundle(path).content_digest


def test_a_bundle_of_another_run_is_refused(invoke: Invoke, tmp_path: Path) -> None:
    path = tmp_path / "x.bench.tar"
    write_bundle(path, replace(make_stage(make_tuning()), tuning=None), OPERATOR)
    outcome = invoke("tune", "--resume", str(path))
    assert outcome.status == 2
    assert "this bundle is not of a tuning" in outcome.err


def test_a_stage_is_not_reproduced_but_its_profile_checked(tmp_path: Path) -> None:
    verification = verify_bundle(seal(tmp_path, make_tuning()))
    with pytest.raises(UsageError, match="measure a profile that was written of it with: bench tune --check FILE"):
        prepare_reproduction(verification, verification.contents.machine)
