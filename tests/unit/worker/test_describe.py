import json
import re
from pathlib import Path

import pytest

from bench.bundle.environment import normalize_name
from bench.worker import describe

PROJECT = Path(__file__).parents[3] / "pyproject.toml"


def test_what_workers_need_is_what_bench_installs() -> None:
    import tomllib

    listed = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["dependencies"]
    names = {normalize_name(re.split(r"[^A-Za-z0-9._-]", entry, maxsplit=1)[0]) for entry in listed}
    assert set(describe.NEEDED.values()) <= names


def test_all_that_is_missing_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(describe, "find_spec", lambda module: None if module.startswith("torch") else object())
    with pytest.raises(SystemExit, match=r"it lacks torch, torch-geometric, torchao, torchvision\Z"):
        describe.main()


@pytest.mark.torch
def test_nothing_is_missing_here(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    describe.main()
    assert "torch" in {package["name"] for package in json.loads(capsysbinary.readouterr().out)["distributions"]}
