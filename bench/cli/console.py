"""Progress on standard error: with colour on a terminal, plain lines elsewhere."""

import sys

import click

from bench.records.progress import Progress
from bench.report.progress import render_progress

_STYLES = {"probe": "dim", "repetition": "dim", "cell": "green", "failed": "bold red"}


def print_progress(progress: Progress) -> None:
    """Print one line and return: nothing is redrawn later, while a worker is timed."""
    line = render_progress(progress)
    if not sys.stderr.isatty():
        click.echo(line, err=True)
        return
    from rich.console import Console

    Console(stderr=True, highlight=False, soft_wrap=True).print(line, style=_STYLES[progress.kind], markup=False)
