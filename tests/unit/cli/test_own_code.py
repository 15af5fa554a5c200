"""Code that a bundle holds is data: no command that reads bundles runs or imports it."""

import hashlib
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from bench.bundle.write import write_bundle
from bench.records.plan import format_cell_id
from bench.records.source import Source
from tests.builders import FACTS
from tests.unit.bundle.builder import EPHEMERAL
from tests.unit.cli.conftest import Invoke
from tests.unit.compare.qualification import units

POLICY = """
name = "fast"
summary = "faster than it is"
[rules.latency]
check = "performance.latency_s"
at_most = 1e-6
"""


def write_own(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write two bundles of a model whose code would leave a file behind; return that file."""
    left_behind = folder / "was-run"
    code = f"open({str(left_behind)!r}, 'w')\n".encode()
    digest = f"sha256:{hashlib.sha256(code).hexdigest()}"
    cases = [replace(cell.case, workload="file.mlp", source=digest) for cell in units.CELLS]
    cells = tuple(
        replace(cell, case=case, id=format_cell_id(index, case, cell.layout))
        for index, (cell, case) in enumerate(zip(units.CELLS, cases, strict=True))
    )
    monkeypatch.setattr(units, "CELLS", cells)
    row = replace(FACTS, name="file.mlp", family="custom")
    source = Source(kind="file", name="mine.py", digest=digest, size_bytes=len(code), workloads=(row,), sealed=True)
    for run, name in enumerate(("base", "new")):
        contents = units.make_contents(run=run)
        contents = replace(contents, plan=replace(contents.plan, sources=(source,)), source_files={digest: code})
        write_bundle(folder / f"{name}.bench.tar", contents, EPHEMERAL)
    return left_behind


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("verify base.bench.tar", 0),
        ("verify --json base.bench.tar", 0),
        ("show base.bench.tar", 0),
        ("show base.bench.tar --evidence --effective --operators", 0),
        ("show base.bench.tar --json", 0),
        ("show base.bench.tar --source", 0),
        ("compare base.bench.tar new.bench.tar", 0),
        ("qualify base.bench.tar --policy fast.toml", 1),
        ("report base.bench.tar new.bench.tar -o page.html", 0),
        ("report --site site .", 0),
        ("history .", 3),
        ("export base.bench.tar --format csv", 0),
        ("export . --format parquet --samples -o samples.parquet", 0),
        ("redact base.bench.tar", 0),
        ("reproduce base.bench.tar", 4),
    ],
)
def test_no_command_that_reads_a_bundle_runs_its_code(
    command: str, status: int, invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left_behind = write_own(tmp_path, monkeypatch)
    (tmp_path / "fast.toml").write_text(POLICY, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    outcome = invoke(*command.split())
    assert outcome.status == status, outcome
    assert not left_behind.exists()
    assert not [name for name in sys.modules if name.startswith("workloads_of_")]
