"""What is printed of a run: the same after it was measured, and when its bundle is shown later."""

from pathlib import Path

from bench.records.bundle import Contents
from bench.records.verdict import INTERLEAVED_MARGIN_RATIO, Comparison, Criteria


def print_results(
    path: Path,
    *,
    report_format: str,
    wide: bool,
    margin_ratio: float = INTERLEAVED_MARGIN_RATIO,
    closing: bool = False,
) -> Comparison | None:
    """Verify a bundle, and print the report of its run.

    Args:
        path: Of the bundle. Also a new one is read back, so that what is printed is what was sealed.
        report_format: A name in `bench.report.renderers.RENDERERS`.
        wide: Print whole tables, however wide the terminal is.
        margin_ratio: For the sides of an `ab` run: differences within it count as equivalent.
        closing: Then say on standard error what was found, what stands out, and what to do next.

    Returns:
        The verdict on the sides of an `ab` run; None for any other run.

    Raises:
        UsageError: there is no such format.
        BundleError: the bundle does not verify.
    """
    from bench.cli.console import print_report, print_text
    from bench.report.closing import render_closing
    from bench.report.printable import spell_out_bytes
    from bench.report.renderers import find_renderer, render_report
    from bench.report.run_report import make_run_report
    from bench.tune.outcome import make_tuning_report
    from bench.verification.verify import verify_bundle

    renderer = find_renderer(report_format)
    verification = verify_bundle(path)
    contents = verification.contents
    comparison = compare_sides(contents, margin_ratio)
    tuning = make_tuning_report(verification)
    report = make_run_report(contents, bundle=spell_out_bytes(str(path)), comparison=comparison, tuning=tuning)
    if renderer.media_type == "text/plain":
        print_report(lambda width: render_report(report, renderer, width), wide=wide)
    else:  # never wrapped: a line end within a text would be another document
        print_text(render_report(report, renderer), nl=False)
    if closing:
        print_text(render_closing(report), err=True)
    return comparison


def compare_sides(contents: Contents, margin_ratio: float = INTERLEAVED_MARGIN_RATIO) -> Comparison | None:
    """Compare the two sides of an `ab` run, from its samples; None for any other run.

    Args:
        contents: Of a bundle that was verified.
        margin_ratio: Differences within it count as equivalent.
    """
    from bench.compare.bundles import compare_variants

    if not contents.plan.variants or contents.tuning is not None:
        return None
    return compare_variants(contents, Criteria(margin_ratio=margin_ratio))
