"""JUnit XML: a test suite for each bundle, a test case for each rule and cell.

Source: what CI systems read, and the two schemas that they name: Apache Ant's as written down in
windyroad/JUnit-Schema, and Jenkins' junit-10.xsd of its xUnit plugin. Both accept what is written here.
"""

import re
from xml.etree import ElementTree as ET

from bench.records.qualification import Qualification, RuleVerdict
from bench.report.qualification import describe_limit, describe_reasons, describe_value
from bench.report.reasons import describe_reason

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no way to write (section 2.2, Char)."""

_ELEMENTS = {"failed": "failure", "undecided": "error", "waived": "skipped"}


def render_junit(qualification: Qualification) -> bytes:
    """The whole file, UTF-8 with its declaration.

    A rule that nothing can be said of is an error, never a pass; a waived one is skipped.
    """
    root = ET.Element("testsuites")
    for index, bundle in enumerate(qualification.bundles):
        verdicts = [verdict for verdict in qualification.verdicts if verdict.run_id == bundle.run_id]
        outcomes = [verdict.outcome for verdict in verdicts]
        suite = ET.SubElement(
            root,
            "testsuite",
            {
                "name": bundle.run_id,
                "package": qualification.policy.name,
                "id": str(index),
                "timestamp": qualification.judged_at.removesuffix("Z"),
                "hostname": "localhost",
                "tests": str(len(verdicts)),
                "failures": str(outcomes.count("failed")),
                "errors": str(outcomes.count("undecided")),
                "skipped": str(outcomes.count("waived")),
                "time": "0",
            },
        )
        properties = ET.SubElement(suite, "properties")
        for name, value in (
            ("outcome", qualification.outcome),
            ("policy", qualification.policy.digest),
            ("bundle", bundle.digest),
        ):
            ET.SubElement(properties, "property", {"name": name, "value": value})
        for verdict in verdicts:
            _add_case(suite, qualification.policy.name, verdict)
        ET.SubElement(suite, "system-out").text = _clean("\n".join(map(describe_reason, qualification.notes)))
        ET.SubElement(suite, "system-err")
    ET.indent(root)
    data: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return data + b"\n"


def _add_case(suite: ET.Element, policy: str, verdict: RuleVerdict) -> None:
    name = verdict.rule if verdict.cell is None else f"{verdict.rule} {verdict.cell}"
    case = ET.SubElement(suite, "testcase", {"name": _clean(name), "classname": policy, "time": "0"})
    if verdict.outcome in _ELEMENTS:
        message = f"{verdict.check} is {describe_value(verdict)}, wanted {describe_limit(verdict)}"
        attributes = {"message": _clean(message), "type": verdict.outcome}
        ET.SubElement(case, _ELEMENTS[verdict.outcome], attributes).text = _clean(describe_reasons(verdict))


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("�", text)
