"""JUnit XML: suites of test cases, as CI systems read them.

Source: the two schemas that CI systems name: Apache Ant's as written down in windyroad/JUnit-Schema, and Jenkins'
junit-10.xsd of its xUnit plugin. Both accept what is written here.
"""

from collections.abc import Sequence
from typing import Literal
from xml.etree import ElementTree as ET

from bench.records.record import Record
from bench.report.printable import PrintableText, join_lines, printable


class JunitCase(Record, frozen=True, kw_only=True):
    """One test case.

    Attributes:
        classname: The group that CI systems show it in.
        outcome: `failure` for a negative result, `error` for none, `skipped` for what was not tried or is excused.
        type: A code for the outcome; empty if it passed.
        message: One line; empty if it passed.
        text: Details, a line or several of `join_lines`; empty if it passed.
    """

    name: str
    classname: str
    outcome: Literal["passed", "failure", "error", "skipped"]
    type: str = ""
    message: str = ""
    text: str = ""


class JunitSuite(Record, frozen=True, kw_only=True):
    """One test suite.

    Attributes:
        timestamp: RFC 3339, UTC.
        output: Further lines for a reader, of `join_lines`.
    """

    name: str
    package: str
    timestamp: str
    properties: dict[str, str]
    cases: tuple[JunitCase, ...]
    output: str = ""


def render_suites(suites: Sequence[JunitSuite]) -> PrintableText:
    """Return a whole file, with its XML declaration and a final newline.

    What does not show is spelled out, which also leaves no character that XML 1.0 cannot hold (section 2.2, Char).
    """
    root = ET.Element("testsuites")
    for index, suite in enumerate(suites):
        _add_suite(root, index, suite)
    ET.indent(root)
    # Not encoding="unicode": that names the locale's encoding in the declaration.
    data: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return join_lines([*data.decode().split("\n"), ""])


def _add_suite(root: ET.Element, index: int, suite: JunitSuite) -> None:
    outcomes = [case.outcome for case in suite.cases]
    element = ET.SubElement(
        root,
        "testsuite",
        {
            "name": printable(suite.name),
            "package": printable(suite.package),
            "id": str(index),
            # The schemas allow no time zone.
            "timestamp": suite.timestamp.removesuffix("Z"),
            "hostname": "localhost",
            "tests": str(len(outcomes)),
            "failures": str(outcomes.count("failure")),
            "errors": str(outcomes.count("error")),
            "skipped": str(outcomes.count("skipped")),
            "time": "0",
        },
    )
    properties = ET.SubElement(element, "properties")
    for name, value in suite.properties.items():
        ET.SubElement(properties, "property", {"name": printable(name), "value": printable(value)})
    for case in suite.cases:
        _add_case(element, case)
    ET.SubElement(element, "system-out").text = printable(suite.output)
    ET.SubElement(element, "system-err")


def _add_case(suite: ET.Element, case: JunitCase) -> None:
    attributes = {"name": printable(case.name), "classname": printable(case.classname), "time": "0"}
    element = ET.SubElement(suite, "testcase", attributes)
    if case.outcome != "passed":
        described = {"message": printable(case.message), "type": printable(case.type)}
        ET.SubElement(element, case.outcome, described).text = printable(case.text)
