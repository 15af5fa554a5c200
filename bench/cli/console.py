"""What commands print: JSON on standard output, progress on standard error."""

import sys

import click

from bench.records.progress import Progress
from bench.records.record import encode_json

_STYLES = {"probe": "dim", "repetition": "dim", "cell": "green", "failed": "bold red"}


def print_json(value: object) -> None:
    """Print a record, or a container of them, on standard output."""
    click.echo(encode_json(value).decode(), nl=False)


def printable(text: str) -> str:
    """Text with control characters spelled out: what a bundle says must not be what a terminal does."""
    return "".join(char if char.isprintable() or char == "\n" else repr(char)[1:-1] for char in text)


def print_text(text: str) -> None:
    """Print text that holds what others wrote, on standard output."""
    click.echo(printable(text))


def print_progress(progress: Progress) -> None:
    """Print one line, coloured on a terminal, and return: nothing is redrawn later, while a worker is timed."""
    from bench.report.progress import render_progress

    line = printable(render_progress(progress))
    if not sys.stderr.isatty():
        click.echo(line, err=True)
        return
    from rich.console import Console

    Console(stderr=True, highlight=False, soft_wrap=True).print(line, style=_STYLES[progress.kind], markup=False)
