"""A bundle holds what its plan says of sources, and nothing else; none of it is ever imported."""

import hashlib
from typing import Any

import pytest
from msgspec.structs import replace

from bench.bundle.content import format_members, parse_members
from bench.bundle.sources import check_sources
from bench.errors import BundleError
from bench.records.bundle import Contents
from bench.records.plan import format_cell_id
from bench.records.reason import Reason
from bench.records.source import Source
from bench.records.stated_input import StatedInput
from tests.builders import CASE, FACTS
from tests.unit.bundle.builder import CONTENTS

CODE = b"raise SystemExit('this code was run')\n"
DIGEST = f"sha256:{hashlib.sha256(CODE).hexdigest()}"
ROW = replace(FACTS, name="file.mlp", family="custom")
SOURCE = Source(kind="file", name="models.py", digest=DIGEST, size_bytes=len(CODE), workloads=(ROW,), sealed=True)
OWN = replace(CASE, workload="file.mlp", source=DIGEST)


def make_contents(source: Source = SOURCE, case: Any = OWN, files: dict[str, bytes] | None = None) -> Contents:
    cell = CONTENTS.plan.cells[0]
    cell = replace(cell, case=case, id=format_cell_id(0, case, cell.layout))
    plan = replace(CONTENTS.plan, cells=(cell,), sources=(source,))
    return replace(CONTENTS, plan=plan, source_files={DIGEST: CODE} if files is None else files)


def test_a_source_that_agrees_with_its_cases_and_its_file_is_accepted() -> None:
    check_sources(make_contents())
    check_sources(make_contents(replace(SOURCE, sealed=False), files={}))


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"case": replace(CASE, workload="file.mlp")}, "names no source"),
        ({"case": replace(CASE, source=DIGEST)}, "names the source"),
        ({"case": replace(OWN, source=f"sha256:{'1' * 64}")}, "which gives no such workload"),
        ({"case": replace(OWN, workload="file.other")}, "which gives no such workload"),
        ({"case": replace(CASE, inputs={"x": StatedInput(least=0, greatest=1)})}, "have their own"),
        ({"case": replace(OWN, inputs={"x": StatedInput(least=0, greatest=1)})}, "states other inputs"),
        ({"case": replace(OWN, precision="bf16")}, "precision bf16, which its row does not offer"),
        ({"case": replace(OWN, shape={"depth": 1})}, "dimensions depth, which its row does not offer"),
        ({"source": replace(SOURCE, workloads=(replace(ROW, name="resnet50"),))}, "gives a workload resnet50"),
        ({"source": replace(SOURCE, workloads=(ROW, ROW))}, "both give workload file.mlp"),
        ({"source": replace(SOURCE, workloads=(ROW,) * 1001)}, "give 1001 workloads; at most 1000 are read"),
        ({"source": replace(SOURCE, workloads=())}, r"models\.py gives no workload"),
        ({"source": replace(SOURCE, problem=Reason(code="source_failed"))}, "could not be read"),
        ({"source": replace(SOURCE, size_bytes=1)}, "is said to have 1 bytes, its file has"),
        ({"source": replace(SOURCE, sealed=False)}, "of no source that the plan says is in the bundle"),
        ({"files": {}}, "is said to be in the bundle, which has no file"),
        ({"files": {DIGEST: b"other"}}, "the source file sha256:.* has the digest"),
    ],
)
def test_what_contradicts_itself_is_refused(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(BundleError, match=problem):
        check_sources(make_contents(**changes))


def test_code_is_sealed_byte_by_byte_under_its_digest() -> None:
    members = format_members(make_contents())
    assert members[f"sources/{DIGEST.removeprefix('sha256:')}.py"] == CODE
    parsed = parse_members({name: memoryview(data) for name, data in members.items()})
    assert parsed.source_files == {DIGEST: CODE}


def test_a_file_larger_than_any_that_is_sealed_is_refused() -> None:
    with pytest.raises(BundleError, match="at most 262144 are read"):
        format_members(make_contents(files={DIGEST: b"#" * ((256 << 10) + 1)}))
