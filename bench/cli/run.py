"""`bench run`."""

import os
from pathlib import Path

import click

from bench.cli.console import print_text
from bench.cli.plan_options import output_option, parse_options, plan_options
from bench.cli.results import print_results
from bench.cli.sign_options import load_signer, signing_options
from bench.cli.types import Line
from bench.errors import BenchError, CellsFailedError, TooNoisyError
from bench.records.plan import Plan
from bench.records.progress import Progress
from bench.records.summary import Summary

EPILOG = """\b
Examples:
  bench run --suite smoke
  bench run --profile epyc-genoa --layout latency,throughput
  bench run --workload 'llama*,gpt2' --budget 10m --target-ci 1%
  bench run --instances 2 --threads 1 --key operator.pem
  bench run --resume results/20261122T101500Z-0123abcd.run
"""


@click.command(epilog=EPILOG)
@plan_options
@click.option("--resume", type=click.Path(path_type=Path), metavar="DIR", help="Go on with an interrupted run.")
@output_option
@click.option("--note", type=Line(), help="Kept in the bundle; bench redact can take it out again.")
@signing_options
@click.option("--dry-run", is_flag=True, help="Print the plan and measure nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def run(  # noqa: PLR0917 - click passes by keyword what the options above describe
    resume: Path | None,
    output: Path,
    key: Path | None,
    passphrase_file: Path | None,
    note: str | None,
    dry_run: bool,
    as_json: bool,
    **given: object,
) -> int:
    """Measure the suite on this machine and seal the results into a signed bundle.

    --workload, --family, --mode, --precision, --memory-format and --backend cut the suite; where --workload names
    workloads, the last four say how those are run, whatever the suite has.

    Progress goes to standard error; standard output holds the table and, as its last line, the
    bundle's path.
    """
    options = parse_options(given)
    if dry_run:
        from bench.run.prepare import prepare_run

        print_plan(prepare_run(options).plan, as_json=as_json)
        return 0
    from bench.run.session import resume_run, run_plan

    signer = load_signer(key, passphrase_file)
    if resume is not None:
        path, summary = resume_run(resume, signer, tell=tell)
    else:
        from bench.run.prepare import prepare_run

        decision = prepare_run(options)
        warn(decision.plan)
        path, summary = run_plan(decision, output, signer, tell=tell, note=note)
    print_results(path, as_json=as_json)
    return exit_status(summary)


def tell(progress: Progress) -> None:
    """One line of progress on standard error, coloured on a terminal."""
    from bench.cli.console import print_progress

    print_progress(progress)


def exit_status(summary: Summary) -> int:
    """The status of a run that reached its end."""
    if not summary.failed:
        return 0
    noisy = all(reason.startswith("too_noisy") for reason in summary.failed.values())
    error: type[BenchError] = TooNoisyError if noisy else CellsFailedError
    return error.exit_code


def warn(plan: Plan) -> None:
    """Say on standard error, before anything runs, what is not as one might think."""
    from bench.launch.environment import find_dropped
    from bench.report.plan import layout_notes
    from bench.report.table import describe_case

    lines = [f"layout {layout.name}: {note}" for layout in plan.layouts for note in layout_notes(layout)]
    lines += [f"refused {describe_case(refusal.case)}: {refusal.reason}" for refusal in plan.refused]
    dropped = find_dropped(os.environ, plan.cells[0].environment)
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
