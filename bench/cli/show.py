"""`bench show`."""

from pathlib import Path

import click

from bench.cli.combinations import is_typed
from bench.cli.console import wide_option
from bench.cli.results import print_results
from bench.cli.types import FilePath
from bench.errors import UsageError


@click.command(
    epilog="""\b
Examples:
  bench show results/X.bench.tar
  bench show results/X.bench.tar --evidence --effective
  bench show results/X.bench.tar --json
"""
)
@click.argument("bundle", type=FilePath())
@click.option("--effective", is_flag=True, help="Print the effective CPUs, memory and libraries of each worker instead.")  # fmt: skip
@click.option("--evidence", is_flag=True, help="Print the evidence for each cell instead: outputs, precision, instructions.")  # fmt: skip
@click.option("--format", "report_format", default="text", show_default=True, metavar="text|json|markdown|junit", help="Report format.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON; the same as --format json.")
@wide_option
def show(  # noqa: PLR0917 - click passes options by keyword
    bundle: Path, effective: bool, evidence: bool, report_format: str, as_json: bool, wide: bool
) -> None:
    """Verify a bundle and print its report again.

    The report holds the tables, what failed and why, and for an `ab` run the verdict.
    """
    if as_json and report_format != "json" and is_typed("report_format"):
        raise UsageError(f"--json and --format {report_format}: leave out one of them")
    report_format = "json" if as_json else report_format
    if effective or evidence:
        _print_views(bundle, effective=effective, evidence=evidence, report_format=report_format, wide=wide)
    else:
        print_results(bundle, report_format=report_format, wide=wide)


def _print_views(bundle: Path, *, effective: bool, evidence: bool, report_format: str, wide: bool) -> None:
    """Print one or both views of single workers and cells.

    Raises:
        UsageError: the format is neither text nor JSON.
    """
    from bench.cli.console import print_json, print_report
    from bench.report.effective import render_effective
    from bench.report.evidence import render_evidence
    from bench.report.printable import PrintableText, join_lines
    from bench.report.rows.effective import make_effective_rows
    from bench.report.rows.evidence import make_evidence_rows
    from bench.verification.verify import verify_bundle

    if report_format not in {"text", "json"}:
        raise UsageError(f"--format {report_format}: --effective and --evidence print text or json; use one of these")
    contents = verify_bundle(bundle).contents
    effective_rows = tuple(make_effective_rows(contents)) if effective else ()
    evidence_rows = tuple(make_evidence_rows(contents)) if evidence else ()
    if report_format == "json":
        shown = {"effective": effective_rows} if effective else {}
        print_json(shown | ({"evidence": evidence_rows} if evidence else {}))
        return

    def render(width: int | None) -> PrintableText:
        views: list[str] = [render_effective(effective_rows, width)] if effective else []
        views += [""] if effective and evidence else []
        views += [render_evidence(evidence_rows)] if evidence else []
        return join_lines(views)

    print_report(render, wide=wide)
