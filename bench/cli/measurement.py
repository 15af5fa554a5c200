"""What `run`, `ab` and `reproduce` share: where a run goes, who signs it, and from a decision to a sealed bundle."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import click

from bench.cli.console import print_text
from bench.cli.sign_options import load_signer, signing_options
from bench.cli.types import Line
from bench.errors import BenchError, CellsFailedError, TooNoisyError
from bench.records.plan import Plan
from bench.records.progress import Progress
from bench.records.summary import Summary

if TYPE_CHECKING:
    from bench.run.prepare import Decision

Command = TypeVar("Command", bound=Callable[..., object])


class RunSettings(NamedTuple):
    """How a decided plan is measured.

    Attributes:
        resume: The folder of an interrupted run to go on with, in place of a new one.
        output: Where the bundle lands.
        note: Kept in the bundle.
        key, passphrase_file: Of who signs.
        dry_run: Print the plan and measure nothing.
        as_json: Print JSON.
    """

    resume: Path | None
    output: Path
    note: str | None
    key: Path | None
    passphrase_file: Path | None
    dry_run: bool
    as_json: bool


def run_settings_options(command: Command) -> Command:
    """Add everything that `take_run_settings` takes."""
    for option in reversed(
        (
            click.option("--resume", type=click.Path(path_type=Path), metavar="DIR", help="Go on with an interrupted run."),
            click.option("--output", type=click.Path(path_type=Path), default=Path("results"), envvar="BENCH_OUTPUT", show_default=True, metavar="DIR", help="Where the bundle lands (or BENCH_OUTPUT)."),
            click.option("--note", type=Line(), help="Kept in the bundle; bench redact can take it out again."),
            signing_options,
            click.option("--dry-run", is_flag=True, help="Print the plan and measure nothing."),
            click.option("--json", "as_json", is_flag=True, help="Print JSON."),
        )
    ):  # fmt: skip
        command = option(command)
    return command


def take_run_settings(given: dict[str, object]) -> RunSettings:
    """Take a settings's values out of click's."""
    return RunSettings(**{name: given.pop(name) for name in RunSettings._fields})  # type: ignore[arg-type] # as the options say


def measure(decide: "Callable[[], Decision]", settings: RunSettings) -> tuple[Path, Summary] | None:
    """Measure what is decided, or go on with a run; None where only the plan was asked for, and is printed.

    Args:
        decide: Called unless a run is gone on with.
        settings: How.

    Returns:
        The bundle, and its summary.
    """
    from bench.run.session import resume_run, run_plan

    if settings.dry_run:
        print_plan(decide().plan, as_json=settings.as_json)
        return None
    signer = load_signer(settings.key, settings.passphrase_file)
    if settings.resume is not None:
        return resume_run(settings.resume, signer, report_progress=report_progress)
    decision = decide()
    print_warnings(decision.plan)
    return run_plan(decision, settings.output, signer, report_progress=report_progress, note=settings.note)


def report_progress(progress: Progress) -> None:
    """One line of progress on standard error, coloured on a terminal."""
    from bench.cli.console import print_progress

    print_progress(progress)


def exit_status(summary: Summary) -> int:
    """The status of a run that reached its end."""
    if not summary.failed:
        return 0
    noisy = all(reason.code == "too_noisy" for reason in summary.failed.values())
    error: type[BenchError] = TooNoisyError if noisy else CellsFailedError
    return error.exit_code


def print_warnings(plan: Plan) -> None:
    """Say on standard error, before anything runs, what is not as one might think."""
    from bench.launch.environment import find_dropped_variables
    from bench.report.plan import layout_notes
    from bench.report.table import describe_case

    lines = [f"layout {layout.name}: {note}" for layout in plan.layouts for note in layout_notes(layout)]
    lines += [f"refused {describe_case(refusal.case)}: {refusal.reason}" for refusal in plan.refused]
    dropped = find_dropped_variables(os.environ, plan.cells[0].environment)
    if dropped:
        lines.append(f"not passed on to workers: {', '.join(dropped)} (the profile sets what they need)")
    for line in lines:
        print_text(line, err=True)


def print_plan(plan: Plan, *, as_json: bool) -> None:
    """Print what would be measured."""
    from bench.cli.console import print_json
    from bench.report.plan import render_plan

    if as_json:
        print_json(plan)
    else:
        print_text(render_plan(plan))
