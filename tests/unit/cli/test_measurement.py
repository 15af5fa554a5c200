import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from bench.cli.measurement import Measured, exit_status, print_warnings
from bench.planning.plan import FACILITY_CODES
from bench.records.plan import Refusal
from bench.records.reason import Reason
from bench.report.reasons import SENTENCES
from bench.stats.summary import summarize
from tests.builders import CASE, make_plan
from tests.unit.cli.conftest import Invoke
from tests.unit.run.scripted import decide

PLAN = make_plan()
NOT_FAILED = replace(summarize(PLAN, (), ()), failed={})


def measured(*codes: str, failed: str | None = None) -> Measured:
    refused = tuple(Refusal(case=CASE, reason=Reason(code=code)) for code in codes)
    reasons = {} if failed is None else {PLAN.cells[0].id: Reason(code=failed)}
    return Measured(Path("x.bench.tar"), replace(NOT_FAILED, failed=reasons), replace(PLAN, refused=refused))


@pytest.mark.parametrize(
    ("run", "status"),
    [
        (measured(), 0),
        (measured("precision_not_offered"), 0),
        (measured(failed="too_noisy"), 3),
        (measured(failed="crashed"), 5),
        (measured("compiler_missing"), 5),
        (measured("memory_below_need", failed="too_noisy"), 5),
    ],
    ids=[
        "all measured",
        "a case that no environment supports",
        "too noisy",
        "a cell failed",
        "this environment refuses a case",
        "this environment refuses a case, and another is noisy",
    ],
)
def test_the_status_is_zero_only_if_all_that_is_supported_was_measured(run: Measured, status: int) -> None:
    assert exit_status(run) == status


def test_every_refusal_of_the_environment_has_a_sentence() -> None:
    assert SENTENCES.keys() >= FACILITY_CODES


@pytest.mark.parametrize(
    ("arguments", "announced"),
    [
        (
            (),
            r"measuring suite quick, \d+ cells, with profile [a-z0-9-]+: about 4 min \d+ s for the minimum, more until 4 min 20 s; up to 1\d min \d+ s where noise voids repetitions",
        ),
        (
            ("run", "--suite", "nightly", "--workload", "dlrm", "--precision", "fp32"),
            r"measuring suite nightly, 1 cell, with profile [a-z0-9-]+: about \d+ s for the minimum, more until 58 min 20 s",
        ),
    ],
    ids=["no arguments", "a suite with an aim"],
)
def test_a_run_says_what_it_will_do_before_it_begins(
    arguments: tuple[str, ...], announced: str, invoke: Invoke, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """In the first lines, before warnings and progress."""

    def stop(*_arguments: object, **_options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("bench.run.session.run_plan", stop)
    outcome = invoke(*arguments)
    what, where, *_, last = outcome.err.splitlines()
    assert re.fullmatch(announced, what)
    assert where == "the bundle goes to results; Ctrl-C keeps what was measured"
    assert last == "bench: interrupted"
    assert (outcome.status, outcome.out) == (130, "")


def test_a_library_that_was_replaced_is_no_override_of_the_users(capsys: pytest.CaptureFixture[str]) -> None:
    decision = decide(1)
    (layout, *_) = decision.plan.layouts
    overridden = replace(layout, overridden=("--allocator system", "--threads 2"))
    reason = Reason(code="allocator_replaced", values={"name": "jemalloc", "replacement": "system", "package": "x"})
    print_warnings(replace(decision, plan=replace(decision.plan, layouts=(overridden,)), replaced=(reason,)))
    told = capsys.readouterr().err
    assert f"layout {layout.name}: overridden by --threads 2\n" in told
    assert "--allocator" not in told
