"""Exported tables: what is read back is what the bundle holds, whatever its texts are."""

import csv
import io
import json
import math
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bench.report.export.columns import CELL_COLUMNS, list_kinds, render_documentation
from bench.report.export.csv_file import render_csv
from bench.report.export.formats import TABLE_FORMATS, render_export
from bench.report.export.rows import make_cell_rows, make_sample_rows
from bench.stats.metrics import METRICS
from tests.unit.report.export.runs import DIGEST, FAILED, RUN, export

DOCUMENT = Path(__file__).parents[4] / "docs/export-columns.md"


def read_csv(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


def test_each_cell_has_a_row_with_the_bundles_digest_and_its_numbers() -> None:
    rows = list(make_cell_rows([export(), FAILED]))
    assert [row["content_digest"] for row in rows] == [DIGEST] * 5
    assert [row["failure"] for row in rows] == [None, None, None, None, "crashed"]
    measured = RUN.summary.cells[0]
    assert rows[0]["latency_s"] == measured.latency_s.point
    assert (rows[0]["latency_low_s"], rows[0]["latency_high_s"]) == (measured.latency_s.low, measured.latency_s.high)
    assert rows[4]["latency_s"] is None
    assert set(METRICS) <= rows[0].keys()


def test_each_sample_has_a_row_and_those_of_invalid_repetitions_say_so() -> None:
    rows = list(make_sample_rows([export()]))
    instances = [instance for cell in RUN.measurements for rep in cell.repetitions for instance in rep.instances]
    assert len(rows) == sum(len(instance.samples) + len(instance.warmup) for instance in instances)
    invalid = [row for row in rows if row["invalid"]]
    assert {(row["cell"], row["repetition"], row["invalid"]) for row in invalid} == {(RUN.plan.cells[0].id, 0, "steal")}
    timed = next(row for row in rows if row["stage"] == "timed")
    assert timed["latency_s"] == pytest.approx(int(timed["elapsed_ns"] or 0) / int(timed["iterations"] or 1) / 1e9)


@pytest.mark.parametrize("samples", [False, True])
def test_every_table_reads_back_as_the_same_rows(samples: bool, tmp_path: Path) -> None:
    made = list(make_sample_rows([FAILED]) if samples else make_cell_rows([FAILED]))
    files = {name: render_export([FAILED], name, samples=samples) for name in TABLE_FORMATS}
    assert [json.loads(line) for line in files["jsonl"].decode().splitlines()] == made
    parquet = tmp_path / "rows.parquet"
    parquet.write_bytes(files["parquet"])
    read = duckdb.sql(f"SELECT * FROM read_parquet('{parquet}')")  # noqa: S608 - our own path
    assert read.columns == list(list_kinds(samples=samples))
    assert [dict(zip(read.columns, row, strict=True)) for row in read.fetchall()] == made
    first = read_csv(files["csv"])[0]
    assert {name: value for name, value in first.items() if made[0][name] is None} == {
        name: "" for name, value in made[0].items() if value is None
    }
    assert math.isclose(float(first["latency_s"]), float(made[0]["latency_s"] or 0), rel_tol=0)


def test_parquet_of_equal_rows_has_equal_bytes() -> None:
    assert render_export([FAILED], "parquet") == render_export([FAILED], "parquet")


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "\r=1", "\n=1", "'=1", '"=1', "\uff1d1", "|cmd", "%0a=1"]
)
def test_a_spreadsheet_computes_nothing_that_a_bundle_says(text: str) -> None:
    machine = replace(RUN.machine, cpu=replace(RUN.machine.cpu, model_name=text))
    shown = read_csv(render_export([export(replace(RUN, machine=machine))], "csv"))[0]["cpu_model"]
    assert shown.startswith(("'", "\\"))


@pytest.mark.parametrize(
    ("text", "shown"), [("a;=1", "a;'=1"), ("a; -1;b", "a;' -1;b"), ("a=1 b=2", "a=1 b=2"), ("a;b", "a;b")]
)
def test_no_formula_begins_at_a_semicolon(text: str, shown: str) -> None:
    """Where a comma is the decimal sign, spreadsheets take semicolons for the ends of cells."""
    assert read_csv(render_csv({"name": "text"}, [{"name": text}]))[0]["name"] == shown


@given(st.text(max_size=30))
def test_a_text_stays_in_its_cell_of_its_row(text: str) -> None:
    rows = read_csv(render_csv({"first": "text", "second": "integer"}, [{"first": text, "second": 1}] * 2))
    assert [row["second"] for row in rows] == ["1", "1"]
    assert not rows[0]["first"].lstrip(" \"'").startswith(("=", "+", "-", "@")) or rows[0]["first"].startswith("'")


def test_the_columns_are_documented(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--rewrite-fixtures"):
        DOCUMENT.write_text(render_documentation(), encoding="utf-8")
    assert DOCUMENT.read_text(encoding="utf-8") == render_documentation(), f"{DOCUMENT} differs; run `make fixtures`"


def test_each_column_has_one_name_and_a_value_of_its_type() -> None:
    names = [column.name for column in CELL_COLUMNS]
    assert len(set(names)) == len(names)
    types = {"text": str, "integer": int, "number": float, "boolean": bool}
    for row in make_cell_rows([export()]):
        for name, kind in list_kinds(samples=False).items():
            assert row[name] is None or type(row[name]) is types[kind], name
