from collections.abc import Callable
from datetime import date
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bench.compare.qualification.qualify import qualify
from bench.records.qualification import Limit, Qualification, Waiver
from bench.records.reason import Reason
from bench.report.junit import render_junit
from bench.report.printable import printable
from bench.report.qualification import describe_value, render_qualification
from tests.unit.compare.qualification.units import NOW, make_contents, make_policy, make_references, make_unit

Golden = Callable[[str, str], None]


def make_qualification() -> Qualification:
    """One of everything: outcomes, units, several bundles, references, notes."""
    policy = make_policy(
        Waiver(rule="sold-as", owner="ada@example.org", reason="see <order> 7", until=date(2026, 12, 31)),
        Waiver(rule="cores", owner="ada@example.org", reason="known", until=date(2026, 5, 1)),
        cores={"check": "hardware.core_count", "at_least": 64},
        sold_as={"check": "hardware.microarchitecture", "one_of": ["sapphirerapids", "emeraldrapids"]},
        flags={"check": "hardware.isa", "contains": ["avx2"]},
        no_guest={"check": "environment.guest", "equals": False},
        memory={"check": "performance.peak_memory_bytes", "cells": ["*/latency"], "at_most": 1 << 30},
        interval={"check": "stability.latency_half_width_ratio", "cells": ["*/latency"], "at_most": 0.02},
        rate={"check": "performance.throughput_per_s", "cells": ["*/latency"], "at_least": 100},
        ratio={"check": "performance.latency_s", "cells": ["*/latency"], "ratio_at_most": 1.02},
        tolerance={
            "check": "performance.latency_s",
            "cells": ["*/latency"],
            "tolerance": {"coverage": 0.99, "confidence": 0.95},
        },
        absent={"check": "performance.latency_s", "cells": ["bert_base/*"], "at_most": 1},
    )
    units = [make_unit(make_contents(latency, run=run)) for run, latency in ((1, 0.0100), (2, 0.0102))]
    return qualify(units, make_references((0.0100, 0.0101, 0.0099, 0.0102, 0.0098)), policy, now=NOW)


QUALIFICATION = make_qualification()


def test_the_table_matches_its_golden_file(check_golden: Golden) -> None:
    check_golden("report/qualification.txt", render_qualification(QUALIFICATION) + "\n")


def test_the_junit_file_matches_its_golden_file(check_golden: Golden) -> None:
    check_golden("report/qualification.junit.xml", render_junit(QUALIFICATION).decode())


REQUIRED = {"name", "package", "id", "timestamp", "hostname", "tests", "failures", "errors", "skipped", "time"}
"""Of a suite, in the stricter of the two schemas; and its children in this order."""


def test_junit_has_all_that_its_schemas_require() -> None:
    root = ET.fromstring(render_junit(QUALIFICATION))  # noqa: S314 - our own
    assert root.tag == "testsuites"
    assert [suite.attrib["id"] for suite in root] == ["0", "1"]
    for suite in root:
        assert suite.attrib.keys() == REQUIRED
        assert not suite.attrib["timestamp"].endswith("Z")
        cases = suite.findall("testcase")
        assert [child.tag for child in suite] == ["properties", *["testcase"] * len(cases), "system-out", "system-err"]
        assert all(case.attrib.keys() == {"name", "classname", "time"} for case in cases)
        assert all(child.attrib.keys() == {"message", "type"} for case in cases for child in case)
        assert int(suite.attrib["tests"]) == len(cases)
        for tag, attribute in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            assert int(suite.attrib[attribute]) == len(suite.findall(f"testcase/{tag}")) > 0


@given(st.text(max_size=50))
def test_junit_can_be_read_whatever_a_bundle_says(text: str) -> None:
    reason = Reason(code="missing_words", values={"words": text})
    verdict = replace(QUALIFICATION.verdicts[0], cell=text, value=text, reasons=(reason,), outcome="failed")
    written = render_junit(replace(QUALIFICATION, verdicts=(verdict,), notes=(reason,)))
    assert ET.fromstring(written).find("testsuite/testcase/failure") is not None  # noqa: S314 - our own


@given(st.text())
def test_nothing_of_a_bundle_reaches_the_terminal_unescaped(text: str) -> None:
    assert printable(text).isprintable()


def test_plain_text_is_unchanged() -> None:
    assert printable("µs \x1b[31m") == "µs \\x1b[31m"


@pytest.mark.parametrize(("value", "shown"), [(0.010001, "0.010001"), (0.02, "20.0 ms")])
def test_a_value_that_fails_never_looks_like_its_limit(value: float, shown: str) -> None:
    limit = Limit(comparator="at_most", wanted=0.01)
    verdict = replace(QUALIFICATION.verdicts[0], value=value, unit="s", limit=limit, outcome="failed")
    assert describe_value(verdict) == shown


def test_a_long_list_is_counted_and_its_missing_words_are_a_reason() -> None:
    verdict = replace(QUALIFICATION.verdicts[0], value=("avx512f",) * 100)
    assert describe_value(verdict) == "100 of them"
