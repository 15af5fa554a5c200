"""User code runs in a process of its own when bench runs it; here each test puts back what it changes."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def own_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    here, before = Path.cwd(), set(sys.modules)
    yield
    os.chdir(here)
    for name in set(sys.modules) - before:
        if name.startswith("workloads_of_"):
            del sys.modules[name]
