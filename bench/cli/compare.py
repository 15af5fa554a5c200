"""`bench compare`."""

from pathlib import Path

import click
from typing_extensions import override

from bench.cli.console import print_text
from bench.cli.types import Percent
from bench.errors import UsageError

SEPARATOR = "--"


class SidesCommand(click.Command):
    """A command with bundles before and after `--`. Click drops the separator, so that it is looked for here."""

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
Exit status: 0 every cell is faster, or equivalent within the margin; 1 some cell is slower; 3 none is
slower, but too few data or too noisy to call some cell equivalent; 4 some cell is not comparable; 6 a
bundle does not verify.
""",
)
@click.argument("bundles", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="BASE... [--] NEW...")
@click.option("--margin", "margin_ratio", type=Percent(), default="5%", show_default=True, metavar="5%", help="Latencies this close are equivalent.")  # fmt: skip
@click.option("--history", type=click.Path(path_type=Path, file_okay=False), metavar="FOLDER", help="Earlier bundles of the same plan, packages and host, which show how far runs lie apart. [default: the folder of NEW]")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def compare(
    bundles: tuple[Path, ...],
    margin_ratio: float,
    history: Path | None,
    *,
    as_json: bool,
    new: tuple[Path, ...] | None = None,
) -> int:
    """Compare NEW with BASE: which cells are faster, slower or equivalent?

    All bundles are verified first. What differs between them comes before any verdict, with whether it matters.
    Cells are matched by case and layout.

    Runs differ by more than their repetitions show. How far they lie apart on this host is learned from earlier
    bundles; without any, 2% is assumed. Several runs a side, with `--` between the sides, narrow it further.
    `bench ab` avoids it.
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
    for path in new:
        if str(path).startswith("-"):
            raise UsageError(f"{path} after --: options stand before the bundles")
    return bundles, new
