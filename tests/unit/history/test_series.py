from collections.abc import Iterable

import pytest

from bench.compare.rules import CELL_RULES, RUN_RULES
from bench.history.series import CAUSES, LOCK, HostSeries, find_differences, group_series, is_break
from bench.records.bundle import Contents, Distribution
from tests.builders import DIGEST
from tests.unit.history.histories import make_columns, make_history, make_run

OTHER = DIGEST.replace("0", "1")


def group(runs: Iterable[Contents], *, across_locks: bool = False) -> tuple[HostSeries, ...]:
    return group_series(make_columns(runs), across_locks=across_locks)


def lengths(hosts: Iterable[HostSeries]) -> list[list[int]]:
    return [[len(cell.rows) for cell in host.cells] for host in hosts]


def test_comparable_runs_are_one_series_for_each_cell() -> None:
    hosts = group(make_history(5))
    assert lengths(hosts) == [[5, 5]]
    assert [cell.layout for cell in hosts[0].cells] == ["latency", "throughput"]
    assert hosts[0].cells[0].series.runs.tolist() == [0, 1, 2, 3, 4]
    assert not any(cell.breaks for cell in hosts[0].cells)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("machine.cpu.model_name", "Other CPU"),
        ("machine.settings.governor", "powersave"),
        ("machine.limits.cpu_quota", 1.0),
        ("environment.lock_digest", OTHER),
        ("plan.policy.measure_s", 0.06),
        ("image.inside", False),
    ],
)
def test_another_machine_lock_or_setting_is_a_break_with_its_name(field: str, value: object) -> None:
    hosts = group(make_history(6, 4, **{field.replace(".", "__"): value}))
    assert lengths(hosts) == [[4, 4], [2, 2]]
    for cell in hosts[1].cells:
        assert field in {finding.field for finding in cell.breaks}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("machine.settings.kernel", "6.2"),
        ("machine.settings.microcode", "0x99"),
        ("machine.host_name", "node8"),
        ("environment.source_digest", OTHER),
        ("environment.distributions", (Distribution(name="torch", version="2.15.0", digest=None),)),
    ],
)
def test_what_a_change_may_come_from_is_no_break_and_is_named(field: str, value: object) -> None:
    runs = make_history(6, 4, **{field.replace(".", "__"): value})
    columns = make_columns(runs)
    hosts = group_series(columns, across_locks=False)
    assert lengths(hosts) == [[6, 6]]
    rows = hosts[0].cells[0].rows
    found = find_differences(columns, int(rows[3]), int(rows[4]))
    assert any(finding.field.startswith(field) for finding in found)
    assert find_differences(columns, int(rows[0]), int(rows[3])) == ()


def test_locks_are_compared_where_that_is_asked_for() -> None:
    runs = make_history(6, 4, environment__lock_digest=OTHER)
    assert lengths(group(runs, across_locks=True)) == [[6, 6]]


def test_a_series_goes_on_after_runs_of_another_machine() -> None:
    runs = [
        make_run(number) if number % 2 else make_run(number, machine__cpu__model_name="Other") for number in range(8)
    ]
    hosts = group(runs)
    assert lengths(hosts) == [[4, 4], [4, 4]]
    assert hosts[1].cells[0].series.runs.tolist() == [0, 1, 2, 3]


def test_a_setting_of_the_cell_itself_is_a_break() -> None:
    changed = make_run(3)
    cells = tuple(_with_threads(cell) for cell in changed.plan.cells)
    runs = [*make_history(3), make_run(3, plan__cells=cells)]
    hosts = group(runs)
    assert lengths(hosts) == [[3, 3, 1, 1]]
    assert [finding.field for finding in hosts[0].cells[2].breaks] == ["environment.NEW"]


def _with_threads(cell: object) -> object:
    from msgspec.structs import replace

    return replace(cell, environment={"OMP_DYNAMIC": "FALSE", "NEW": "1"})


def test_no_runs_make_no_series() -> None:
    assert group([]) == ()


def test_every_cause_is_a_field_that_compare_looks_at() -> None:
    assert CAUSES | {LOCK} <= {rule.field for rule in RUN_RULES}
    assert {rule.field for rule in (*RUN_RULES, *CELL_RULES) if rule.compare == "refuse"} <= {
        rule.field for rule in (*RUN_RULES, *CELL_RULES) if is_break(rule, across_locks=True)
    }


def test_a_later_run_changes_nothing_of_an_earlier_one() -> None:
    whole, part = (group(make_history(count))[0].cells[0].series for count in (9, 6))
    assert whole.values[:6].tolist() == part.values.tolist()
    assert whole.variances[:6].tolist() == part.variances.tolist()
    assert (part.variances > 0).all()
