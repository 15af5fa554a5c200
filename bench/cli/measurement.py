"""What `run`, `ab` and `reproduce` share: output, note, key and resume, and the way from a plan to a sealed bundle."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import click

from bench.cli.combinations import refuse_with_resume
from bench.cli.console import open_progress, print_text, wide_option
from bench.cli.sign_options import load_signer, signing_options
from bench.cli.types import FilePath, Line
from bench.errors import BenchError, CellsFailedError, TooNoisyError
from bench.records.plan import Plan
from bench.records.source import find_problem
from bench.records.summary import Summary

if TYPE_CHECKING:
    from bench.run.prepare import Decision

Command = TypeVar("Command", bound=Callable[..., object])


class RunSettings(NamedTuple):
    """How a plan is measured.

    Attributes:
        resume: Folder of an interrupted run to resume; None starts a new run.
        output: Folder for the bundle.
        note: Stored in the bundle.
        key, passphrase_file: The key that signs; None for a key made for this run.
        dry_run: Print the plan and measure nothing.
        as_json: Print JSON.
        wide: Print whole tables, however wide the terminal is.
    """

    resume: Path | None
    output: Path
    note: str | None
    key: Path | None
    passphrase_file: Path | None
    dry_run: bool
    as_json: bool
    wide: bool


class Measured(NamedTuple):
    """What was measured: the bundle, its summary, and the plan."""

    path: Path
    summary: Summary
    plan: Plan


def run_settings_options(command: Command) -> Command:
    """Add the options of `RunSettings`."""
    for option in reversed(
        (
            click.option("--resume", type=FilePath(), metavar="DIR", help="Resume an interrupted run."),
            click.option("--output", type=FilePath(), default=Path("results"), envvar="BENCH_OUTPUT", show_default=True, metavar="DIR", help="Folder for the bundle (or set BENCH_OUTPUT)."),
            click.option("--note", type=Line(), help="One line to store in the bundle; bench redact can remove it."),
            signing_options,
            click.option("--dry-run", is_flag=True, help="Print the plan and measure nothing."),
            click.option("--json", "as_json", is_flag=True, help="Print JSON."),
            wide_option,
        )
    ):  # fmt: skip
        command = option(command)
    return command


def take_run_settings(given: dict[str, object]) -> RunSettings:
    """Take the run settings out of the values from click.

    Raises:
        UsageError: a resumed run cannot take an option that was typed.
    """
    refuse_with_resume(click.get_current_context())
    return RunSettings(**{name: given.pop(name) for name in RunSettings._fields})  # type: ignore[arg-type] # as the options say


def measure(decide: "Callable[[], Decision]", settings: RunSettings) -> Measured | None:
    """Measure a plan, or resume a run.

    Args:
        decide: Returns the plan; not called for a resumed run, which has one.
        settings: How to measure it.

    Returns:
        What was measured; None for a dry run, which prints the plan.
    """
    from bench.bundle.image import describe_image
    from bench.run.journal import read_session
    from bench.run.output import require_output
    from bench.run.session import resume_run, run_plan

    if settings.dry_run:
        decision = decide() if settings.resume is None else read_session(settings.resume).decision
        print_replaced(decision)
        print_plan(decision.plan, as_json=settings.as_json, wide=settings.wide)
        return None
    signer = load_signer(settings.key, settings.passphrase_file)
    if settings.resume is not None:
        plan = read_session(settings.resume).decision.plan
        with open_progress() as report_progress:
            done = resume_run(settings.resume, signer, report_progress=report_progress)
    else:
        decision = decide()
        plan = decision.plan
        require_output(settings.output, in_image=describe_image().inside)
        print_announcement(plan, settings.output)
        print_replaced(decision)
        print_withheld(decision)
        print_warnings(decision)
        with open_progress() as report_progress:
            done = run_plan(decision, settings.output, signer, report_progress=report_progress, note=settings.note)
    measured = Measured(*done, plan)
    # Named before anything else is printed: standard output may be full or closed, and verdicts take seconds.
    print_text(f"bundle: {measured.path}", err=True)
    return measured


def exit_status(measured: Measured) -> int:
    """Return the exit status of a finished run. A case that only this environment refuses counts as failed."""
    from bench.planning.plan import FACILITY_CODES

    failed = measured.summary.failed
    plan = measured.plan
    if any(
        refusal.reason.code in FACILITY_CODES or find_problem(refusal.case, plan.sources) for refusal in plan.refused
    ):
        return CellsFailedError.exit_code
    if not failed:
        return 0
    noisy = all(reason.code == "too_noisy" for reason in failed.values())
    error: type[BenchError] = TooNoisyError if noisy else CellsFailedError
    return error.exit_code


def print_announcement(plan: Plan, output: Path) -> None:
    """Print on standard error, before anything runs, what will be measured, how long that takes, and where it goes."""
    from bench.report.plan import render_announcement
    from bench.report.printable import spell_out_bytes

    print_text(render_announcement(plan, spell_out_bytes(str(output))), err=True)


def print_replaced(decision: "Decision") -> None:
    """Print on standard error a line for each library that replaces one that is not installed."""
    from bench.report.reasons import describe_reason

    for reason in decision.replaced:
        print_text(describe_reason(reason), err=True)


def print_withheld(decision: "Decision") -> None:
    """Print on standard error which files of code the bundle will not hold although they are small enough."""
    for located in decision.sources:
        if located.content is not None and not located.source.sealed:
            print_text(
                f"{located.source.name} stays out of the bundle, which names it by its digest: it holds a credential or the path "
                "of a home folder",
                err=True,
            )


def print_warnings(decision: "Decision") -> None:
    """Print on standard error, before anything runs, in what the plan differs from what a user may expect.

    Libraries that were replaced are overrides that nobody typed: `print_replaced` has said so.
    """
    from msgspec.structs import replace

    from bench.launch.environment import find_dropped_variables
    from bench.report.cases import describe_case
    from bench.report.plan import layout_notes
    from bench.report.reasons import describe_reason

    plan = decision.plan
    said = {f"--{reason.code.removesuffix('_replaced')} {reason.values['replacement']}" for reason in decision.replaced}
    lines: list[str] = []
    for layout in plan.layouts:
        typed = tuple(option for option in layout.overridden if option not in said)
        lines += [f"layout {layout.name}: {note}" for note in layout_notes(replace(layout, overridden=typed))]
    lines += [f"refused {describe_case(refusal.case)}: {describe_reason(refusal.reason)}" for refusal in plan.refused]
    dropped = find_dropped_variables(os.environ, plan.cells[0].environment)
    if dropped:
        lines.append(f"variables that workers do not inherit: {', '.join(dropped)} (the profile sets what they need)")
    for line in lines:
        print_text(line, err=True)


def print_plan(plan: Plan, *, as_json: bool, wide: bool) -> None:
    """Print a plan."""
    from bench.cli.console import print_json, print_report
    from bench.report.plan import render_plan

    if as_json:
        print_json(plan)
    else:
        print_report(lambda width: render_plan(plan, width), wide=wide)
