"""`bench compare`."""

from pathlib import Path

import click

from bench.cli.console import print_text
from bench.cli.types import Percent


@click.command(
    epilog="""\b
Examples:
  bench compare base.bench.tar new.bench.tar
  bench compare base.bench.tar new.bench.tar --margin 5%
\b
Exit status: 0 every cell is faster, or equivalent within the margin; 1 some cell is slower; 3 no cell is
slower, but some are too noisy or have too few data for a verdict; 4 some cell is not comparable; 6 a
bundle does not verify.
"""
)
@click.argument("base", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@click.option("--margin", "margin_ratio", type=Percent(), default="2%", show_default=True, metavar="2%", help="Latencies that differ by no more than this are equivalent.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def compare(base: Path, new: Path, margin_ratio: float, *, as_json: bool) -> int:
    """Compare two bundles, cell by cell.

    Both bundles are verified first. The differences between hardware, software and settings are printed before
    the verdicts, each with its severity. Cells are matched by case and layout.

    Two runs at different times differ by more than their repetitions show. `bench calibrate` measures by how
    much; `bench ab` avoids it.
    """
    from bench.bundle.verify import verify_bundle
    from bench.cli.console import print_json
    from bench.compare.bundles import compare_runs
    from bench.compare.calibration import find_run_scatter
    from bench.records.verdict import EXIT_STATUS, Criteria
    from bench.report.comparison import render_comparison

    base_contents, new_contents = verify_bundle(base).contents, verify_bundle(new).contents
    comparison = compare_runs(
        base_contents,
        new_contents,
        Criteria(margin_ratio=margin_ratio),
        run_scatter=find_run_scatter(base_contents, new_contents),
    )
    if as_json:
        print_json(comparison)
    else:
        print_text(render_comparison(comparison))
    return EXIT_STATUS[comparison.outcome]
