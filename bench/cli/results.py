"""What is printed of a run that is over, and of a bundle that is shown again: the same."""

from pathlib import Path

from bench.records.bundle import Contents
from bench.records.verdict import INTERLEAVED_MARGIN_RATIO, Comparison, Criteria


def print_results(path: Path, *, as_json: bool, margin_ratio: float = INTERLEAVED_MARGIN_RATIO) -> Comparison | None:
    """Print what was sealed, read back from the bundle itself and verified on the way.

    Returns:
        The verdict on the two sides of an `ab` run; None if it was another.
    """
    from bench.bundle.verify import verify_bundle
    from bench.cli.console import print_json, print_text

    contents = verify_bundle(path).contents
    comparison = compare_sides(contents, margin_ratio)
    if as_json:
        print_json({"bundle": str(path), "summary": contents.summary, "comparison": comparison})
    else:
        print_text(f"{render_bundle(contents, comparison)}\nbundle: {path}")
    return comparison


def compare_sides(contents: Contents, margin_ratio: float = INTERLEAVED_MARGIN_RATIO) -> Comparison | None:
    """Compare the two sides of an `ab` run, from its samples; None of any other run.

    Args:
        contents: Of a bundle that was verified.
        margin_ratio: Differences within it count as equivalent.
    """
    from bench.compare.bundles import compare_variants

    if not contents.plan.variants:
        return None
    return compare_variants(contents, Criteria(margin_ratio=margin_ratio))


def render_bundle(contents: Contents, comparison: Comparison | None) -> str:
    """The table, and the verdict where there is one."""
    from bench.records.variant import describe_variant
    from bench.report.comparison import render_comparison
    from bench.report.table import render_results

    parts = [render_results(contents)]
    if contents.info.cites is not None:
        cites = contents.info.cites
        parts.append(f"does run {cites.run_id} again, {cites.content_digest}")
    if comparison is not None:
        parts += ["", *(f"side {one.name}: {describe_variant(one)}" for one in contents.plan.variants), ""]
        parts.append(render_comparison(comparison))
    return "\n".join(parts)
