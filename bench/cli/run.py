"""`bench run`."""

import os
from pathlib import Path

import click

from bench.cli.measurement import exit_status, measure, run_settings_options, take_run_settings
from bench.cli.plan_options import parse_options, plan_options
from bench.cli.results import print_results
from bench.cli.root_option import HOST, root_option
from bench.errors import UsageError

EPILOG = """\b
Examples:
  bench run --suite smoke
  bench run --profile epyc-genoa --layout latency,throughput
  bench run --workload 'llama*,gpt2' --budget 10m --target-ci 1%
  bench run --torchbench benchmark --workload 'torchbench/hf_*' --backend eager,inductor
  bench run --instances 2 --threads 1 --key operator.pem
  bench run --workload ./my_models.py --precision fp32,amp_bf16
  bench run --resume results/20261122T101500Z-0123abcd.run
  bench run --dry-run --root recorded/machine
"""


@click.command(epilog=EPILOG)
@plan_options
@run_settings_options
@root_option
def run(root: Path, **given: object) -> int:
    """Measure a suite and write a signed bundle.

    --workload, --family, --mode, --precision, --memory-format and --backend select cases of the suite. With
    --workload, the last four may also select cases that the suite does not have.

    With --dry-run, --root plans for a recorded machine, with the packages that are installed here.

    Progress goes to standard error. The report goes to standard output; its last line is the path of the bundle.
    """
    from bench.launch.attendance import end_when_unattended
    from bench.run.announcement import announce_bundle
    from bench.run.prepare import prepare_run

    end_when_unattended(os.environ)
    settings = take_run_settings(given)
    if root != HOST and not settings.dry_run:
        raise UsageError(f"--root {root}: a recorded machine can only be planned for; add --dry-run")
    options = parse_options(given)
    measured = measure(lambda: prepare_run(options, root, output=settings.output), settings)
    if measured is None:
        return 0
    announce_bundle(measured.path)
    report_format = "json" if settings.as_json else "text"
    print_results(measured.path, report_format=report_format, wide=settings.wide, closing=not settings.as_json)
    return exit_status(measured)
