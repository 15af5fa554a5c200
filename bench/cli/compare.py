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
Exit status: 0 every cell is faster, or equivalent within the margin; 1 some cell is slower; 3 none is
slower, but too few data or too noisy to call some cell equivalent; 4 some cell is not comparable; 6 a
bundle does not verify.
"""
)
@click.argument("base", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@click.option("--margin", "margin_ratio", type=Percent(), default="2%", show_default=True, metavar="2%", help="Latencies this close are equivalent.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def compare(base: Path, new: Path, margin_ratio: float, *, as_json: bool) -> int:
    """Is NEW faster or slower than BASE, cell by cell, and can that be said at all?

    Both bundles are verified first. What differs between them comes before any verdict, and whether it
    matters. Cells are matched by case and layout. Runs that lie apart in time differ by more than their
    repetitions show: `bench calibrate` measures by how much, and `bench ab` avoids it.
    """
    from bench.bundle.verify import verify_bundle
    from bench.cli.console import print_json
    from bench.compare.bundles import compare_runs
    from bench.compare.calibration import find_run_scatter
    from bench.records.verdict import EXIT_STATUS, Criteria
    from bench.report.comparison import render_comparison

    before, after = verify_bundle(base).contents, verify_bundle(new).contents
    comparison = compare_runs(
        before, after, Criteria(margin_ratio=margin_ratio), run_scatter=find_run_scatter(before, after)
    )
    if as_json:
        print_json(comparison)
    else:
        print_text(render_comparison(comparison))
    return EXIT_STATUS[comparison.outcome]
