import json
import os
from pathlib import Path

import duckdb
import pytest

from bench.bundle.write import write_bundle
from tests.unit.bundle.builder import CONTENTS, EPHEMERAL
from tests.unit.cli.conftest import Invoke
from tests.unit.compare.qualification.units import make_contents


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of two runs."""
    path = tmp_path / "results"
    path.mkdir()
    for run in (1, 2):
        write_bundle(path / f"{run}.bench.tar", make_contents(run=run), EPHEMERAL)
    return path


@pytest.mark.parametrize("name", ["csv", "jsonl", "markdown", "junit", "hud", "openmetrics"])
def test_a_folder_is_printed_in_each_format_of_text(name: str, folder: Path, invoke: Invoke) -> None:
    outcome = invoke("export", str(folder), "--format", name)
    assert (outcome.status, outcome.err) == (0, "")
    assert "resnet50" in outcome.out
    assert outcome.out.endswith("\n")
    assert "sha256:" in outcome.out or name == "hud"


def test_duckdb_queries_the_file_of_a_folder(folder: Path, invoke: Invoke, tmp_path: Path) -> None:
    written = tmp_path / "runs.jsonl"
    assert invoke("export", str(folder), "--format", "jsonl", "-o", str(written)).status == 0
    query = f"SELECT count(DISTINCT content_digest), count(*), min(latency_s) FROM '{written}'"  # noqa: S608 - our own path
    runs, rows, fastest = duckdb.sql(query).fetchall()[0]
    assert (runs, rows) == (2, 4)
    assert fastest == pytest.approx(0.01, rel=0.01)


def test_samples_are_written_as_parquet_in_place_of_an_older_file(folder: Path, invoke: Invoke, tmp_path: Path) -> None:
    written = tmp_path / "it's [new].parquet"
    written.write_text("old")
    outcome = invoke("export", str(folder), "--format", "parquet", "--samples", "-o", str(written))
    assert (outcome.status, outcome.out, outcome.err) == (0, "", "")
    assert written.read_bytes().startswith(b"PAR1")


def test_copies_of_a_bundle_are_exported_once(folder: Path, invoke: Invoke) -> None:
    (folder / "copy.bench.tar").write_bytes((folder / "1.bench.tar").read_bytes())
    assert invoke("export", str(folder), "--format", "jsonl").out.count("\n") == 4


def test_nothing_is_written_of_a_bundle_that_does_not_verify(folder: Path, invoke: Invoke, tmp_path: Path) -> None:
    (folder / "2.bench.tar").write_bytes((folder / "2.bench.tar").read_bytes()[:-1])
    outcome = invoke("export", str(folder), "--format", "csv", "-o", str(tmp_path / "x.csv"))
    assert (outcome.status, outcome.out) == (6, "")
    assert not (tmp_path / "x.csv").exists()


def test_a_file_that_cannot_be_written_is_named_before_bundles_are_read(invoke: Invoke, tmp_path: Path) -> None:
    outcome = invoke("export", "no-such.bench.tar", "--format", "csv", "-o", str(tmp_path / "no/x.csv"))
    assert outcome.status == 7
    assert f"there is no folder {tmp_path / 'no'}" in outcome.err


def test_a_bundle_is_not_replaced_by_its_export(folder: Path, invoke: Invoke, tmp_path: Path) -> None:
    bundle = folder / "1.bench.tar"
    before = bundle.read_bytes()
    for output in (bundle, tmp_path / "new.bench.tar"):
        outcome = invoke("export", str(bundle), "--format", "csv", "-o", str(output))
        assert outcome.status == 2
        assert "that is a bundle, which an export would replace" in outcome.err
    assert bundle.read_bytes() == before


def test_an_unknown_format_lists_the_known_ones(folder: Path, invoke: Invoke) -> None:
    outcome = invoke("export", str(folder), "--format", "xls")
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.err == "bench: no export format 'xls'; use one of csv, parquet, jsonl, markdown, junit, hud, openmetrics\n"  # fmt: skip


def test_a_cell_without_numbers_is_exported_with_its_reason(tmp_path: Path, invoke: Invoke) -> None:
    path = tmp_path / "x.bench.tar"
    write_bundle(path, CONTENTS, EPHEMERAL)
    rows = [json.loads(line) for line in invoke("export", str(path), "--format", "jsonl").out.splitlines()]
    assert [row["failure"] for row in rows] == [None, None, "crashed"]
    assert os.fspath(tmp_path) not in json.dumps(rows)
