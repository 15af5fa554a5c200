"""`bench show`."""

from pathlib import Path

import click


@click.command(epilog="\b\nExample:\n  bench show results/X.bench.tar")
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option("--in-force", is_flag=True, help="Print what each worker was held to, and its libraries.")
@click.option("--evidence", is_flag=True, help="Print what shows each cell to be right, and what it says it is.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(bundle: Path, in_force: bool, evidence: bool, as_json: bool) -> None:
    """Print a bundle's table again, after checking that it is intact."""
    from bench.bundle.verify import verify_bundle
    from bench.cli.console import print_json, print_text
    from bench.report.evidence import render_evidence
    from bench.report.in_force import render_in_force
    from bench.report.table import render_results

    contents = verify_bundle(bundle).contents
    if as_json:
        shown = {
            "info": contents.info,
            "machine": contents.machine,
            "plan": contents.plan,
            "summary": contents.summary,
        }
        print_json(shown)
        return
    views = [view for asked, view in ((in_force, render_in_force), (evidence, render_evidence)) if asked]
    print_text("\n\n".join(view(contents) for view in views or [render_results]))
