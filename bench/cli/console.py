"""What commands print: JSON on standard output, progress on standard error."""

import sys

import click

from bench.records.progress import Progress
from bench.records.record import encode_json
from bench.report.printable import printable

_STYLES = {"probe": "dim", "repetition": "dim", "cell": "green", "failed": "bold red"}


def print_json(value: object) -> None:
    """Print a record, or a container of them, on standard output."""
    click.echo(encode_json(value).decode(), nl=False)


def print_raw(text: str) -> None:
    """Print text unchanged on standard output: of a format in which control characters cannot be spelled out."""
    click.echo(text, nl=False)


def print_text(text: str = "", *, err: bool = False, nl: bool = True) -> None:
    """Print text that may hold what others wrote, on standard output or standard error."""
    click.echo(printable(text, lines=True), err=err, nl=nl)


def print_progress(progress: Progress) -> None:
    """Print one line, coloured on a terminal, and return: nothing is redrawn later, while a worker is timed."""
    from bench.report.progress import render_progress

    line = printable(render_progress(progress), lines=True)
    if not sys.stderr.isatty():
        click.echo(line, err=True)
        return
    from rich.console import Console

    Console(stderr=True, highlight=False, soft_wrap=True).print(line, style=_STYLES[progress.kind], markup=False)
