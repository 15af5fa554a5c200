"""`bench compare`."""

from pathlib import Path

import click
from typing_extensions import override

from bench.cli.console import print_text
from bench.cli.types import Percent
from bench.errors import UsageError

SEPARATOR = "--"


class SidesCommand(click.Command):
    """A command whose bundles may stand on two sides of `--`, which click itself would swallow."""

    @override
    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        base, separator, new = _split(args)
        rest = super().parse_args(ctx, base)
        if separator:
            ctx.params["new"] = tuple(map(Path, new))
        return rest


def _split(args: list[str]) -> tuple[list[str], bool, list[str]]:
    """Return the arguments before the separator, whether there is one, and those after it."""
    if SEPARATOR not in args:
        return args, False, []
    at = args.index(SEPARATOR)
    return args[:at], True, args[at + 1 :]


@click.command(
    cls=SidesCommand,
    epilog="""\b
Examples:
  bench compare base.bench.tar new.bench.tar
  bench compare base.bench.tar new.bench.tar --margin 3% --history results
  bench compare A1.bench.tar A2.bench.tar A3.bench.tar -- B1.bench.tar B2.bench.tar B3.bench.tar
\b
Exit status: 0 every cell is faster, or equivalent within the margin; 1 some cell is slower; 3 no cell is
slower, but some are too noisy or have too few data for a verdict; 4 some cell is not comparable; 6 a
bundle does not verify.
""",
)
@click.argument("bundles", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="BASE NEW | BASE... -- NEW...")
@click.option("--margin", "margin_ratio", type=Percent(), default="5%", show_default=True, metavar="5%", help="Latencies that differ by no more than this are equivalent.")  # fmt: skip
@click.option("--history", type=click.Path(path_type=Path, file_okay=False), metavar="FOLDER", help="Folder with earlier bundles. Those of the same host, packages and plan show how much runs differ. [default: the folder of NEW]")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def compare(
    bundles: tuple[Path, ...],
    margin_ratio: float,
    history: Path | None,
    *,
    as_json: bool,
    new: tuple[Path, ...] | None = None,
) -> int:
    """Compare bundles, cell by cell.

    All bundles are verified first. The differences between hardware, software and settings are printed before the
    verdicts, each with its severity. Cells are matched by case and layout.

    Two runs at different times differ by more than their repetitions show. `bench compare` learns from earlier
    bundles by how much; without any, it assumes 1.5%. Several bundles on each side, with `--` between the sides,
    show smaller changes. `bench ab` avoids the scatter between runs.
    """
    from bench.bundle.verify import verify_bundle
    from bench.cli.console import print_json
    from bench.compare.bundles import compare_runs
    from bench.compare.history import read_history
    from bench.records.verdict import EXIT_STATUS, Criteria
    from bench.report.comparison import render_comparison

    base, new = _take_sides(bundles, new)
    before, after = ([verify_bundle(path).contents for path in side] for side in (base, new))
    earlier = read_history(new[0].parent if history is None else history, [*before, *after])
    comparison = compare_runs(before, after, Criteria(margin_ratio=margin_ratio), earlier=earlier)
    if as_json:
        print_json(comparison)
    else:
        print_text(render_comparison(comparison))
    return EXIT_STATUS[comparison.outcome]


def _take_sides(bundles: tuple[Path, ...], new: tuple[Path, ...] | None) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """Return the bundles of each side.

    Raises:
        UsageError: it is not said which bundle is of which side.
    """
    if new is None:
        if len(bundles) != 2:
            raise UsageError(f"{len(bundles)} bundles: name BASE and NEW, or put -- between the bundles of each side")
        return bundles[:1], bundles[1:]
    if not new:
        raise UsageError("no bundle after --: name the bundles of NEW there")
    return bundles, new
