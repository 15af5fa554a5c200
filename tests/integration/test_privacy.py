"""A real run in an environment full of secrets: no byte of its bundle holds one."""

from pathlib import Path

import pytest

from tests.integration.tiny import bench, write_suite

pytestmark = [pytest.mark.torch, pytest.mark.slow]

SECRETS = ("hunter2", "pw-redis", "ghp_0123456789abcdef0123", "lic-555", "pw-pip", "pw-proxy", "bearer-abc", "pw-note")


def test_a_run_in_an_environment_full_of_secrets_seals_none_of_them(tmp_path: Path) -> None:
    home = tmp_path / "people" / "alice.smith"
    project = home / "zebra-project"
    project.mkdir(parents=True)
    planted = {
        "HOME": str(home),
        "USER": "alice.smith",
        "LOGNAME": "alice.smith",
        "HTTPS_PROXY": "http://proxyuser:pw-proxy@proxy.internal:3128",
        "KMP_LICENSE": "lic-555",
        "LD_LIBRARY_PATH": f"{home}/lib:/scratch/alice.smith/lib",
        "OMP_BEARER": "bearer-abc",
        "PIP_INDEX_URL": "https://bob:pw-pip@index.internal/simple",
        "PYTORCH_BUILD_PAT": "ghp_0123456789abcdef0123",
        "TORCHINDUCTOR_REDIS_URL": "redis://:pw-redis@cache.internal:6379",
        "TORCH_INDEX_URL": "https://alice:hunter2@index.internal/simple",
        "TORCH_LOGS": "https://alice:hunter2@logs.internal",
    }
    done = bench(
        *("run", "--suite", write_suite(project, repetitions=(2, 2), modes=["inference"]), "--output", str(tmp_path)),
        *("--note", f"from https://carol:pw-note@git.internal in {home}"),
        cwd=tmp_path,
        variables=planted,
    )
    assert done.returncode == 0, done.stderr
    (bundle,) = tmp_path.glob("*.bench.tar")
    data = bundle.read_bytes()
    sought = (*SECRETS, *planted.values(), "alice.smith", "zebra-project", str(tmp_path))
    assert [secret for secret in sought if secret.encode() in data] == []
    assert b"***@logs.internal" in data
    assert b"~/lib:/scratch/user/lib" in data
    assert b"tiny.toml" in data
    redacted = bench("redact", str(bundle))
    assert redacted.returncode == 0
    assert "environment.variables: " in redacted.stderr
    assert "plan.suite (a user's file): 1" in redacted.stderr
    assert "credential" not in redacted.stderr
