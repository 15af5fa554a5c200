"""Effective settings: what all share is said once, and what differs is shown."""

from msgspec.structs import replace

from bench.report.effective import render_effective
from bench.report.rows.effective import EffectiveRow, make_effective_rows
from tests.unit.bundle.builder import CONTENTS

ROW = next(make_effective_rows(CONTENTS))


def repeat(count: int) -> list[EffectiveRow]:
    return [replace(ROW, repetition=number) for number in range(count)]


def test_repetitions_with_the_same_settings_share_a_line() -> None:
    common, _, *table = render_effective(repeat(5), 80).split("\n")
    assert common.startswith(f"all workers: CPUs {ROW.effective.cpus}, threads {ROW.effective.threads}, ")
    assert table[2].split() == [ROW.cell, "0-4", "0"]


def test_a_worker_with_other_settings_has_a_line_of_its_own() -> None:
    moved = replace(ROW, repetition=2, effective=replace(ROW.effective, cpus="7"))
    text = render_effective([*repeat(2), moved, replace(ROW, repetition=3)], 80)
    assert [line.split() for line in text.split("\n") if line.startswith(ROW.cell)] == [
        [ROW.cell, "0-1,3", "0", ROW.effective.cpus],
        [ROW.cell, "2", "0", "7"],
    ]
