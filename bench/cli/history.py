"""`bench history`."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.cli.console import open_progress, print_text, wide_option
from bench.cli.plan_options import gather_input_files
from bench.cli.sign_options import load_signer, signing_options
from bench.cli.types import FilePath, InputType, Name
from bench.errors import BenchError, UsageError

if TYPE_CHECKING:
    from bench.bundle.seal import SigningKey
    from bench.history.confirm import RerunSettings
    from bench.records.history import History
    from bench.run.input_options import InputOption
    from bench.run.prepare import Decision


@click.command(
    epilog="""\b
Examples:
  bench history results/nightly
  bench history results/nightly --known known.toml --json
  bench history results/nightly --html history.html
  bench history results/nightly --confirm
  bench history results/nightly --confirm --run --python-a ~/torch-2.13
\b
Exit status: 0 no regression; 1 a rerun confirms that a cell became slower; 2 wrong usage; 3 a cell is suspected to
have become slower, or there are too few runs to show any change; 6 a bundle that was named does not verify.
"""
)
@click.argument("paths", nargs=-1, required=True, type=FilePath(), metavar="BUNDLE...|FOLDER")
@click.option("--known", type=FilePath(), metavar="FILE", help="Known changes, in TOML: run, owner, reason, date.")
@click.option("--across-locks", is_flag=True, help="Compare runs of different locks: look for what new packages changed.")  # fmt: skip
@click.option("--confirm", is_flag=True, help="Print the commands that measure the cells of suspected changes again.")
@click.option("--run", "do_run", is_flag=True, help="With --confirm: run them.")
@click.option("--python-a", type=Name(), metavar="PATH", help="With --run: interpreter or environment with the packages of before the change.")  # fmt: skip
@click.option("--suite", type=Name(), metavar="FILE", help="With --run: your copy of the suite that the runs used, if it is not one of bench's.")  # fmt: skip
@click.option("--source", "sources", multiple=True, metavar="FILE|FOLDER", help="With --run: your copy of a file or folder that workloads come from, as --workload takes it.")  # fmt: skip
@click.option("--input", "inputs", type=InputType(), multiple=True, metavar="NAME=FILE.npy", help="With --run: your copy of the values of an input.")  # fmt: skip
@click.option("--output", type=FilePath(), default=Path("results/confirm"), show_default=True, metavar="DIR", help="Folder for the bundles of --run.")  # fmt: skip
@signing_options
@click.option("--html", type=FilePath(), metavar="FILE", help="Also write a page that draws the series to this file, which loads nothing.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@wide_option
def history(  # noqa: PLR0917 - click passes options by keyword
    paths: tuple[Path, ...],
    known: Path | None,
    across_locks: bool,
    confirm: bool,
    do_run: bool,
    python_a: str | None,
    suite: str | None,
    sources: tuple[str, ...],
    inputs: "tuple[tuple[str, InputOption], ...]",
    output: Path,
    key: Path | None,
    passphrase_file: Path | None,
    html: Path | None,
    as_json: bool,
    wide: bool,
) -> int:
    """Find the runs at which cells became slower or faster.

    Each cell of comparable runs is a series. Runs of another machine, lock or setting are named breaks. The search is
    made so that at most one false alarm is expected in a year of nightly runs of 48 cells, looked at every day: a host
    that drifts, or runs at two speeds, needs a clearer change. A change is seen three to eight runs after it at the
    earliest; the output says which size would be seen within ten.

    Bundles are verified the first time. What is read and found is cached beside them, in .bench-history.* files, which may
    be deleted at any time.
    """
    from bench.bundle.files import require_writable, write_file
    from bench.cli.console import print_json, print_report
    from bench.records.history import EXIT_STATUS
    from bench.report.history import render_history

    _refuse_needless(confirm=confirm, do_run=do_run, for_run=bool(python_a or suite or sources or inputs))
    settings = _settle_reruns(python_a, suite, sources, inputs, output) if do_run else None
    if html is not None:
        require_writable(html, replace=True)
    found, error = _judge(paths, known, across_locks=across_locks), None
    if confirm:
        from bench.history.confirm import confirm_changes, plan_rerun

        found = confirm_changes(found, plan_rerun)
    if settings is not None:
        found, error = _rerun(found, settings, load_signer(key, passphrase_file))
    if html is not None:
        from bench.report.html.history import render_history_page

        write_file(html, render_history_page(found).encode(), replace=True)
    if as_json:
        print_json(found)
    else:
        print_report(lambda width: render_history(found, width), wide=wide)
    if error is not None:
        raise error
    return EXIT_STATUS[found.outcome]


def _refuse_needless(*, confirm: bool, do_run: bool, for_run: bool) -> None:
    """Refuse options without the one that they belong to.

    Raises:
        UsageError: says which.
    """
    if do_run and not confirm:
        raise UsageError("--run is for --confirm; give it too, or leave it out")
    if for_run and not do_run:
        raise UsageError(
            "--python-a, --suite, --source and --input are for --confirm --run; give them too, or leave it out"
        )


def _settle_reruns(
    python_a: str | None,
    suite: str | None,
    sources: tuple[str, ...],
    inputs: "tuple[tuple[str, InputOption], ...]",
    output: Path,
) -> "RerunSettings":
    """Return how reruns are made.

    Raises:
        UsageError: something other than a file is named of an input.
    """
    from bench.history.confirm import RerunSettings
    from bench.history.rerun import OwnFiles

    own = OwnFiles(suite, sources, gather_input_files(inputs))
    return RerunSettings(python_a=python_a, own=own, output=output)


def _judge(paths: tuple[Path, ...], known: Path | None, *, across_locks: bool) -> "History":
    """Read, search and judge the bundles."""
    from bench.history.judge import judge_history
    from bench.history.known import load_known
    from bench.history.read import read_history
    from bench.history.searches import keep_searches, open_searches
    from bench.history.series import group_series
    from bench.stats.change_limits import load_limits

    entries = () if known is None else load_known(known)
    read = read_history(paths, dict(os.environ))
    if read.problem is not None:
        print_text(f"no cache, so that all bundles are verified each time: {read.problem}", err=True)
    hosts = group_series(read.columns, across_locks=across_locks)
    searches = open_searches(read.store)
    found = judge_history(
        read.columns,
        read.bundles,
        hosts,
        load_limits(),
        known=entries,
        excluded=read.excluded,
        search=searches.find,
    )
    keep_searches(read.store, searches)
    return found


def _rerun(planned: "History", settings: "RerunSettings", signer: "SigningKey") -> "tuple[History, BenchError | None]":
    """Return the history with what reruns showed, and what stopped them."""
    from bench.history.confirm import rerun_changes
    from bench.run.session import run_plan

    def measure(decision: "Decision") -> Path:
        with open_progress() as report_progress:
            path, _ = run_plan(decision, settings.output, signer, report_progress=report_progress)
        print_text(f"bundle: {path}", err=True)
        return path

    return rerun_changes(planned, settings, measure)
