"""`bench export`."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.cli.console import print_text
from bench.cli.types import FilePath
from bench.errors import UsageError

if TYPE_CHECKING:
    from bench.report.export.run import ExportedRun


@click.command(
    epilog="""\b
Examples:
  bench export results/X.bench.tar --format csv -o X.csv
  bench export results/ --format parquet --samples -o samples.parquet
  bench export results/ --format jsonl -o runs.jsonl
  bench export results/X.bench.tar --format markdown
  bench export results/X.bench.tar --format hud -o X.json
  bench export results/ --format openmetrics -o bench.txt
\b
Exit status: 0 done; 2 wrong usage; 6 a bundle does not verify, and nothing is written.
"""
)
@click.argument("bundles", nargs=-1, required=True, type=FilePath(), metavar="BUNDLE|FOLDER...")
@click.option("--format", "export_format", required=True, metavar="csv|parquet|jsonl|markdown|junit|hud|openmetrics", help="Export format.")  # fmt: skip
@click.option("-o", "--output", type=FilePath(), metavar="FILE", help="File to write; one of this name is replaced. [default: standard output]")  # fmt: skip
@click.option("--samples", is_flag=True, help="A row for each sample instead of each cell: csv, parquet and jsonl.")
def export(bundles: tuple[Path, ...], export_format: str, output: Path | None, *, samples: bool) -> None:
    """Write bundles as tables or documents that other programs read.

    Bundles are verified first; a folder stands for all bundles in it and below. Each row has the digest of its bundle.
    docs/export-columns.md describes the columns.

    csv, parquet and jsonl are tables. markdown is for a pull request's comment or a job's summary, junit for CI
    systems, hud for PyTorch's benchmark dashboards (schema v3), openmetrics for Prometheus.
    """
    from bench.bundle.files import require_writable, write_file
    from bench.records.bundle import BUNDLE_SUFFIX
    from bench.report.export.formats import BINARY_FORMATS, render_export
    from bench.report.printable import PrintableText
    from bench.verification.verify_many import find_bundles

    if output is not None:
        if output in bundles or output.name.endswith(BUNDLE_SUFFIX):
            raise UsageError(f"-o {output}: that is a bundle, which an export would replace; name another file")
        require_writable(output, replace=True)
    elif export_format in BINARY_FORMATS:
        raise UsageError(f"--format {export_format} cannot be printed; name a file with -o FILE")
    data = render_export(_read_runs(find_bundles(bundles)), export_format, samples=samples)
    if output is None:
        print_text(PrintableText(data.decode()), nl=False)
    else:
        write_file(output, data, replace=True)


def _read_runs(paths: tuple[Path, ...]) -> "Iterator[ExportedRun]":
    """Yield each run once, also if copies of its bundle are named.

    Raises:
        BundleError: a bundle does not verify.
    """
    from bench.cli.results import compare_sides
    from bench.report.export.run import ExportedRun
    from bench.report.printable import spell_out_bytes
    from bench.report.run_report import make_run_report
    from bench.verification.verify import verify_bundle

    seen: set[str] = set()
    for path in paths:
        verification = verify_bundle(path)
        if verification.content_digest not in seen:
            seen.add(verification.content_digest)
            contents = verification.contents
            report = make_run_report(contents, bundle=spell_out_bytes(str(path)), comparison=compare_sides(contents))
            yield ExportedRun(content_digest=verification.content_digest, contents=contents, report=report)
