from collections.abc import Sequence
from operator import attrgetter

import pytest
from msgspec.structs import replace

from bench.compare.comparability import Purpose, explain_refusals, find_cell_differences, find_differences
from bench.compare.rules import CELL_RULES, RUN_RULES
from bench.records.bundle import Contents, Distribution
from bench.records.reason import Reason
from bench.records.verdict import Finding, Severity
from bench.report.reasons import SENTENCES
from tests.builders import BINDING, make_cell, make_measurement, make_repetition
from tests.unit.compare.runs import STEADY, make_run

BASE = make_run(STEADY)


def show(findings: Sequence[Finding]) -> list[tuple[str, str]]:
    return [(finding.base, finding.new) for finding in findings]


def change(contents: Contents, field: str, value: object) -> Contents:
    """The contents with one field, by its dotted place, set to another value."""
    first, _, rest = field.partition(".")
    inner = value if not rest else change(getattr(contents, first), rest, value)
    return replace(contents, **{first: inner})


@pytest.mark.parametrize("rule", RUN_RULES, ids=lambda rule: rule.field)
@pytest.mark.parametrize("purpose", ["compare", "reproduce"])
def test_each_field_of_the_table_is_found_to_differ(rule: object, purpose: Purpose) -> None:
    field, severity = attrgetter("field", purpose)(rule)
    value = attrgetter(field)(BASE)
    if field == "environment.distributions":
        other: object = (Distribution(name="torch", version="2.15.0", digest=None),)
    elif isinstance(value, dict):
        other = {**value, "X": "1"}
    else:
        other = ("a",) if isinstance(value, tuple) else f"{value}-other"
    found = find_differences(BASE, change(BASE, field, other), purpose)
    assert found
    assert {(finding.field.startswith(field), finding.severity) for finding in found} == {(True, severity)}


def test_equal_runs_do_not_differ() -> None:
    assert find_differences(BASE, BASE, "reproduce") == ()


def test_packages_are_compared_one_by_one_and_by_their_hash() -> None:
    rebuilt = Distribution(name="numpy", version="2.3.0", digest=None)
    added = Distribution(name="added", version="1", digest=None)
    new = change(BASE, "environment.distributions", (rebuilt, BASE.environment.distributions[1], added))
    found = find_differences(BASE, new, "reproduce")
    assert [(finding.field, finding.base[:7], finding.new) for finding in found] == [
        ("environment.distributions.added", "(none)", "1"),
        ("environment.distributions.numpy", "2.3.0 s", "2.3.0"),
    ]
    assert explain_refusals(found)


def test_flags_are_listed_by_what_each_side_alone_has() -> None:
    new = change(BASE, "machine.cpu.isa", ("amx_bf16", "avx2"))
    assert show(find_differences(BASE, new, "compare")) == [("avx512f", "amx_bf16")]
    less = change(BASE, "machine.cpu.isa", ("avx2",))
    assert show(find_differences(BASE, less, "compare")) == [("avx512f", "(none)")]
    none = change(BASE, "machine.cpu.isa", ())
    assert show(find_differences(BASE, none, "compare")) == [("avx2, avx512f", "(none)")]


def test_emulation_forbids_a_verdict_though_both_have_it() -> None:
    emulated = change(BASE, "info.emulated", value=True)
    (reason,) = explain_refusals(find_differences(emulated, emulated, "compare"))
    assert reason == Reason(code="differs", values={"field": "info.emulated", "base": "True", "new": "True"})


def test_a_private_field_that_was_taken_out_is_no_difference() -> None:
    redacted = replace(change(BASE, "machine.host_name", ""), hidden=("host_name",))
    assert find_differences(BASE, redacted, "compare") == ()


def test_long_values_are_cut() -> None:
    found = find_differences(BASE, change(BASE, "machine.settings.kernel", "k" * 500), "compare")
    assert len(found[0].new) == 100


@pytest.mark.parametrize(("purpose", "severity"), [("compare", "warn"), ("reproduce", "refuse"), ("variants", "note")])
def test_the_severity_of_a_cells_variables_depends_on_the_purpose(purpose: Purpose, severity: Severity) -> None:
    cell = make_cell()
    other = replace(cell, environment={"KMP_BLOCKTIME": "0"})
    measurement = make_measurement(cell, make_repetition())
    found = find_cell_differences((cell, measurement), (other, measurement), purpose)
    assert [(finding.field, finding.base, finding.new, finding.severity) for finding in found] == [
        ("environment.KMP_BLOCKTIME", "(none)", "0", severity),
        ("environment.OMP_DYNAMIC", "FALSE", "(none)", severity),
    ]


def test_threads_are_listed_instance_by_instance() -> None:
    cell = make_cell()
    other = replace(cell, instances=(replace(BINDING, threads=1), BINDING))
    measurement = make_measurement(cell, make_repetition())
    found = find_cell_differences((cell, measurement), (other, measurement), "reproduce")
    assert next((finding.field, finding.base, finding.new) for finding in found) == ("threads", "2", "1, 2")
    assert explain_refusals(found)


def test_what_only_one_side_knows_is_no_difference() -> None:
    cell = make_cell()
    assert find_cell_differences((cell, BASE.measurements[0]), (cell, make_measurement(cell)), "reproduce") == ()


def test_every_rule_has_a_sentence_and_each_field_stands_once() -> None:
    rules = (*RUN_RULES, *CELL_RULES)
    fields = [rule.field for rule in rules]
    assert len(fields) == len(set(fields))
    assert {rule.code for rule in rules} <= SENTENCES.keys()
