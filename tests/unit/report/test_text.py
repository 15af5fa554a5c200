from collections.abc import Callable

import msgspec
import pytest

from bench.hardware.readings import ProcessLimits
from bench.records.bundle import Citation, Contents
from bench.records.plan import Refusal
from bench.records.progress import Progress
from bench.records.summary import Drift, Mark
from bench.report.cases import describe_case
from bench.report.effective import render_effective
from bench.report.evidence import render_evidence
from bench.report.machine import describe_machine, render_machine
from bench.report.plan import render_plan
from bench.report.progress import render_progress
from bench.report.rows.effective import make_effective_rows
from bench.report.rows.evidence import make_evidence_rows
from bench.report.run_report import make_run_report
from bench.report.text import MARK_LETTERS, render_text
from tests.builders import CASE, CHOICE, DIGEST, make_cell, make_machine, make_plan, make_reason
from tests.unit.bundle.builder import CELLS, CONTENTS

Golden = Callable[[str, str], None]


def render(contents: Contents) -> str:
    return render_text(make_run_report(contents, bundle="x.bench.tar"))


def mark(*marks: Mark, invalid_repetitions: int = 0) -> str:
    """Render a run in which the first cell has these marks, and no other cell has any."""
    first, *others = (msgspec.structs.replace(cell, marks=()) for cell in CONTENTS.summary.cells)
    marked = msgspec.structs.replace(first, marks=marks, invalid_repetitions=invalid_repetitions)
    return render(
        msgspec.structs.replace(CONTENTS, summary=msgspec.structs.replace(CONTENTS.summary, cells=(marked, *others)))
    )


def test_the_table_matches_its_golden_file(check_golden: Golden) -> None:
    check_golden("report/results.txt", render(CONTENTS))


def test_each_mark_is_a_letter_that_the_legend_explains() -> None:
    for name, letter in MARK_LETTERS.items():
        lines = mark(name).splitlines()
        assert next(line for line in lines if line.startswith("resnet50 ")).endswith(f"  {letter}")
        assert any(line.startswith(f"{letter}: ") for line in lines)


def test_marks_have_a_fixed_order_and_count_invalid_repetitions() -> None:
    text = mark("wide_throughput", "steady_state_not_reached", invalid_repetitions=2)
    assert "  uti2\n" in text
    assert "u: steady state not reached. t: throughput interval wider than the ±5% asked for. iN: " in text


def test_few_repetitions_show_their_range_in_brackets_and_a_single_one_no_width() -> None:
    first, *others = (msgspec.structs.replace(cell, marks=()) for cell in CONTENTS.summary.cells)
    assert "  (0.0)  " in mark("few_repetitions")
    single = msgspec.structs.replace(first, repetitions=1, samples=6, marks=("single_repetition",))
    contents = msgspec.structs.replace(
        CONTENTS, summary=msgspec.structs.replace(CONTENTS.summary, cells=(single, *others))
    )
    (line,) = (line for line in render(contents).splitlines() if line.endswith("  o"))
    assert "0.0" not in line


def test_the_legend_explains_only_marks_that_occur() -> None:
    assert "single repetition" not in mark("sliding")


def test_a_cell_is_compared_with_the_peak_that_limits_it() -> None:
    first, second, *others = CONTENTS.summary.cells
    bound = msgspec.structs.replace(second, roofline_ratio=0.123, bound_by="memory")
    text = render(
        msgspec.structs.replace(
            CONTENTS, summary=msgspec.structs.replace(CONTENTS.summary, cells=(first, bound, *others))
        )
    )
    assert "  12 memory  " in text
    assert "  727 compute  " in text


def test_a_reproduction_names_the_run_that_it_repeats() -> None:
    cites = Citation(run_id=CONTENTS.info.run_id, content_digest=DIGEST)
    contents = msgspec.structs.replace(CONTENTS, info=msgspec.structs.replace(CONTENTS.info, cites=cites))
    assert f"repeats run {CONTENTS.info.run_id}, {DIGEST}\n" in render(contents)


def test_evidence_matches_its_golden_file(check_golden: Golden) -> None:
    check_golden("report/evidence.txt", render_evidence(tuple(make_evidence_rows(CONTENTS))) + "\n")


def test_effective_settings_match_their_golden_file(check_golden: Golden) -> None:
    check_golden("report/effective.txt", render_effective(tuple(make_effective_rows(CONTENTS))) + "\n")


def test_a_case_is_described_with_its_shape_where_that_differs_from_the_default() -> None:
    assert describe_case(CASE).startswith("resnet50 image_size=64, inference, ")
    default = msgspec.structs.replace(CASE, shape={"image_size": 224})
    assert describe_case(default).startswith("resnet50, inference, ")


def test_a_cell_without_a_number_says_why() -> None:
    assert (
        "no number for resnet50 image_size=64, inference, fp32, channels_last, eager, batch 4, latency: the worker died"
        in render(CONTENTS)
    )


def test_emulation_drift_and_refusals_are_never_left_out() -> None:
    contents = msgspec.structs.replace(
        CONTENTS,
        machine=msgspec.structs.replace(
            CONTENTS.machine, cpu=msgspec.structs.replace(CONTENTS.machine.cpu, emulated=True)
        ),
        plan=msgspec.structs.replace(
            CONTENTS.plan,
            refused=(Refusal(case=CASE, reason=make_reason("avx2_missing", workload="resnet50", cpu="Test CPU")),),
        ),
        summary=msgspec.structs.replace(
            CONTENTS.summary, drift=(Drift(layout="latency", compute_ratio=1.3, bandwidth_ratio=1.0, probes=3),)
        ),
    )
    text = render(contents)
    assert "EMULATED" in text
    assert "drift: over 3 probes of layout latency, compute changed by 30%" in text
    assert "refused resnet50 image_size=64, inference, fp32, channels_last, eager, batch 4: resnet50 needs AVX2" in text


def test_a_run_that_measured_nothing_has_no_table() -> None:
    empty = msgspec.structs.replace(CONTENTS, summary=msgspec.structs.replace(CONTENTS.summary, cells=()))
    assert "throughput" not in render(empty)


def test_the_machine_fits_on_a_screen(check_golden: Golden) -> None:
    text = render_machine(make_machine(), CHOICE, None, ProcessLimits(threads=8192, open_files=1024))
    assert len(text.splitlines()) < 40
    check_golden("report/machine.txt", text + "\n")


def test_limits_of_the_process_are_shown_where_they_are_set() -> None:
    limits = ProcessLimits(threads=100, address_space_bytes=4 << 30)
    assert "\nlimits         100 processes and threads, 4.00 GiB of address space\n" in render_machine(
        make_machine(), CHOICE, None, limits
    )
    assert "\nlimits" not in render_machine(make_machine(), CHOICE, None, ProcessLimits())


def test_a_machine_without_a_profile_says_why() -> None:
    machine = msgspec.structs.replace(make_machine(1), missing=(make_reason("topology_assumed"),))
    text = render_machine(machine, None, "nothing fits", ProcessLimits())
    assert "profile   none: nothing fits" in text
    assert "missing        no topology is shown; assumed is one core of package 0 for each CPU" in text


def test_a_guest_and_an_emulated_cpu_are_marked() -> None:
    machine = make_machine()
    machine = msgspec.structs.replace(
        machine,
        cpu=msgspec.structs.replace(machine.cpu, emulated=True),
        settings=msgspec.structs.replace(machine.settings, hypervisor="kvm"),
    )
    assert describe_machine(machine).endswith("guest of kvm, EMULATED")


def test_the_plan_matches_its_golden_file(check_golden: Golden) -> None:
    plan = msgspec.structs.replace(
        make_plan(*CELLS),
        refused=(Refusal(case=CASE, reason=make_reason("avx2_missing", workload="resnet50", cpu="Test CPU")),),
    )
    check_golden("report/plan.txt", render_plan(plan) + "\n")


def test_a_plan_has_a_line_for_each_cell_and_says_once_how_a_layout_is_bound() -> None:
    cells = [make_cell(index) for index in range(100)]
    lines = render_plan(make_plan(*cells)).splitlines()
    assert sum(line.startswith("resnet50") for line in lines) == len(cells)
    assert sum("instance 0" in line for line in lines) == 1
    assert len(lines) == len(cells) + 13


def test_each_kind_of_progress_is_one_line(check_golden: Golden) -> None:
    summary, failure = CONTENTS.summary.cells[0], CONTENTS.measurements[2].failure
    side = msgspec.structs.replace(CELLS[0], variant="b")
    moments = [
        Progress(kind="probe", cell=None, done=0, total=3, repetition=0, elapsed_s=20, left_s=100),
        Progress(kind="repetition", cell=CELLS[0], done=0, total=3, repetition=2, elapsed_s=20, left_s=90),
        Progress(kind="repetition", cell=side, done=0, total=3, repetition=2, elapsed_s=20, left_s=85),
        Progress(kind="cell", cell=CELLS[0], done=1, total=3, repetition=2, elapsed_s=20, left_s=80, summary=summary),
        Progress(kind="cell", cell=CELLS[1], done=2, total=3, repetition=4, elapsed_s=20, left_s=70),
        Progress(kind="failed", cell=CELLS[2], done=3, total=3, repetition=0, elapsed_s=20, left_s=0, failure=failure),
    ]
    lines = [render_progress(moment) for moment in moments]
    assert all("\n" not in line for line in lines)
    check_golden("report/progress.txt", "\n".join(lines) + "\n")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "about 1 min 0 s; up to 4 min 0 s where noise voids repetitions"),
        ({"aim_s": 300.0}, "about 1 min 0 s for the minimum, more until 5 min 0 s"),
        (
            {"aim_s": 90.0},
            "about 1 min 0 s for the minimum, more until 1 min 30 s; up to 4 min 0 s where noise voids repetitions",
        ),
        ({"aim_s": 300.0, "budget_s": 90.0}, "about 1 min 0 s for the minimum, more until 1 min 30 s"),
        ({"budget_s": 30.0}, "about 1 min 0 s"),
        ({"aim_s": 300.0, "repetitions_max": 2}, "about 1 min 0 s; up to 2 min 0 s where noise voids repetitions"),
    ],
    ids=[
        "no aim",
        "an aim",
        "an aim before all void ones are made again",
        "a budget before it",
        "a budget too short",
        "no more than the minimum",
    ],
)
def test_a_plan_says_how_long_the_minimum_takes_and_until_when_more_may_follow(
    changes: dict[str, float], words: str
) -> None:
    plan = make_plan()
    plan = msgspec.structs.replace(plan, policy=msgspec.structs.replace(plan.policy, **changes), estimate_s=60.0)
    assert render_plan(plan).split("\n")[0].endswith(f": {words}")


@pytest.mark.parametrize(("step_s", "reported"), [(-3600.0, True), (0.002, False), (None, False)])
def test_a_wall_clock_that_was_set_is_reported(step_s: float | None, *, reported: bool) -> None:
    contents = msgspec.structs.replace(CONTENTS, info=msgspec.structs.replace(CONTENTS.info, clock_step_s=step_s))
    assert ("the wall clock was set by -3600 s" in render(contents)) is reported


def test_flags_that_are_not_shown_are_unknown() -> None:
    machine = make_machine()
    hidden = msgspec.structs.replace(machine, cpu=msgspec.structs.replace(machine.cpu, isa=()))
    assert "unknown (no flags are shown)" in render_machine(hidden, None, "nothing fits", ProcessLimits())
