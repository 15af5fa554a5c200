"""`bench calibrate`."""

from pathlib import Path

import click

from bench.cli.console import open_progress, print_report, print_text, wide_option
from bench.cli.list_option import list_option
from bench.cli.sign_options import load_signer, signing_options
from bench.cli.types import CommaList, FilePath
from bench.stats.variance import REPETITIONS_MIN


@click.command(
    epilog="""\b
Examples:
  bench calibrate
  bench calibrate --workload resnet50,bert_base --runs 8
"""
)
@click.option("--profile", default="auto", show_default=True, metavar="auto|NAME|FILE", help="Hardware profile.")
@click.option(
    "--suite", default="quick", show_default=True, metavar="NAME|FILE", help="Suite with the cases to measure."
)
@list_option("--workload", type=CommaList(), default=("resnet50",), show_default=True, metavar="GLOB,...", help="Only these workloads of the suite.")  # fmt: skip
@click.option("--runs", type=click.IntRange(2, 1000), default=5, show_default=True, help="Number of runs.")
@click.option("--repetitions", type=click.IntRange(REPETITIONS_MIN, 1000), default=5, show_default=True, help="Repetitions of each cell in each run.")  # fmt: skip
@click.option("--output", type=FilePath(), default=Path("results"), envvar="BENCH_OUTPUT", show_default=True, metavar="DIR", help="Folder for bundles and calibration.json.")  # fmt: skip
@signing_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@wide_option
def calibrate(  # noqa: PLR0917 - click passes by keyword what the options above describe
    profile: str,
    suite: str,
    workload: tuple[str, ...],
    runs: int,
    repetitions: int,
    output: Path,
    key: Path | None,
    passphrase_file: Path | None,
    *,
    as_json: bool,
    wide: bool,
) -> None:
    """Measure the false alarm rate on this host.

    Runs the same cells several times, assigns their repetitions to two sides at random many times, and compares
    the sides. Both sides are the same program, so each difference that is shown is a false alarm. The scatter
    between runs is measured too.

    The result is written as calibration.json beside the bundles. Later runs on this host store it in their
    bundles, and `bench compare` learns the scatter between runs from it.
    """
    from bench.bundle.calibration import FILE_NAME, write_calibration
    from bench.bundle.files import require_folder, require_writable
    from bench.cli.console import print_json
    from bench.compare.calibration import calibrate as calibrate_host
    from bench.records.suite import CaseFilter
    from bench.records.verdict import INTERLEAVED_MARGIN_RATIO, Criteria
    from bench.report.calibration import render_calibration
    from bench.run.options import RunOptions
    from bench.run.prepare import prepare_run
    from bench.run.session import run_plan
    from bench.verification.verify import verify_bundle

    options = RunOptions(
        profile=profile,
        suite=suite,
        wanted=CaseFilter(workload=workload),
        layouts=("latency",),
        repetitions=(repetitions, repetitions),
    )
    signer = load_signer(key, passphrase_file)
    require_folder(output)
    require_writable(output / FILE_NAME, replace=True)
    contents = []
    for number in range(runs):
        print_text(f"run {number + 1} of {runs}", err=True)
        decision = prepare_run(options, output=output)
        with open_progress() as report_progress:
            path, _ = run_plan(decision, output, signer, report_progress=report_progress)
        print_text(f"bundle: {path}", err=True)
        contents.append(verify_bundle(path).contents)
    calibration = calibrate_host(
        contents, Criteria(margin_ratio=INTERLEAVED_MARGIN_RATIO), seed=contents[0].plan.order_seed
    )
    kept = write_calibration(output, calibration)
    if as_json:
        print_json(calibration)
    else:
        print_report(lambda width: render_calibration(calibration, width), wide=wide)
        print_text(f"calibration: {kept}")
