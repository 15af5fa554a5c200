from collections.abc import Callable

import msgspec
import pytest

from bench.records.plan import Refusal
from bench.records.progress import Progress
from bench.records.summary import Drift
from bench.report.effective import render_effective
from bench.report.evidence import render_evidence
from bench.report.machine import describe_machine, render_machine
from bench.report.plan import render_plan
from bench.report.progress import render_progress
from bench.report.table import describe_case, render_results
from tests.builders import CASE, CHOICE, make_machine, make_plan
from tests.unit.bundle.builder import CELLS, CONTENTS

Golden = Callable[[str, str], None]


def test_the_table_is_as_it_was_reviewed(check_golden: Golden) -> None:
    check_golden("report/results.txt", render_results(CONTENTS) + "\n")


def test_evidence_is_as_it_was_reviewed(check_golden: Golden) -> None:
    check_golden("report/evidence.txt", render_evidence(CONTENTS) + "\n")


def test_what_was_in_force_is_as_it_was_reviewed(check_golden: Golden) -> None:
    check_golden("report/effective.txt", render_effective(CONTENTS) + "\n")


def test_a_case_is_told_with_its_shape_where_that_is_not_the_workloads_own() -> None:
    assert describe_case(CASE).startswith("resnet50 image_size=64, inference, ")
    usual = msgspec.structs.replace(CASE, shape={"image_size": 224})
    assert describe_case(usual).startswith("resnet50, inference, ")


def test_a_cell_without_a_number_says_why() -> None:
    assert (
        "no number for resnet50 image_size=64, inference, fp32, channels_last, eager, batch 4, latency: crashed message=worker"
        in (render_results(CONTENTS))
    )


def test_emulation_drift_and_refusals_are_never_left_out() -> None:
    contents = msgspec.structs.replace(
        CONTENTS,
        info=msgspec.structs.replace(CONTENTS.info, emulated=True),
        plan=msgspec.structs.replace(CONTENTS.plan, refused=(Refusal(case=CASE, reason="no such thing"),)),
        summary=msgspec.structs.replace(
            CONTENTS.summary, drift=(Drift(layout="latency", compute_ratio=1.3, bandwidth_ratio=1.0, probes=3),)
        ),
    )
    text = render_results(contents)
    assert "EMULATED" in text
    assert "drift: over 3 probes of layout latency, compute moved by 30%" in text
    assert "refused resnet50 image_size=64, inference, fp32, channels_last, eager, batch 4: no such thing" in text


def test_a_run_that_measured_nothing_has_no_table() -> None:
    empty = msgspec.structs.replace(CONTENTS, summary=msgspec.structs.replace(CONTENTS.summary, cells=()))
    assert "throughput" not in render_results(empty)


def test_the_machine_fits_on_a_screen(check_golden: Golden) -> None:
    text = render_machine(make_machine(), CHOICE, None)
    assert len(text.splitlines()) < 40
    check_golden("report/machine.txt", text + "\n")


def test_a_machine_without_a_profile_says_why() -> None:
    machine = msgspec.structs.replace(make_machine(1), missing=("/sys is not there",))
    text = render_machine(machine, None, "nothing fits")
    assert "profile   none: nothing fits" in text
    assert "missing        /sys is not there" in text


def test_a_guest_and_an_emulated_cpu_are_called_so() -> None:
    machine = make_machine()
    machine = msgspec.structs.replace(
        machine,
        cpu=msgspec.structs.replace(machine.cpu, emulated=True),
        settings=msgspec.structs.replace(machine.settings, hypervisor="kvm"),
    )
    assert describe_machine(machine).endswith("guest of kvm, EMULATED")


def test_the_plan_is_as_it_was_reviewed(check_golden: Golden) -> None:
    plan = msgspec.structs.replace(make_plan(*CELLS), refused=(Refusal(case=CASE, reason="no such thing"),))
    check_golden("report/plan.txt", render_plan(plan) + "\n")


def test_each_kind_of_progress_is_one_line(check_golden: Golden) -> None:
    summary, failure = CONTENTS.summary.cells[0], CONTENTS.measurements[2].failure
    moments = [
        Progress(kind="probe", cell=None, done=0, total=3, repetition=0, left_s=100),
        Progress(kind="repetition", cell=CELLS[0], done=0, total=3, repetition=2, left_s=90),
        Progress(kind="cell", cell=CELLS[0], done=1, total=3, repetition=2, left_s=80, summary=summary),
        Progress(kind="cell", cell=CELLS[1], done=2, total=3, repetition=4, left_s=70),
        Progress(kind="failed", cell=CELLS[2], done=3, total=3, repetition=0, left_s=0, failure=failure),
    ]
    lines = [render_progress(moment) for moment in moments]
    assert all("\n" not in line for line in lines)
    check_golden("report/progress.txt", "\n".join(lines) + "\n")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "about 1 min 0 s"),
        ({"aim_s": 300.0}, "about 1 min 0 s for the least, more until 5 min 0 s"),
        ({"aim_s": 300.0, "budget_s": 90.0}, "about 1 min 0 s for the least, more until 1 min 30 s"),
        ({"budget_s": 30.0}, "about 1 min 0 s"),
        ({"aim_s": 300.0, "repetitions_max": 2}, "about 1 min 0 s"),
    ],
    ids=["no aim", "an aim", "a budget before it", "a budget too short", "no more than the least"],
)
def test_a_plan_says_how_long_the_least_takes_and_until_when_there_is_more(
    changes: dict[str, float], said: str
) -> None:
    plan = make_plan()
    plan = msgspec.structs.replace(plan, policy=msgspec.structs.replace(plan.policy, **changes), estimate_s=60.0)
    assert render_plan(plan).endswith(f": {said}")


@pytest.mark.parametrize(("step_s", "told"), [(-3600.0, True), (0.002, False), (None, False)])
def test_a_wall_clock_that_was_set_is_told(step_s: float | None, *, told: bool) -> None:
    contents = msgspec.structs.replace(CONTENTS, info=msgspec.structs.replace(CONTENTS.info, clock_step_s=step_s))
    assert ("the wall clock was set by -3600 s" in render_results(contents)) is told
