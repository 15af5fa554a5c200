"""HUD's records: valid for the table of schema v3, and what its view makes of them is what was measured."""

import json
from typing import Any

import duckdb
import pytest
from jsonschema import Draft202012Validator
from msgspec.structs import replace

from bench.records.case import GroupSize
from bench.records.source import Source
from bench.report.export.formats import render_export
from bench.stats.metrics import METRICS
from bench.stats.summary import summarize
from tests.builders import CASE, FACTS, make_cell
from tests.unit.compare.runs import STEADY, make_run
from tests.unit.report.export.runs import DIGEST, RUN, export

TEXT = {"type": "string"}
UINT32 = {"type": "integer", "minimum": 0, "maximum": (1 << 32) - 1}
FLOAT32 = {"type": "number", "minimum": -3.4028235e38, "maximum": 3.4028235e38}
EXTRA = {"type": "object", "additionalProperties": TEXT}


def make_tuple(**fields: object) -> dict[str, object]:
    return {"type": "object", "properties": fields, "required": [*fields], "additionalProperties": False}


SCHEMA = make_tuple(
    runners={
        "type": "array",
        "minItems": 1,
        "items": make_tuple(
            name=TEXT, type=TEXT, cpu_info=TEXT, cpu_count=UINT32, mem_info=TEXT, avail_mem_in_gb=UINT32,
            gpu_info=TEXT, gpu_count=UINT32, gpu_mem_info=TEXT, avail_gpu_mem_in_gb=UINT32, extra_info=EXTRA,
        ),
    },
    benchmark=make_tuple(name=TEXT, mode=TEXT, dtype=TEXT, extra_info=EXTRA),
    model=make_tuple(name=TEXT, type=TEXT, backend=TEXT, origins={"type": "array", "items": TEXT}, extra_info=EXTRA),
    inputs={"type": "object", "additionalProperties": make_tuple(dtype=TEXT, extra_info=EXTRA)},
    dependencies={
        "type": "object",
        "additionalProperties": make_tuple(repo=TEXT, branch=TEXT, sha=TEXT, version=TEXT, extra_info=EXTRA),
    },
    metric=make_tuple(
        name=TEXT, benchmark_values={"type": "array", "items": FLOAT32}, target_value=FLOAT32, extra_info=EXTRA
    ),
)  # fmt: skip
"""The table oss_ci_benchmark_v3 of pytorch/test-infra, less the columns that the uploader fills."""

VIEW = """
SELECT
    IF(runners[1].name = '', IF(coalesce(benchmark.extra_info['device'], '') = '', 'cpu', benchmark.extra_info['device']),
        runners[1].name) AS device,
    IF(runners[1].type = '', IF(coalesce(benchmark.extra_info['arch'], '') = '', runners[1].cpu_info,
        benchmark.extra_info['arch']), runners[1].type) AS arch,
    benchmark.dtype AS dtype, benchmark.mode AS mode, model.name AS model, model.backend AS backend,
    metric.name AS metric, metric.benchmark_values AS benchmark_values, benchmark.name AS name
FROM records
"""
"""The expressions of oss_ci_benchmark_metadata_mv, in DuckDB's words: arrays count from 1 in both."""


def read_records(data: bytes) -> list[dict[str, Any]]:
    records = json.loads(data)
    assert isinstance(records, list)
    return records


def query_view(data: bytes) -> list[dict[str, Any]]:
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE raw (record JSON)")
        connection.executemany("INSERT INTO raw VALUES (?)", [[json.dumps(record)] for record in read_records(data)])
        connection.execute(
            """
            CREATE VIEW records AS SELECT
            from_json(record->'runners', '[{"name":"VARCHAR","type":"VARCHAR","cpu_info":"VARCHAR"}]') AS runners,
            from_json(record->'benchmark', '{"name":"VARCHAR","mode":"VARCHAR","dtype":"VARCHAR","extra_info":"MAP(VARCHAR,VARCHAR)"}') AS benchmark,
            from_json(record->'model', '{"name":"VARCHAR","backend":"VARCHAR"}') AS model,
            from_json(record->'metric', '{"name":"VARCHAR","benchmark_values":["FLOAT"]}') AS metric
            FROM raw
            """
        )
        found = connection.sql(VIEW)
        return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]


def test_every_record_is_one_of_schema_v3() -> None:
    validator = Draft202012Validator(SCHEMA)
    records = read_records(render_export([export()], "hud"))
    assert len(records) == len(RUN.summary.cells) * len(METRICS)
    for record in records:
        validator.validate(record)
    assert not validator.is_valid({**records[0], "metric": {**records[0]["metric"], "extra_info": {"n": 1}}})


def test_the_view_shows_the_kind_of_machine_and_no_host() -> None:
    rows = query_view(render_export([export(replace(RUN, machine=replace(RUN.machine, host_name="node17")))], "hud"))
    assert {(row["device"], row["arch"]) for row in rows} == {("cpu", "Test CPU (skylake_avx512) 2c 2t")}
    latency = next(row for row in rows if row["metric"] == "latency_s")
    assert latency["benchmark_values"] == pytest.approx([0.01] * 5, rel=0.01)  # one of the six is invalid
    assert (latency["dtype"], latency["mode"], latency["backend"]) == ("fp32", "inference", "eager")


def test_no_two_cells_of_a_run_are_one_series_of_the_view() -> None:
    keys = [
        tuple(row[name] for name in ("name", "device", "arch", "dtype", "mode", "model", "backend", "metric"))
        for row in query_view(render_export([export()], "hud"))
    ]
    assert len(set(keys)) == len(keys)


def test_the_sides_of_ab_are_series_of_their_own() -> None:
    cells = tuple(replace(make_cell(index), variant="ab"[index % 2]) for index in range(2))
    contents = make_run(STEADY, STEADY, cells=cells)
    contents = replace(contents, summary=summarize(contents.plan, contents.measurements, contents.probes))
    rows = query_view(render_export([export(contents)], "hud"))
    assert {row["name"] for row in rows} == {"bench ab a", "bench ab b"}


def test_group_sizes_are_series_of_their_own() -> None:
    sizes: tuple[GroupSize, ...] = (32, 128)
    case = replace(CASE, precision="int4_weight_only")
    cells = tuple(
        replace(make_cell(index), case=replace(case, group_size=size), layout="latency")
        for index, size in enumerate(sizes)
    )
    contents = make_run(STEADY, STEADY, cells=cells)
    contents = replace(contents, summary=summarize(contents.plan, contents.measurements, contents.probes))
    models = {row["model"] for row in query_view(render_export([export(contents)], "hud"))}
    assert len(models) == len(sizes)
    assert {f" g{size} " in model for size, model in zip(sizes, sorted(models, reverse=True), strict=True)} == {True}


@pytest.mark.parametrize(("kind", "origins"), [("file", []), ("torchbench", ["torchbench"])])
def test_a_model_of_the_users_own_has_the_family_of_its_row_and_the_origin_of_its_source(
    kind: str, origins: list[str]
) -> None:
    row = replace(FACTS, name="file.mlp", family="custom", source="pytorch/benchmark 0e83c440: as it says")
    source = Source(kind=kind, name="models.py", digest=DIGEST, size_bytes=1, workloads=(row,))
    own = replace(make_cell(), case=replace(CASE, workload="file.mlp", source=DIGEST))
    contents = make_run(STEADY, cells=(own,))
    plan = replace(contents.plan, sources=(source,))
    summary = summarize(plan, contents.measurements, contents.probes)
    records = read_records(render_export([export(replace(contents, plan=plan, summary=summary))], "hud"))
    assert {(record["model"]["type"], *record["model"]["origins"]) for record in records} == {("custom", *origins)}


def test_a_record_states_unit_interval_direction_and_digest() -> None:
    record = next(
        record for record in read_records(render_export([export()], "hud")) if record["metric"]["name"] == "latency_s"
    )
    described = record["metric"]["extra_info"]
    interval = RUN.summary.cells[0].latency_s
    assert (described["unit"], described["lower_is_better"], described["repetitions"]) == ("s", "true", "5")
    assert json.loads(described["interval95"]) == [interval.low, interval.high]
    assert record["benchmark"]["extra_info"]["bundle_sha256"] == DIGEST.removeprefix("sha256:")
    assert record["dependencies"]["pytorch"]["version"] == "2.14.1"


def test_the_first_call_is_that_of_the_first_repetition() -> None:
    values = [
        record["metric"]["benchmark_values"]
        for record in read_records(render_export([export()], "hud"))
        if record["metric"]["name"] == "first_call_s"
    ]
    assert [len(value) for value in values] == [1, 1]


def test_a_cell_without_valid_repetitions_has_the_values_that_its_number_rests_on() -> None:
    first, second = RUN.measurements
    noisy = replace(first, repetitions=tuple(replace(entry, invalid=("steal",)) for entry in first.repetitions))
    summary = replace(RUN.summary.cells[0], repetitions=6, invalid_repetitions=6)
    contents = replace(
        RUN, measurements=(noisy, second), summary=replace(RUN.summary, cells=(summary, RUN.summary.cells[1]))
    )
    latency = next(
        record["metric"]
        for record in read_records(render_export([export(contents)], "hud"))
        if record["metric"]["name"] == "latency_s"
    )
    assert (len(latency["benchmark_values"]), latency["extra_info"]["repetitions"]) == (6, "6")
