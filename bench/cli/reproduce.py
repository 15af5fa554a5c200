"""`bench reproduce`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.cli.measurement import RunSettings, measure, run_settings_options, take_run_settings
from bench.cli.plan_options import gather_input_files
from bench.cli.types import FilePath, InputType, Percent
from bench.errors import TooNoisyError, UsageError
from bench.records.bundle import Citation
from bench.records.reproduction import EXIT_STATUS, Reproduction
from bench.records.verdict import find_refusals

if TYPE_CHECKING:
    from bench.run.input_options import InputOption


@click.command(
    epilog="""\b
Examples:
  bench reproduce results/X.bench.tar
  bench reproduce X.bench.tar --trust trust.json --margin 3%
  bench reproduce X.bench.tar --resume results/20261122T101500Z-0123abcd.run
  bench reproduce X.bench.tar --run-code-from-bundle
\b
Exit status: 0 reproduced; 1 not reproduced; 3 too noisy, or too few data; 4 not comparable: the differences
are printed, and nothing is measured; 6 the bundle does not verify.
"""
)
@click.argument("bundle", type=FilePath())
@click.option("--margin", "margin_ratio", type=Percent(), default="5%", show_default=True, metavar="5%", help="Latencies that differ by no more than this are the same.")  # fmt: skip
@click.option("--trust", type=FilePath(), metavar="FILE", help="Trust store. A key in it must have signed BUNDLE.")  # fmt: skip
@click.option("--history", type=FilePath(file_okay=False), metavar="FOLDER", help="Folder with earlier bundles. Those of the same host, packages and plan show how much runs differ. [default: the folder of the new bundle]")  # fmt: skip
@click.option("--run-code-from-bundle", "run_code", is_flag=True, help="Run the code that BUNDLE holds: somebody's own models. Read it first, with bench show --source.")  # fmt: skip
@click.option("--source", "words", multiple=True, metavar="FILE|FOLDER", help="Your copy of a file or folder that models of BUNDLE come from, as --workload takes it; its digest must be the same.")  # fmt: skip
@click.option("--input", "inputs", type=InputType(), multiple=True, metavar="NAME=FILE.npy", help="Your copy of the values of an input.")  # fmt: skip
@run_settings_options
def reproduce(  # noqa: PLR0917 - click passes options by keyword
    bundle: Path,
    margin_ratio: float,
    trust: Path | None,
    history: Path | None,
    run_code: bool,
    words: tuple[str, ...],
    inputs: "tuple[tuple[str, InputOption], ...]",
    **given: object,
) -> int:
    """Repeat the run of a bundle on this machine.

    BUNDLE is verified first. Then this machine, its limits and its software are compared with BUNDLE; each
    package is compared by its hash. If they are comparable, the plan of BUNDLE runs again. A cell is reproduced
    if its latency is shown to be the same within the margin. The new bundle cites BUNDLE by its digest, and
    `bench verify` follows such citations.

    Code that came in BUNDLE is run only with --run-code-from-bundle.
    """
    from bench.bundle.signers import Requirements
    from bench.cli.trust import load_trust
    from bench.compare.history import read_history
    from bench.compare.reproduce import find_data_problem, find_obstacles, judge_reproduction, refuse_reproduction
    from bench.run.reproduce import cite, look_here, prepare_reproduction
    from bench.run.sources import bring_again
    from bench.verification.verify import verify_bundle

    settings = take_run_settings(given)
    original = verify_bundle(bundle, Requirements(trust=None if trust is None else load_trust(trust, ())))
    cites, contents = cite(original), original.contents
    machine, environment, image = look_here()
    findings = find_obstacles(contents, machine, environment, image)
    if find_refusals(findings):
        return _report(refuse_reproduction(cites, findings, margin_ratio), None, settings)
    if settings.resume is not None:
        _require_citation(settings.resume, cites)
    resumed = settings.resume is not None  # then the run's folder holds the sources
    sources = () if resumed else bring_again(contents, words, gather_input_files(inputs), run_code=run_code)
    decision = prepare_reproduction(original, machine, output=settings.output, sources=sources)
    reason = find_data_problem(contents)
    if reason is not None:
        raise TooNoisyError(reason)
    measured = measure(lambda: decision, settings)
    if measured is None:
        return 0
    path = measured.path
    again = verify_bundle(path).contents
    earlier = read_history(path.parent if history is None else history, [contents, again])
    reproduction = judge_reproduction(cites, contents, again, margin_ratio, earlier)
    return _report(reproduction, path, settings)


def _require_citation(folder: Path, cites: Citation) -> None:
    """Refuse to resume a run that does not reproduce the bundle.

    Raises:
        UsageError: it reproduces another run or none, or the folder holds no run.
    """
    from bench.run.journal import read_session

    found = read_session(folder).decision.cites
    if found != cites:
        cited = "no run" if found is None else f"run {found.run_id}"
        raise UsageError(f"{folder} cites {cited}, not run {cites.run_id}; give the bundle that it cites")


def _report(reproduction: Reproduction, path: Path | None, settings: RunSettings) -> int:
    """Print the verdict and return its exit status."""
    from bench.cli.console import print_json, print_report, print_text
    from bench.report.reproduction import render_reproduction

    if settings.as_json:
        print_json({"bundle": None if path is None else str(path), "reproduction": reproduction})
    else:
        print_report(lambda width: render_reproduction(reproduction, width), wide=settings.wide)
        if path is not None:
            print_text(f"bundle: {path}")
    return EXIT_STATUS[reproduction.outcome]
