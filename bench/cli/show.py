"""`bench show`."""

from pathlib import Path

import click

from bench.cli.results import compare_sides, render_bundle


@click.command(epilog="\b\nExample:\n  bench show results/X.bench.tar")
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option("--effective", is_flag=True, help="Print what each worker was held to, and its libraries.")
@click.option("--evidence", is_flag=True, help="Print what shows each cell to be right, and what it says it is.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(bundle: Path, effective: bool, evidence: bool, as_json: bool) -> None:
    """Print a bundle's table again, after checking that it is intact; of an `ab` run also its verdict."""
    from bench.bundle.verify import verify_bundle
    from bench.cli.console import print_json, print_text
    from bench.report.effective import render_effective
    from bench.report.evidence import render_evidence

    contents = verify_bundle(bundle).contents
    comparison = compare_sides(contents)
    if as_json:
        shown = {
            "info": contents.info,
            "machine": contents.machine,
            "plan": contents.plan,
            "summary": contents.summary,
            "comparison": comparison,
        }
        print_json(shown)
        return
    views = [view for asked, view in ((effective, render_effective), (evidence, render_evidence)) if asked]
    print_text("\n\n".join(view(contents) for view in views) if views else render_bundle(contents, comparison))
