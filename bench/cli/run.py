"""`bench run`."""

import os
from pathlib import Path

import click
import msgspec

from bench.cli.sign_options import load_signer, signing_options
from bench.cli.types import CommaList, CpuListType, Duration, Line, Percent, Repetitions, WholeList
from bench.errors import BenchError, CellsFailedError, TooNoisyError, UsageError
from bench.records.case import Backend, Family, MemoryFormat, Mode, Precision, QuantEngine
from bench.records.plan import Plan
from bench.records.profile import ALLOCATORS, OPENMP_RUNTIMES, LayoutName
from bench.records.progress import Progress
from bench.records.summary import Summary
from bench.run.options import RunOptions

EPILOG = """\b
Examples:
  bench run --suite smoke
  bench run --profile epyc-genoa --layout latency,throughput
  bench run --workload 'llama*,gpt2' --budget 10m --target-ci 1%
  bench run --instances 2 --threads 1 --key operator.pem
  bench run --resume results/20261122T101500Z-0123abcd.run
"""


@click.command(epilog=EPILOG)
@click.option("--profile", default="auto", show_default=True, metavar="auto|NAME|FILE", help="Hardware profile.")
@click.option("--force", is_flag=True, help="Use the profile though it does not fit; recorded in the bundle.")
@click.option(
    "--suite", default="quick", show_default=True, metavar="smoke|quick|standard|full|FILE", help="What to run."
)
@click.option("--workload", type=CommaList(), metavar="GLOB,...", help="Only these workloads.")
@click.option("--family", type=CommaList(Family), help="Only these families of workloads.")
@click.option("--mode", type=CommaList(Mode), help="Only inference or training.")
@click.option("--precision", type=CommaList(Precision), help="Only these precisions.")
@click.option("--memory-format", type=CommaList(MemoryFormat), help="Only contiguous or channels_last.")
@click.option("--backend", type=CommaList(Backend), help="Only these backends.")
@click.option("--batch-size", type=WholeList(), help="These in place of the suite's.")
@click.option("--quant-engine", type=CommaList(QuantEngine), help="Kernels of fx_int8: x86, onednn, fbgemm, qnnpack.")
@click.option("--layout", "layouts", type=CommaList(LayoutName), help="latency, throughput, single_core.")
@click.option("--instances", type=click.IntRange(1, 4096), help="Worker processes, in place of the profile's.")
@click.option("--threads", type=click.IntRange(1, 4096), help="Threads per instance, in place of the profile's.")
@click.option("--cpus", type=CpuListType(), metavar="0-3,8", help="Use exactly these logical CPUs.")
@click.option("--memory-nodes", type=CpuListType(), metavar="0-1", help="Bind memory to these NUMA nodes.")
@click.option("--openmp", type=click.Choice(OPENMP_RUNTIMES), help="OpenMP runtime, in place of the profile's.")
@click.option("--allocator", type=click.Choice(ALLOCATORS), help="Memory allocator, in place of the profile's.")
@click.option("--budget", "budget_s", type=Duration(), metavar="10m", help="Begin no cell after this time.")
@click.option("--target-ci", "target_ci_ratio", type=Percent(), metavar="1%", help="Repeat until intervals are ± this.")
@click.option("--repetitions", type=Repetitions(), metavar="MIN:MAX", help="Fresh processes per cell.")
@click.option(
    "--seed", type=click.IntRange(0, (1 << 63) - 1), metavar="N", help="Of the order of repetitions; recorded."
)
@click.option("--timeout", "timeout_s", type=Duration(), metavar="5m", help="Longest repetition.")
@click.option("--resume", type=click.Path(path_type=Path), metavar="DIR", help="Go on with an interrupted run.")
@click.option("--output", type=click.Path(path_type=Path), default=Path("results"), envvar="BENCH_OUTPUT", show_default=True, metavar="DIR", help="Where the bundle lands (or BENCH_OUTPUT).")  # fmt: skip
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
        _print_plan(options, as_json=as_json)
        return 0
    from bench.run.session import resume_run, run_plan

    signer = load_signer(key, passphrase_file)
    if resume is not None:
        path, summary = resume_run(resume, signer, tell=tell)
    else:
        from bench.run.prepare import prepare_run

        decision = prepare_run(options)
        _warn(decision.plan)
        path, summary = run_plan(decision, output, signer, tell=tell, note=note)
    _print_results(path, as_json=as_json)
    return exit_status(summary)


def parse_options(given: dict[str, object]) -> RunOptions:
    """Turn click's values into the typed options of a run.

    Raises:
        UsageError: values that do not fit together.
    """
    filters = {name: given.pop(name) or () for name in ("workload", "family", "mode", "precision", "memory_format", "backend", "batch_size", "quant_engine")}  # fmt: skip
    given["layouts"] = given["layouts"] or ()
    try:
        return msgspec.convert({**given, "wanted": filters}, RunOptions)
    except msgspec.ValidationError as error:
        raise UsageError(str(error)) from error


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


def _warn(plan: Plan) -> None:
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
        click.echo(line, err=True)


def _print_plan(options: RunOptions, *, as_json: bool) -> None:
    from bench.cli.console import print_json
    from bench.report.plan import render_plan
    from bench.run.prepare import prepare_run

    plan = prepare_run(options).plan
    if as_json:
        print_json(plan)
    else:
        click.echo(render_plan(plan))


def _print_results(path: Path, *, as_json: bool) -> None:
    """Print what was sealed, read back from the bundle itself and verified on the way."""
    from bench.bundle.verify import verify_bundle
    from bench.cli.console import print_json
    from bench.report.table import render_results

    contents = verify_bundle(path).contents
    if as_json:
        print_json({"bundle": str(path), "summary": contents.summary})
    else:
        click.echo(f"{render_results(contents)}\nbundle: {path}")
