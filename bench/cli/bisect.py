"""`bench bisect`."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.cli.combinations import is_typed
from bench.cli.console import open_progress, print_text, wide_option
from bench.cli.list_option import list_option
from bench.cli.measurement import print_replaced, print_withheld
from bench.cli.plan_options import parse_options, plan_options
from bench.cli.sign_options import load_signer, signing_options
from bench.cli.types import CommaList, FilePath, Percent, Release
from bench.errors import InterruptedRunError, UsageError

if TYPE_CHECKING:
    from bench.planning.pairs import VariantOptions
    from bench.run.prepare import Decision


@click.command(
    epilog="""\b
Examples:
  bench bisect --good 2.11.0 --bad 2.14.1 --workload resnet50
  bench bisect --versions 2.11.0,2.12.0,2.13.0,2.14.1 --workload resnet50 --precision fp32
  bench bisect --python ~/nightly-1201,~/nightly-1202,~/nightly-1203 --workload bert_base
  bench bisect --good 2.11.0 --bad 2.14.1 --workload resnet50 --resume
\b
Exit status: 0 the last candidate is not slower than the first; 1 the first bad one is found; 3 too noisy to say, or
skipped ones lie before the first bad one; 4 not comparable; 5 cells failed; 7 the first or the last one cannot be
installed.
"""
)
@click.option("--good", type=Release(), metavar="RELEASE", help="Release of torch to compare with; pip lists those up to --bad.")  # fmt: skip
@click.option("--bad", type=Release(), metavar="RELEASE", help="Later release that is slower.")
@list_option("--versions", type=CommaList(), help="Releases in order instead, the good one first.")
@list_option("--python", "pythons", type=CommaList(), help="Interpreters or virtual environments in order instead, the good one first.")  # fmt: skip
@click.option("--margin", "margin_ratio", type=Percent(), metavar="2%", help="Latencies that differ by no more than this are equivalent. [default: 2% at first, then half the change]")  # fmt: skip
@plan_options
@click.option("--resume", is_flag=True, help="Take bundles in the folder that are of the same cells, settings and packages.")  # fmt: skip
@click.option("--output", type=FilePath(), default=Path("results/bisect"), show_default=True, metavar="DIR", help="Folder for the bundles.")  # fmt: skip
@signing_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@wide_option
def bisect(  # noqa: PLR0917 - click passes options by keyword
    good: str | None,
    bad: str | None,
    versions: tuple[str, ...] | None,
    pythons: tuple[str, ...] | None,
    margin_ratio: float | None,
    resume: bool,
    output: Path,
    key: Path | None,
    passphrase_file: Path | None,
    as_json: bool,
    wide: bool,
    **given: object,
) -> int:
    """Find the first release of torch that is slower.

    Each candidate is compared with the first by interleaved repetitions, as by bench ab. The last one is tried first: only
    the cells in which it is slower are in question. Then the candidates between are halved. One that cannot be installed,
    or is too noisy to judge, is skipped by name. Each trial leaves a signed bundle, which the answer names.

    pip installs releases into environments in a cache, which differ in torch, torchvision and what they require.
    """
    from bench.cli.console import print_json, print_report
    from bench.history.bisect import bisect as search
    from bench.history.trials import Trials
    from bench.records.bisection import EXIT_STATUS
    from bench.report.bisection import render_bisection
    from bench.run.torch_environments import bring_torch

    options = parse_options(given)
    if not any(map(is_typed, ("workload", "suite", "family"))):
        raise UsageError("which workload is slower? each trial measures all cells; give --workload resnet50")
    candidates = _list_candidates(good, bad, versions, pythons)
    signer = load_signer(key, passphrase_file)

    def announce(line: str) -> None:
        print_text(line, err=True)

    def measure(decision: "Decision") -> Path:
        from bench.records.variant import describe_variant
        from bench.run.session import run_plan

        names = " and ".join(describe_variant(variant) for variant in decision.plan.variants)
        announce(f"measuring {names}")
        print_replaced(decision)
        print_withheld(decision)
        try:
            with open_progress() as report_progress:
                path, _ = run_plan(decision, output, signer, report_progress=report_progress)
        except InterruptedRunError as error:
            raise InterruptedRunError(f"{error}; then repeat this bench bisect with --resume") from error
        announce(f"bundle: {path}")
        return path

    trials = Trials(
        options,
        candidates,
        output,
        bring=lambda side: bring_torch(side, parent=os.environ, announce=announce),
        measure=measure,
        margin_ratio=margin_ratio,
        resumed=resume,
    )
    found = search([name for name, _ in candidates], trials.try_candidate)
    if as_json:
        print_json(found)
    else:
        print_report(lambda width: render_bisection(found, width), wide=wide)
    return EXIT_STATUS[found.outcome]


def _list_candidates(
    good: str | None, bad: str | None, versions: tuple[str, ...] | None, pythons: tuple[str, ...] | None
) -> "list[tuple[str, VariantOptions]]":
    """Return the candidates, by the one way in which they were named.

    Raises:
        UsageError: in none or several ways, too few, or not in order.
        EnvironmentUnfitError: pip lists no releases.
    """
    from bench.planning.pairs import VariantOptions

    ways = [good is not None or bad is not None, versions is not None, pythons is not None]
    if sum(ways) != 1 or (good is None) != (bad is None):
        raise UsageError("name the candidates in one way: --good and --bad, --versions, or --python")
    if pythons is not None:
        candidates = [(python, VariantOptions(python=python)) for python in pythons]
    else:
        listed = versions or _list_between(str(good), str(bad))
        releases = [Release().convert(name, None, None) for name in listed]
        candidates = [(name, VariantOptions(torch=name)) for name in releases]
    if len(candidates) < 2:
        raise UsageError(f"{candidates[0][0]} is the only candidate; name two at least")
    return candidates


def _list_between(good: str, bad: str) -> tuple[str, ...]:
    from bench.launch.torch_environment import list_releases

    listed = list_releases(parent=os.environ)
    for name in (good, bad):
        if name not in listed:
            raise UsageError(f"pip lists no release {name} of torch; it lists {', '.join(listed)}")
    first, last = listed.index(good), listed.index(bad)
    if first >= last:
        raise UsageError(f"--good {good} is not before --bad {bad}; bench bisect looks for what became slower")
    return listed[first : last + 1]
