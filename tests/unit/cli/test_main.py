import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.cli.main import COMMANDS
from bench.profiles.load import load_profiles
from bench.records.case import case_name
from bench.records.plan import Plan
from bench.records.profile import Profile
from bench.records.record import decode_json
from bench.records.suite import SuiteCases
from bench.records.torchbench import TorchBenchListing
from tests.unit.cli.conftest import Invoke


def test_help_lists_every_verb_with_examples(invoke: Invoke) -> None:
    outcome = invoke("--help")
    assert outcome.status == 0
    assert all(f"\n  {verb} " in outcome.out for verb in COMMANDS)
    assert "Examples:" in outcome.out


@pytest.mark.parametrize("verb", [*COMMANDS, ""], ids=lambda verb: verb or "bench")
def test_help_matches_its_golden_file(verb: str, invoke: Invoke, check_golden: Callable[[str, str], None]) -> None:
    outcome = invoke(*verb.split(), "--help")
    assert outcome.status == 0
    check_golden(f"help/{verb or 'bench'}.txt", outcome.out)


TORCHBENCH = Path(__file__).parents[2] / "data/torchbench"


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["workloads"], ["workloads", "--torchbench", str(TORCHBENCH)], ["suites"], ["profiles"]],
    ids=" ".join,
)
def test_listing_commands_load_neither_torch_nor_numpy(arguments: list[str]) -> None:
    program = (
        "import sys\nfrom bench.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print('\\nloaded', [name for name in ('torch', 'numpy', 'scipy', 'cryptography') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("loaded []\n")


def test_models_of_a_checkout_are_listed_as_it_states_them(invoke: Invoke) -> None:
    listing = decode_json(
        invoke("workloads", "--torchbench", str(TORCHBENCH), "--json").out.encode(), TorchBenchListing, source="-"
    )
    assert [model.name for model in listing.models][:2] == ["Tiny_dict", "draws"]
    text = invoke("workloads", "--torchbench", str(TORCHBENCH)).out
    assert re.search(r"^torchbench/Tiny_dict +=3 +train *$", text, re.MULTILINE)
    assert re.search(r"^torchbench/tiny_mlp +8 +4 +NVIDIA A100-SXM4-40GB: eval 512, cpu: eval 2$", text, re.MULTILINE)


def test_without_a_verb_the_verb_is_run(invoke: Invoke) -> None:
    plan = decode_json(
        invoke("--suite", "smoke", "--profile", "auto", "--dry-run", "--json").out.encode(), Plan, source="-"
    )
    assert plan.suite == "smoke"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nosuch"], "no command 'nosuch'; use one of "),
        (["run", "--nope"], "No such option '--nope'"),
        (
            ["--suite", "quik", "--dry-run"],
            "no suite 'quik'; did you mean quick? there are full, nightly, quick, smoke, standard",
        ),
        (["--profile", "xeon", "--dry-run"], "xeon-spr"),
        (["--workload", "resnet51", "--dry-run"], "no workload matches 'resnet51'; did you mean resnet50? there are "),
        (["--torchbench", str(TORCHBENCH), "--dry-run"], "name its models with --workload 'torchbench/*'"),
        (["--workload", "torchbench/x", "--dry-run"], "name a checkout of pytorch/benchmark with --torchbench DIR"),
        (["workloads", "--torchbench", "/nowhere"], "no checkout of pytorch/benchmark"),
        (["--precision", "fp8", "--dry-run"], "'fp8' in 'fp8' is not known; use fp32"),
        (["--layout", "latncy", "--dry-run"], "'latncy' in 'latncy' is not known; did you mean latency? use latency"),
        (["--backend", "eager,indctor", "--dry-run"], "did you mean inductor? "),
        (["--mode", "train", "--dry-run"], "did you mean training? "),
        (["--openmp", "intell", "--dry-run"], "'intell' is not known; did you mean intel? use "),
        (["tune", "--for", "latncy"], "'latncy' is not known; did you mean latency? use "),
        (["veryfy"], "no command 'veryfy'; did you mean verify? use one of "),
        (["--precision", "", "--dry-run"], "is not known"),
        (["--batch-size", "0", "--dry-run"], "'0' is not a list of positive whole numbers like 1,16"),
        (["--shape", "layers", "--dry-run"], "'layers' in 'layers' is not of the form NAME=NUMBER"),
        (["--shape", "layers=1,layers=2", "--dry-run"], "'layers=2' in 'layers=1,layers=2' is stated twice"),
        (["--workload", "bert*", "--shape", "token=9", "--dry-run"], "this dimension; did you mean tokens? known are "),
        (["--cpus", "1-", "--dry-run"], "'1-' is not a CPU list like 0-3,8"),
        (["--budget", "soon", "--dry-run"], "'soon' is not a duration like 90s, 10m or 1h30m"),
        (["--note", "two\nlines", "--dry-run"], "is not one line of 1 to 1000 printable characters"),
        (["--target-ci", "1", "--dry-run"], "'1' is not a share like 1% or 0.5%"),
        (["--repetitions", "5:3", "--dry-run"], "'5:3' is not MIN:MAX like 3:20"),
        (["--instances", "99", "--layout", "throughput", "--dry-run"], "99"),
        (["verify", "/no/such.bench.tar"], "No such file"),
        (["show"], "Missing argument 'BUNDLE'"),
        (["run", "--resume", "/no/such.run"], "holds no interrupted run"),
        (["sign", "/no/such.bench.tar", "--key", "/no/key"], "No such file"),
        (["profiles", "show", "nosuch"], "xeon-spr"),
        (["suites", "show", "nosuch"], "there are full, nightly"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_wrong_usage_is_one_line_and_status_2(arguments: list[str], message: str, invoke: Invoke) -> None:
    outcome = invoke(*arguments)
    assert outcome.status == 2
    assert message in outcome.err
    assert outcome.err.startswith("bench: ")
    assert outcome.err.count("\n") == 1
    assert outcome.out == ""


def test_a_profile_for_another_cpu_is_an_error_with_both_values_and_what_to_do(invoke: Invoke) -> None:
    outcome = invoke("--profile", "graviton3", "--dry-run")
    assert outcome.status == 7
    assert "wants architecture = aarch64, and this machine has x86_64" in outcome.err
    assert "--profile auto" in outcome.err
    assert "--force" in outcome.err


def test_a_forced_profile_is_recorded_in_the_plan(invoke: Invoke) -> None:
    outcome = invoke("--profile", "graviton3", "--force", "--dry-run", "--json", "--suite", "smoke")
    assert outcome.status == 0
    assert json.loads(outcome.out)["profile"]["forced"] is True


def test_cpus_that_are_not_allowed_are_refused_with_both_lists(invoke: Invoke) -> None:
    outcome = invoke("--cpus", "4000", "--dry-run")
    assert outcome.status == 7
    assert "4000" in outcome.err


def test_options_reach_the_plan(invoke: Invoke) -> None:
    options = "--suite quick --workload bert* --batch-size 2,3 --shape tokens=64 --repetitions 4:9 --budget 1h30m --target-ci 0.5% --timeout 90"
    plan = decode_json(invoke(*options.split(), "--dry-run", "--json").out.encode(), Plan, source="-")
    assert [(cell.case.workload, cell.case.batch_size) for cell in plan.cells] == [("bert_base", 2), ("bert_base", 3)]
    assert {cell.case.shape["tokens"] for cell in plan.cells} == {64}
    policy = plan.policy
    assert (policy.repetitions_min, policy.repetitions_max) == (4, 9)
    assert (policy.budget_s, policy.target_ci_ratio, policy.timeout_s) == (5400, 0.005, 90)


@pytest.mark.parametrize(
    ("options", "repetitions"),
    [
        ([], (5, 8)),
        (["--target-ci", "1%"], (5, 100)),
        (["--target-ci", "1%", "--repetitions", "4:9"], (4, 9)),
        (["ab", "--env-b", "A=1"], (6, 100)),
    ],
)
def test_a_requested_interval_lifts_the_suites_limit_of_repetitions(
    invoke: Invoke, options: list[str], repetitions: tuple[int, int]
) -> None:
    outcome = invoke(*options, "--suite", "quick", "--workload", "resnet50", "--dry-run", "--json")
    policy = decode_json(outcome.out.encode(), Plan, source="-").policy
    assert (policy.repetitions_min, policy.repetitions_max) == repetitions


@pytest.mark.parametrize(
    ("options", "times"),
    [
        ([], (260, None)),
        (["--budget", "10m"], (None, 600)),
        (["ab", "--env-b", "A=1"], (600, None)),
        (["ab", "--env-b", "A=1", "--budget", "14m"], (None, 840)),
    ],
)
def test_a_budget_replaces_the_suites_time(
    invoke: Invoke, options: list[str], times: tuple[float | None, float | None]
) -> None:
    outcome = invoke(*options, "--suite", "quick", "--workload", "resnet50", "--dry-run", "--json")
    policy = decode_json(outcome.out.encode(), Plan, source="-").policy
    assert (policy.aim_s, policy.budget_s) == times


def test_an_overridden_layout_says_so(invoke: Invoke) -> None:
    outcome = invoke("--suite", "smoke", "--layout", "latency", "--threads", "1", "--dry-run")
    assert "layout latency: overridden by --threads 1" in outcome.out
    assert "1 threads, MKL_NUM_THREADS=1 OMP_NUM_THREADS=1" in outcome.out


def test_the_plan_shows_command_binding_environment_and_time(invoke: Invoke) -> None:
    outcome = invoke("--suite", "smoke", "--dry-run")
    assert "command python -m bench.worker" in outcome.out
    assert "memory nodes 0" in outcome.out
    assert "OMP_DYNAMIC=FALSE" in outcome.out
    assert "cells, 1 to 1 repetitions each, in rounds shuffled by seed" in outcome.out


def test_detect_prints_json_with_the_profile(invoke: Invoke) -> None:
    shown = json.loads(invoke("detect", "--json").out)
    assert shown["cpu"]["architecture"] in {"x86_64", "aarch64"}
    assert shown["topology"]["cpu_count"] >= 1
    assert set(shown["profile"]) >= {"name", "reason", "why_not"}


def test_detect_on_a_recorded_tree_shows_that_machine(invoke: Invoke, tmp_path: Path) -> None:
    outcome = invoke("detect", "--root", str(tmp_path))
    assert outcome.status == 7
    assert outcome.err.count("\n") == 1


@pytest.mark.parametrize("verb", ["workloads", "profiles", "suites"])
def test_lists_are_tables_or_json(verb: str, invoke: Invoke) -> None:
    names = [row["name"] for row in json.loads(invoke(verb, "--json").out)]
    table = invoke(verb).out
    assert names
    assert all(name in table for name in names)


def test_a_suite_shows_its_cases_and_a_profile_its_sources(invoke: Invoke) -> None:
    assert "resnet50/inference/fp32/channels_last/eager/bs4/image_size=224" in invoke("suites", "show", "quick").out
    assert "source = " in invoke("profiles", "show", "xeon-spr").out


def test_a_suite_and_a_profile_are_shown_as_json(invoke: Invoke) -> None:
    suite = decode_json(invoke("suites", "show", "quick", "--json").out.encode(), SuiteCases, source="-")
    lines = invoke("suites", "show", "quick").out.splitlines()
    assert [case_name(case) for case in suite.cases] == [line for line in lines if not line.startswith("refused ")]
    assert len(suite.refused) == len(lines) - len(suite.cases)
    profile = decode_json(invoke("profiles", "show", "xeon-spr", "--json").out.encode(), Profile, source="-")
    assert profile == load_profiles()["xeon-spr"]


def test_a_users_profile_can_be_checked(invoke: Invoke, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("colour = 1\n")
    outcome = invoke("profiles", "check", str(path))
    assert outcome.status == 2
    assert f"{path}" in outcome.err


def test_a_bug_is_one_line_and_never_looks_like_a_verdict(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    def explode(*_arguments: object) -> None:
        raise KeyError("x")

    monkeypatch.setattr("bench.hardware.detect.detect", explode)
    outcome = invoke("detect")
    assert outcome.status == 7
    assert "unexpected KeyError" in outcome.err
    assert outcome.err.count("\n") == 1


def test_a_bug_shows_its_traceback_when_asked(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    def explode(*_arguments: object) -> None:
        raise KeyError("x")

    monkeypatch.setenv("BENCH_DEBUG", "1")
    monkeypatch.setattr("bench.hardware.detect.detect", explode)
    assert "Traceback" in invoke("detect").err


def test_interrupting_exits_130(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("bench.hardware.detect.detect", interrupt)
    assert invoke("detect").status == 130
