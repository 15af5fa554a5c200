"""`bench compare`."""

from pathlib import Path

import click
from typing_extensions import override

from bench.cli.combinations import is_typed
from bench.cli.console import print_report, print_text, wide_option
from bench.cli.types import FilePath, OneOf, Percent
from bench.errors import UsageError

_SEPARATOR = Path("\x1f")
"""Stands for `--` among the bundles: ASCII's unit separator, which no file is named."""


class SidesCommand(click.Command):
    """A command whose bundles stand on two sides of `--`, and whose options stand anywhere.

    click itself drops a `--`, and takes what follows it for arguments.
    """

    @override
    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, [str(_SEPARATOR) if argument == "--" else argument for argument in args])


@click.command(
    cls=SidesCommand,
    epilog="""\b
Examples:
  bench compare base.bench.tar new.bench.tar
  bench compare base.bench.tar new.bench.tar --margin 3% --history results
  bench compare base.bench.tar new.bench.tar --format markdown
  bench compare A1.bench.tar A2.bench.tar A3.bench.tar -- B1.bench.tar B2.bench.tar B3.bench.tar
\b
Exit status: 0 every cell is faster, or equivalent within the margin; 1 some cell is slower; 3 no cell is
slower, but some are too noisy or have too few data for a verdict; 4 some cell is not comparable; 6 a
bundle does not verify.
""",
)
@click.argument("bundles", nargs=-1, required=True, type=FilePath(), metavar="BASE NEW | BASE... -- NEW...")
@click.option("--margin", "margin_ratio", type=Percent(), default="5%", show_default=True, metavar="5%", help="Latencies that differ by no more than this are equivalent.")  # fmt: skip
@click.option("--history", type=FilePath(file_okay=False), metavar="FOLDER", help="Folder with earlier bundles. Those of the same host, packages and plan show how much runs differ. [default: the folder of the first run of NEW]")  # fmt: skip
@click.option("--format", "report_format", type=OneOf(("text", "json", "markdown")), default="text", show_default=True, help="Report format; markdown is for a pull request's comment.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON; the same as --format json.")
@wide_option
def compare(
    bundles: tuple[Path, ...],
    margin_ratio: float,
    history: Path | None,
    *,
    report_format: str,
    as_json: bool,
    wide: bool,
) -> int:
    """Compare bundles, cell by cell.

    All bundles are verified first. The differences between hardware, software and settings are printed before the
    verdicts, each with its severity. Cells are matched by case and layout.

    Two runs at different times differ by more than their repetitions show. `bench compare` learns from earlier
    bundles by how much; without any, it assumes 2%. Several bundles on each side, with `--` between the sides,
    show smaller changes. `bench ab` avoids the scatter between runs.
    """
    from bench.cli.console import print_json
    from bench.compare.bundles import compare_runs
    from bench.compare.history import read_history
    from bench.records.verdict import EXIT_STATUS, Criteria
    from bench.report.comparison import render_comparison
    from bench.report.markdown_comparison import render_markdown_comparison
    from bench.verification.verify import verify_bundle

    if as_json and report_format != "json" and is_typed("report_format"):
        raise UsageError(f"--json and --format {report_format}: leave out one of them")
    base, new = _split_sides(bundles)
    before, after = ([verify_bundle(path).contents for path in side] for side in (base, new))
    _, first = min((contents.info.run_id, path) for contents, path in zip(after, new, strict=True))
    earlier = read_history(first.parent if history is None else history, [*before, *after])
    comparison = compare_runs(before, after, Criteria(margin_ratio=margin_ratio), earlier=earlier)
    if as_json or report_format == "json":
        print_json(comparison)
    elif report_format == "markdown":
        print_text(render_markdown_comparison(comparison), nl=False)
    else:
        print_report(lambda width: render_comparison(comparison, width), wide=wide)
    return EXIT_STATUS[comparison.outcome]


def _split_sides(bundles: tuple[Path, ...]) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """Return the bundles of base and of new.

    Raises:
        UsageError: nothing says which bundle is of which side, or a side has none.
    """
    if _SEPARATOR not in bundles:
        if len(bundles) != 2:
            count = "1 bundle" if len(bundles) == 1 else f"{len(bundles)} bundles"
            raise UsageError(f"{count}, and no --: give BASE and NEW, or put -- between the bundles of the two sides")
        return bundles[:1], bundles[1:]
    at = bundles.index(_SEPARATOR)
    base, new = bundles[:at], bundles[at + 1 :]
    if not base or not new or _SEPARATOR in new:
        raise UsageError("-- separates two sides: give one or more bundles before it, and one or more after it")
    return base, new
