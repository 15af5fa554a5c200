"""`bench run`."""

import click

from bench.cli.measurement import exit_status, measure, run_settings_options, take_run_settings
from bench.cli.plan_options import parse_options, plan_options
from bench.cli.results import print_results

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
@run_settings_options
def run(**given: object) -> int:
    """Measure the suite on this machine and seal the results into a signed bundle.

    --workload, --family, --mode, --precision, --memory-format and --backend cut the suite; where --workload names
    workloads, the last four say how those are run, whatever the suite has.

    Progress goes to standard error; standard output holds the table and, as its last line, the
    bundle's path.
    """
    from bench.run.announcement import announce_bundle
    from bench.run.prepare import prepare_run

    settings = take_run_settings(given)
    options = parse_options(given)
    measured = measure(lambda: prepare_run(options), settings)
    if measured is None:
        return 0
    path, summary = measured
    announce_bundle(path)
    print_results(path, as_json=settings.as_json)
    return exit_status(summary)
