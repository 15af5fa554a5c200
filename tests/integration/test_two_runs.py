"""`bench ab` and `bench reproduce` with real workers on this machine, at shapes that take seconds."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.integration.tiny import bench, write_suite

pytestmark = [pytest.mark.torch, pytest.mark.slow]


def last_bundle(done: subprocess.CompletedProcess[str]) -> str:
    *_, last = done.stdout.splitlines()
    assert last.startswith("bundle: "), done.stderr
    return last.removeprefix("bundle: ")


def test_a_variable_reaches_one_side_and_takes_effect_there_alone(tmp_path: Path) -> None:
    suite = write_suite(tmp_path, repetitions=(1, 1), modes=["inference"], workload="basic_gnn_gcn")
    done = bench(
        *("ab", "--env-b", "TORCHINDUCTOR_FREEZING=1", "--suite", suite, "--output", str(tmp_path)),
        *("--repetitions", "1", "--budget", "1s"),
    )
    assert done.returncode == 3, done.stderr
    assert "side b: TORCHINDUCTOR_FREEZING=1" in done.stdout
    assert "1 pairs of valid repetitions are too few" in done.stdout or "0 pairs of valid" in done.stdout
    bundle = last_bundle(done)
    assert bench("verify", bundle).returncode == 0
    found = bench("show", bundle, "--effective").stdout
    # Repetitions share a line, unless their pages lie elsewhere; a void one is made again.
    assert found.count("TORCHINDUCTOR_FREEZING not set") in {1, 2}
    assert found.count("TORCHINDUCTOR_FREEZING=1") in {1, 2}
    a, b = bench("show", bundle, "--evidence").stdout.split("0001-basic_gnn_gcn", 1)
    assert ("frozen_weights" in a, "frozen_weights" in b) == (False, True)
    shown = json.loads(bench("show", bundle, "--json").stdout)
    assert [cell["case"]["backend"] for cell in shown["plan"]["cells"]] == ["inductor", "inductor"]
    assert shown["comparison"]["interleaved"] is True


def test_a_run_is_done_again_and_cited_and_not_with_a_cpu_less(tmp_path: Path) -> None:
    done = bench(
        "run", "--suite", write_suite(tmp_path, repetitions=(5, 5), modes=["inference"]), "--output", str(tmp_path)
    )
    original = last_bundle(done)
    again = bench("reproduce", original, "--output", str(tmp_path))
    assert again.returncode in {0, 1, 3}, again.stderr
    if again.stdout:
        verified = bench("verify", last_bundle(again))
        assert verified.returncode == 0, verified.stderr
        assert "found, intact, signed by SHA256:" in verified.stdout
    else:  # others used the host while the original was measured
        assert again.returncode == 3
        assert "valid repetitions of a cell at most" in again.stderr
    narrow = bench("reproduce", original, "--output", str(tmp_path), prefix=["taskset", "--cpu-list", "0"])
    assert narrow.returncode == 4, narrow.stderr
    assert "the plan binds workers to CPUs that may not be used here" in narrow.stdout
