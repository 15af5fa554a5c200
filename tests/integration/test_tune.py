"""A real search of seconds: interrupted, resumed, verified, shown again, and its answer told once."""

import json
import signal
from pathlib import Path

import pytest

from bench.records.tuning import EXIT_STATUS
from bench.tune.outcome import make_tuning_report
from bench.verification.verify import verify_bundle
from tests.integration.tiny import LONGEST_S, bench, read_journals, start, wait_for, write_suite

pytestmark = [pytest.mark.torch, pytest.mark.slow]


def test_a_search_that_is_interrupted_goes_on_and_its_bundle_verifies(tmp_path: Path) -> None:
    suite, output = write_suite(tmp_path, modes=("inference",), workload="basic_gnn_gcn"), tmp_path / "out"
    run = start("tune", "--suite", suite, "--knob", "LRU_CACHE_CAPACITY=64", "--budget", "70s", "--seed", "7", "--output", str(output))  # fmt: skip
    wait_for(run, lambda: b'"repetition"' in read_journals(output))
    run.send_signal(signal.SIGINT)
    _, err = run.communicate(timeout=LONGEST_S)
    assert run.returncode == 130
    (folder,) = output.glob("*.run")
    assert f"bench tune --resume {folder}" in err
    resumed = bench("tune", "--resume", str(folder), "--json")
    (path,) = output.glob("*.bench.tar")
    verification = verify_bundle(path)
    report = make_tuning_report(verification)
    assert report is not None
    assert report.result is not None
    assert resumed.returncode == EXIT_STATUS[report.result.outcome], resumed.stderr
    assert json.loads(resumed.stdout)["tuning"]["result"]["outcome"] == report.result.outcome
    assert verification.unchecked == ()
    assert verification.contents.info.resumed == 1
    assert [variant.options for variant in verification.contents.plan.variants] == [
        (),
        ("--env LRU_CACHE_CAPACITY=64",),
    ]
    assert bench("tune", "--resume", str(path)).returncode == resumed.returncode
