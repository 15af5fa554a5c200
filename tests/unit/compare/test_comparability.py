from operator import attrgetter

import pytest
from msgspec.structs import replace

from bench.compare.comparability import ABSENT, Purpose, explain_refusals, find_cell_differences, find_differences
from bench.compare.rules import CELL_RULES, RUN_RULES
from bench.records.bundle import Contents, Distribution
from bench.records.inherited import Inherited
from bench.records.measurement import Measurement
from bench.records.reason import Reason
from bench.records.verdict import Severity
from bench.report.reasons import describe_reason
from bench.report.reasons_compare import SENTENCES_COMPARE
from tests.builders import BINDING, make_cell, make_instance, make_measurement, make_repetition
from tests.unit.compare.runs import STEADY, make_run

BASE = make_run(STEADY)


def change(contents: Contents, field: str, value: object) -> Contents:
    """The contents with one field, by its dotted place, set to another value."""
    first, _, rest = field.partition(".")
    inner = value if not rest else change(getattr(contents, first), rest, value)
    return replace(contents, **{first: inner})


def find_values(base: Contents, new: Contents) -> list[tuple[str, str]]:
    """The values of both sides in each finding."""
    return [(finding.base, finding.new) for finding in find_differences(base, new, "compare")]


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


def test_packages_are_told_one_by_one_and_by_their_hash() -> None:
    rebuilt = Distribution(name="numpy", version="2.3.0", digest=None)
    added = Distribution(name="added", version="1", digest=None)
    new = change(BASE, "environment.distributions", (rebuilt, BASE.environment.distributions[1], added))
    found = find_differences(BASE, new, "reproduce")
    assert [(finding.field, finding.base[:7], finding.new) for finding in found] == [
        ("environment.distributions.added", "(none)", "1"),
        ("environment.distributions.numpy", "2.3.0 s", "2.3.0"),
    ]
    assert len(explain_refusals(found)) == 2


def test_flags_are_told_by_what_each_side_alone_has() -> None:
    new = change(BASE, "machine.cpu.isa", ("amx_bf16", "avx2"))
    assert find_values(BASE, new) == [("avx512f", "amx_bf16")]
    assert find_values(BASE, change(BASE, "machine.cpu.isa", ("avx2",))) == [("avx512f", ABSENT)]


def test_flags_are_told_in_alphabetical_order() -> None:
    names = ("amx_bf16", "amx_int8", "amx_tile", "avx2", "avx512_fp16", "avx512f", "avx512vl")
    assert find_values(BASE, change(BASE, "machine.cpu.isa", names)) == [
        (ABSENT, "amx_bf16, amx_int8, amx_tile, avx512_fp16, avx512vl")
    ]


def test_emulation_forbids_a_verdict_though_both_have_it() -> None:
    emulated = change(BASE, "machine.cpu.emulated", value=True)
    assert explain_refusals(find_differences(emulated, emulated, "compare")) == (
        Reason(code="differs", values={"field": "machine.cpu.emulated", "base": "True", "new": "True"}),
    )


def test_only_what_refuses_forbids_a_verdict() -> None:
    new = change(change(BASE, "machine.cpu.vendor", "Other"), "machine.settings.kernel", "6.2")
    found = find_differences(BASE, new, "compare")
    assert [finding.reason.code for finding in found] == ["other_cpu", "other_kernel"]
    (reason,) = explain_refusals(found)
    assert describe_reason(reason) == "machine.cpu.vendor differs (GenuineIntel and Other), which forbids a verdict"


def test_a_private_field_that_was_taken_out_is_no_difference() -> None:
    redacted = replace(change(BASE, "machine.host_name", ""), hidden=("host_name",))
    assert find_differences(BASE, redacted, "compare") == ()


def test_long_values_are_cut() -> None:
    found = find_differences(BASE, change(BASE, "machine.settings.kernel", "k" * 500), "compare")
    assert len(found[0].new) == 100


@pytest.mark.parametrize(("purpose", "severity"), [("compare", "warn"), ("reproduce", "refuse"), ("variants", "note")])
def test_variables_of_a_cell_matter_by_what_is_asked(purpose: Purpose, severity: Severity) -> None:
    cell = make_cell()
    other = replace(cell, environment={"KMP_BLOCKTIME": "0"})
    measurement = make_measurement(cell, make_repetition())
    found = find_cell_differences((cell, measurement), (other, measurement), purpose)
    assert [(finding.field, finding.base, finding.new, finding.severity) for finding in found] == [
        ("environment.KMP_BLOCKTIME", "(none)", "0", severity),
        ("environment.OMP_DYNAMIC", "FALSE", "(none)", severity),
    ]


def test_threads_are_told_instance_by_instance() -> None:
    cell = make_cell()
    other = replace(cell, instances=(replace(BINDING, threads=1), BINDING))
    measurement = make_measurement(cell, make_repetition())
    found = find_cell_differences((cell, measurement), (other, measurement), "reproduce")
    assert (found[0].field, found[0].base, found[0].new) == ("threads", "2", "1, 2")
    assert "threads" in [reason.values["field"] for reason in explain_refusals(found)]


def test_what_only_one_side_knows_is_no_difference() -> None:
    cell = make_cell()
    assert find_cell_differences((cell, BASE.measurements[0]), (cell, make_measurement(cell)), "reproduce") == ()


def test_every_rules_code_has_a_sentence_and_each_field_stands_once() -> None:
    rules = (*RUN_RULES, *CELL_RULES)
    assert len({rule.field for rule in rules}) == len(rules)
    assert {rule.code for rule in rules} <= SENTENCES_COMPARE.keys()


def run_as(**state: object) -> Measurement:
    """One repetition of a worker that inherited some state."""
    instance = make_instance()
    effective = replace(instance.effective, inherited=Inherited(**state), flush_denormals=False)
    return make_measurement(make_cell(), make_repetition(0, replace(instance, effective=effective)))


@pytest.mark.parametrize(
    ("base", "new", "fields"),
    [
        pytest.param({"nice": 0}, {"nice": 5}, ["inherited.nice"], id="a niceness"),
        pytest.param({"limits": {"stack": 1}}, {"limits": {}}, ["inherited.limits.stack"], id="a limit by its name"),
        pytest.param({"nice": 0}, {}, [], id="unavailable on one side"),
        pytest.param({"timer_slack_ns": 1}, {"timer_slack_ns": 1}, [], id="the same"),
    ],
)
def test_state_that_workers_inherited_is_compared(
    base: dict[str, object], new: dict[str, object], fields: list[str]
) -> None:
    cell = make_cell()
    found = find_cell_differences((cell, run_as(**base)), (cell, run_as(**new)), "compare")
    assert [finding.field for finding in found] == fields


def test_all_state_that_workers_inherit_has_a_rule() -> None:
    rules = {rule.field for rule in CELL_RULES}
    assert {f"inherited.{name}" for name in Inherited.__struct_fields__} <= rules


def test_state_that_changes_from_one_repetition_to_the_next_is_told_with_all_its_values() -> None:
    first, second = run_as(nice=0), run_as(nice=5)
    both = replace(first, repetitions=(*first.repetitions, *second.repetitions))
    (finding,) = find_cell_differences((make_cell(), first), (make_cell(), both), "compare")
    assert (finding.field, finding.base, finding.new) == ("inherited.nice", "0", "0, 5")


def test_values_of_several_workers_are_told_in_words_and_in_order() -> None:
    first, second = run_as(limits={"stack": 8}), run_as(limits={"stack": 9, "nofile": 4})
    both = replace(first, repetitions=(*first.repetitions, *second.repetitions))
    (finding,) = find_cell_differences((make_cell(), first), (make_cell(), both), "compare")
    assert (finding.base, finding.new) == ("stack=8", "stack=8, nofile=4, stack=9")
