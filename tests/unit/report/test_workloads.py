"""The catalogue of workloads says each thing once."""

from msgspec.structs import replace

from bench.report.workloads import render_workloads
from bench.workloads.registry import WORKLOADS

FIRST = WORKLOADS["resnet50"]
ALIKE = replace(FIRST, name="alike")
OTHER = replace(FIRST, name="other", precisions=("fp32",), unsupported={"bf16": "it overflows", "fp16": "it overflows"})
TOO = replace(OTHER, name="too")


def test_what_workloads_support_is_numbered_and_said_once() -> None:
    lines = render_workloads([FIRST, ALIKE, OTHER], None).split("\n")
    numbers = {line.split()[0]: line.split()[4] for line in lines if line.startswith(("resnet50", "alike", "other"))}
    assert numbers == {"resnet50": "1", "alike": "1", "other": "2"}
    (second,) = (line for line in lines if line.startswith("supports 2: "))
    assert "precisions fp32; memory formats contiguous channels_last; backends eager " in second


def test_a_reason_that_holds_for_several_is_said_once() -> None:
    text = render_workloads([FIRST, OTHER, TOO], None)
    assert text.split("\n")[-1] == "no bf16, fp16 in other, too: it overflows"


def test_the_whole_catalogue_is_a_table_at_80_columns() -> None:
    text = render_workloads(list(WORKLOADS.values()), 80)
    assert text.startswith("workload  ")
    for facts in WORKLOADS.values():
        assert f"\n{facts.name}  " in text
