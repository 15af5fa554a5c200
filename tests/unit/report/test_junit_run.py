from xml.etree import ElementTree as ET

from msgspec.structs import replace

from bench.compare.bundles import compare_variants
from bench.records.bundle import Contents
from bench.records.plan import Refusal
from bench.records.verdict import INTERLEAVED_MARGIN_RATIO, Comparison, Criteria
from bench.report.junit_run import render_junit_run
from bench.report.run_report import make_run_report
from tests.builders import CASE, make_cell, make_reason
from tests.unit.bundle.builder import CONTENTS
from tests.unit.compare.runs import STEADY, make_run, times

NAME = "resnet50/inference/fp32/channels_last/eager/bs4/image_size=64/latency"


def render(contents: Contents, comparison: Comparison | None = None) -> ET.Element:
    report = make_run_report(contents, bundle="x.bench.tar", comparison=comparison)
    suite = ET.fromstring(render_junit_run(report)).find("testsuite")  # noqa: S314 - our own
    assert suite is not None
    return suite


def outcomes(suite: ET.Element, classname: str) -> list[str]:
    cases = [case for case in suite.findall("testcase") if case.attrib["classname"] == classname]
    return ["passed" if len(case) == 0 else case[0].tag for case in cases]


def test_a_cell_with_numbers_passes_and_a_failed_one_fails_with_its_reason() -> None:
    suite = render(CONTENTS)
    assert outcomes(suite, "cells") == ["passed", "passed", "failure"]
    assert {case.attrib["name"] for case in suite.findall("testcase")} == {NAME, NAME.replace("latency", "throughput")}
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert failure.attrib == {
        "type": "crashed",
        "message": "the worker died of SIGSEGV (segmentation fault: invalid memory access)",
    }


def test_noise_is_an_error_and_what_was_not_tried_is_skipped() -> None:
    failed = {
        CONTENTS.plan.cells[1].id: make_reason("too_noisy", repetitions="4", invalid="steal"),
        CONTENTS.plan.cells[2].id: make_reason("not_measured"),
    }
    summary = replace(CONTENTS.summary, cells=CONTENTS.summary.cells[:1], failed=failed)
    plan = replace(
        CONTENTS.plan,
        refused=(Refusal(case=CASE, reason=make_reason("avx2_missing", workload="resnet50", cpu="Test CPU")),),
    )
    suite = render(replace(CONTENTS, summary=summary, plan=plan))
    assert outcomes(suite, "cells") == ["passed", "error", "skipped"]
    assert outcomes(suite, "refused") == ["skipped"]


def test_a_slower_side_is_a_failure_and_no_verdict_an_error() -> None:
    cells = tuple(replace(make_cell(index), variant="ab"[index % 2]) for index in range(4))
    contents = make_run(STEADY, times(1.05), STEADY, STEADY[:3], cells=cells)
    suite = render(contents, compare_variants(contents, Criteria(margin_ratio=INTERLEAVED_MARGIN_RATIO)))
    assert outcomes(suite, "verdicts") == ["failure", "error"]
