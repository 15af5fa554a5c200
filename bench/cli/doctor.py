"""`bench doctor`."""

from pathlib import Path

import click

from bench.cli.console import print_report, print_text, wide_option
from bench.cli.root_option import root_option

EPILOG = """\b
Examples:
  bench doctor
  bench doctor --probe 60
  bench doctor --probe 0 --json
  bench doctor --root recorded/machine
\b
Exit status: 0 whatever is found, 2 wrong usage, 7 this machine cannot be read, 130 interrupted.
"""


@click.command(epilog=EPILOG, short_help="Show what makes numbers scatter or slow on this host.")
@root_option
@click.option("--probe", "probe_s", type=click.FloatRange(0, 3600), default=10.0, show_default=True, metavar="SECONDS", help="How long to look for noisy neighbours: a short loop on each allowed CPU, with sleeps between. 0 for no probe.")  # fmt: skip
@click.option("--output", type=click.Path(path_type=Path), default=Path("results"), envvar="BENCH_OUTPUT", show_default=True, metavar="DIR", help="Folder for results to look at (or set BENCH_OUTPUT).")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@wide_option
def doctor(root: Path, probe_s: float, output: Path, as_json: bool, wide: bool) -> None:
    """Show what of this host makes numbers scatter or slow, and how to change it.

    Says what each costs where that is known, with the source. Changes nothing. A recorded machine is not probed,
    and its software is not looked at.
    """
    from bench.cli.console import print_json
    from bench.cli.root_option import HOST
    from bench.doctor.diagnose import diagnose
    from bench.report.diagnosis import render_diagnosis

    if root == HOST and probe_s > 0:
        print_text(f"Looking for noisy neighbours for {probe_s:g} s. Ctrl-C ends it.", err=True)
    diagnosis = diagnose(root, probe_s=probe_s, output=output)
    if as_json:
        print_json(diagnosis)
    else:
        print_report(lambda width: render_diagnosis(diagnosis, width), wide=wide)
