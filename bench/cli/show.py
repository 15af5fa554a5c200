"""`bench show`."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from bench.cli.combinations import is_typed
from bench.cli.console import print_text, wide_option
from bench.cli.results import print_results
from bench.cli.types import FilePath
from bench.errors import UsageError

if TYPE_CHECKING:
    from bench.report.printable import PrintableText


@click.command(
    epilog="""\b
Examples:
  bench show results/X.bench.tar
  bench show results/X.bench.tar --evidence --effective
  bench show results/X.bench.tar --operators
  bench show results/X.bench.tar --json
  bench show results/X.bench.tar --source
"""
)
@click.argument("bundle", type=FilePath())
@click.option("--effective", is_flag=True, help="Print the effective CPUs, memory and libraries of each worker instead.")  # fmt: skip
@click.option("--evidence", is_flag=True, help="Print the evidence for each cell instead: outputs, precision, instructions.")  # fmt: skip
@click.option("--operators", is_flag=True, help="Print where the time of a call goes instead: operators by own time.")  # fmt: skip
@click.option("--source", "source", is_flag=True, help="Print the code that the bundle holds instead: models that somebody brought. Nothing of it is run.")  # fmt: skip
@click.option("--format", "report_format", default="text", show_default=True, metavar="text|json|markdown|junit", help="Report format.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON; the same as --format json.")
@wide_option
def show(  # noqa: PLR0917 - click passes options by keyword
    bundle: Path,
    effective: bool,
    evidence: bool,
    operators: bool,
    source: bool,
    report_format: str,
    as_json: bool,
    wide: bool,
) -> None:
    """Verify a bundle and print its report again.

    The report holds the tables, what failed and why, and for an `ab` run the verdict.
    """
    if as_json and report_format != "json" and is_typed("report_format"):
        raise UsageError(f"--json and --format {report_format}: leave out one of them")
    report_format = "json" if as_json else report_format
    asked = {"effective": effective, "evidence": evidence, "operators": operators}
    views = [name for name, is_asked in asked.items() if is_asked]
    if source:
        _print_source(bundle, alone=not views and report_format == "text")
    elif views:
        _print_views(bundle, views, report_format=report_format, wide=wide)
    else:
        print_results(bundle, report_format=report_format, wide=wide)


def _print_source(bundle: Path, *, alone: bool) -> None:
    """Print each file of code that a bundle holds, after a line with its name and digest.

    Raises:
        UsageError: something else is to be printed as well.
    """
    from bench.report.sources import render_code
    from bench.verification.verify import verify_bundle

    if not alone:
        raise UsageError(
            "--source prints code and nothing else; leave out --effective, --evidence, --operators, --format and --json"
        )
    contents = verify_bundle(bundle).contents
    print_text(render_code(contents), nl=False)


def _print_views(bundle: Path, views: Sequence[str], *, report_format: str, wide: bool) -> None:
    """Print views of single workers and cells, with an empty line between.

    Raises:
        UsageError: the format is neither text nor JSON.
    """
    from bench.cli.console import print_json, print_report
    from bench.report.printable import PrintableText, join_lines
    from bench.verification.verify import verify_bundle

    if report_format not in {"text", "json"}:
        raise UsageError(f"--format {report_format}: --{views[0]} prints text or json; use one of these")
    contents = verify_bundle(bundle).contents
    found = _list_views()
    rows = {name: tuple(found[name].make_rows(contents)) for name in views}
    if report_format == "json":
        print_json(rows)
        return

    def render(width: int | None) -> PrintableText:
        texts = [found[name].render(rows[name], width) for name in views]
        return join_lines([line for text in texts for line in (text, "")][:-1])

    print_report(render, wide=wide)


class _View(NamedTuple):
    """A view of single workers or cells.

    Attributes:
        make_rows: Returns its rows of a bundle's contents.
        render: Returns the rows as text, no wider than asked.
    """

    make_rows: Callable[[Any], Iterable[Any]]
    render: Callable[[Any, int | None], "PrintableText"]


def _list_views() -> dict[str, _View]:
    from bench.report.effective import render_effective
    from bench.report.evidence import render_evidence
    from bench.report.operators import render_operators
    from bench.report.rows.effective import make_effective_rows
    from bench.report.rows.evidence import make_evidence_rows
    from bench.report.rows.operators import make_operators_rows

    return {
        "effective": _View(make_effective_rows, render_effective),
        "evidence": _View(make_evidence_rows, lambda rows, _width: render_evidence(rows)),
        "operators": _View(make_operators_rows, render_operators),
    }
