"""The only module that prints: results on standard output, progress and warnings on standard error."""

import shutil
import sys
from collections.abc import Callable

import click

from bench.records.progress import Progress
from bench.records.record import encode_json
from bench.report.printable import printable, wrap_lines

_STYLES = {"probe": "dim", "repetition": "dim", "cell": "green", "failed": "bold red"}


def print_json(value: object) -> None:
    """Print a record, or a container of them, on standard output."""
    click.echo(encode_json(value).decode(), nl=False)


def print_raw(text: str) -> None:
    """Print a report unchanged on standard output, in a format that does not allow control characters to be spelled out."""
    click.echo(text, nl=False)


def print_text(text: str = "", *, err: bool = False, nl: bool = True) -> None:
    """Print text on standard output or standard error; control characters from outside are spelled out."""
    click.echo(printable(text, lines=True), err=err, nl=nl)


def print_report(render: Callable[[int | None], str], *, wide: bool) -> None:
    """Print a report on standard output, fitted to the terminal.

    Args:
        render: Returns the report; takes the width that tables must fit into, in characters, or None for whole tables.
        wide: The user asks for whole tables and lines. A file or a pipe gets them, too.
    """
    width = None if wide or not sys.stdout.isatty() else shutil.get_terminal_size().columns
    shown = printable(render(width).removesuffix("\n"), lines=True)
    click.echo(shown if width is None else wrap_lines(shown, width))


wide_option = click.option("--wide", is_flag=True, help="Print whole tables, however wide the terminal is.")


def print_progress(progress: Progress) -> None:
    """Print one line, coloured on a terminal. Nothing is redrawn later, because a worker may be timed then."""
    from bench.report.progress import render_progress

    line = printable(render_progress(progress), lines=True)
    if not sys.stderr.isatty():
        click.echo(line, err=True)
        return
    from rich.console import Console

    Console(stderr=True, highlight=False, soft_wrap=True).print(line, style=_STYLES[progress.kind], markup=False)
