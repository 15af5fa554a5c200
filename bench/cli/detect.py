"""`bench detect`."""

from pathlib import Path

import click
import msgspec


@click.command(epilog="\b\nExamples:\n  bench detect\n  bench detect --json\n  bench detect --root recorded/machine")
@click.option("--root", type=click.Path(path_type=Path, exists=True, file_okay=False), default=Path("/"), metavar="DIR", help="Look at a recorded tree instead of this machine.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def detect(root: Path, as_json: bool) -> None:
    """Show the machine, the profile chosen for it, and for every other profile why not."""
    from bench.cli.console import print_json
    from bench.errors import ProfileError
    from bench.hardware.detect import detect as detect_machine
    from bench.report.machine import render_machine
    from bench.run.prepare import select_profile

    machine = detect_machine(root)
    choice, problem = None, None
    try:
        _, choice = select_profile("auto", machine, force=False)
    except ProfileError as error:
        problem = str(error)
    if as_json:
        profile: object = {"name": None, "reason": problem, "why_not": {}} if choice is None else choice
        facts = {**msgspec.structs.asdict(machine), "profile": profile}
        print_json(facts)
    else:
        click.echo(render_machine(machine, choice, problem))
