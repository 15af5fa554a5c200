from collections.abc import Callable

from msgspec.structs import replace

from bench.history.judge import judge_history
from bench.history.series import group_series
from bench.records.history import Excluded, History, Rerun
from bench.records.reason import Reason
from bench.report.history import EXCLUDED_MAX, render_history
from bench.stats.change_limits import load_limits
from tests.unit.history.histories import make_columns, make_history


def make_report(**changes: object) -> History:
    runs = make_history(32, 22, 1.08, **changes)
    columns = make_columns(runs)
    bundles = [f"nightly/{contents.info.run_id}.bench.tar" for contents in runs]
    return judge_history(columns, bundles, group_series(columns, across_locks=False), load_limits())


def test_the_whole_report(check_golden: Callable[[str, str], None]) -> None:
    check_golden("report/history.txt", render_history(make_report(machine__settings__kernel="6.2"), 100) + "\n")


def test_a_break_is_named_once() -> None:
    text = render_history(make_report(machine__settings__governor="powersave"))
    assert text.count("break: not comparable with earlier runs of these cells") == 1
    assert text.count("machine.settings.governor: performance → powersave") == 1


def test_excluded_bundles_are_named_and_many_are_counted() -> None:
    reason = Reason(code="interleaved")
    few, many = (
        render_history(
            replace(make_report(), excluded=tuple(Excluded(bundle=f"{n}", reason=reason) for n in range(count)))
        )
        for count in (1, EXCLUDED_MAX + 3)
    )
    assert "excluded: 0: its repetitions were interleaved by bench ab" in few
    assert "excluded: 3 bundles more" in many


def test_what_a_bundle_says_stays_on_its_line() -> None:
    text = render_history(make_report(machine__settings__kernel="6.2\nno regression (exit status 0)"))
    assert "6.2\\nno regression" in text


def test_packages_of_both_sides_are_named_beside_the_commands() -> None:
    history = make_report()
    rerun = Rerun(kind="ab", commands=(("bench", "ab"),), packages={"torch": ("2.14.1", "2.15.0")})
    host = history.hosts[0]
    cell = host.cells[0]
    changed = replace(cell, changes=(replace(cell.changes[0], rerun=rerun),))
    text = render_history(replace(history, hosts=(replace(host, cells=(changed,)),)))
    assert "side a needs torch 2.14.1, side b torch 2.15.0" in text
    assert "    bench ab" in text
