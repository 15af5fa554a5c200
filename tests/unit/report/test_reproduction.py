from msgspec.structs import replace

from bench.compare.reproduce import find_obstacles, judge_reproduction, refuse_reproduction
from bench.records.bundle import Citation, Contents
from bench.report.reproduction import REMEDY, render_reproduction
from tests.builders import DIGEST
from tests.unit.compare.runs import STEADY, make_run, times

MARGIN_RATIO = 0.05


def render(original: Contents, again: Contents) -> str:
    cites = Citation(run_id=original.info.run_id, content_digest=DIGEST)
    return render_reproduction(judge_reproduction(cites, original, again, MARGIN_RATIO))


def row(text: str, batch: int) -> str:
    return next(line for line in text.splitlines() if f"eager, batch {batch} " in line)


def test_says_what_was_reproduced_within_which_margin() -> None:
    original = make_run(STEADY)
    text = render(original, make_run(STEADY))
    assert text.startswith(f"original: run {original.info.run_id}, {DIGEST}\nscatter between runs 2.00%, assumed: ")
    assert "reproduced" in row(text, 1)
    assert row(text, 1).endswith("  8/8  equivalent within 5%")
    assert "p: of a difference at the margin or beyond it; reproduced at 5% or below\n" in text
    assert text.endswith("\nreproduced: every cell is the same within the margin (exit status 0)")


def test_says_for_each_cell_why_it_is_not_the_same() -> None:
    text = render(make_run(STEADY, STEADY, STEADY), make_run(times(1.5), times(0.6), ()))
    assert row(text, 1).endswith("slower by more than 5%")
    assert row(text, 2).endswith("faster by more than 5%")
    assert REMEDY not in text
    assert row(text, 3).endswith(
        "the new side has no number; the worker died of SIGSEGV (segmentation fault: invalid memory access)"
    )
    assert text.endswith("not reproduced: at least one cell is not the same (exit status 1)")


def test_says_that_more_data_are_needed() -> None:
    text = render(make_run(STEADY), make_run(times(1.05)))
    assert "neither within 5% nor beyond it is shown" in row(text, 1)
    assert f"\n{REMEDY}\n" in text
    assert text.endswith("none is shown to differ (exit status 3)")


def test_says_what_forbids_a_new_run_without_a_table() -> None:
    original = make_run(STEADY)
    machine = replace(original.machine, cpu=replace(original.machine.cpu, model_name="Other CPU"))
    findings = find_obstacles(original, machine, original.environment, original.image)
    cites = Citation(run_id=original.info.run_id, content_digest=DIGEST)
    assert render_reproduction(refuse_reproduction(cites, findings, MARGIN_RATIO)) == (
        f"original: run {original.info.run_id}, {DIGEST}\n"
        "refuse: machine.cpu.model_name: Test CPU → Other CPU "
        "(models of one family differ in clock, caches and memory channels)\n"
        "not comparable: what differs forbids a verdict (exit status 4)"
    )
