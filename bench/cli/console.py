"""The only module that prints: results on standard output, progress and warnings on standard error.

Everything that is printed is made safe here, so no command can forget it: see `bench.report.printable`. Output that
cannot be written is one line and a status of its own (`bench.cli.streams`).
"""

import shutil
import sys
from collections.abc import Callable

import click
import msgspec

from bench.records.progress import Progress
from bench.records.record import encode_json
from bench.report.printable import PrintableText, printable, printable_json, spell_out_bytes, wrap_lines

_STYLES = {"probe": "dim", "repetition": "dim", "cell": "green", "failed": "bold red"}


def print_json(value: object) -> None:
    """Print a record, or a container of them, on standard output."""
    try:
        encoded = encode_json(value)
    except UnicodeEncodeError:  # JSON is UTF-8, and names of files need not be
        encoded = encode_json(_spell_out_all(msgspec.to_builtins(value)))
    print_text(printable_json(encoded.decode()), nl=False)


def print_text(text: str = "", *, err: bool = False, nl: bool = True) -> None:
    """Print one line on standard output or standard error; more than one only of `PrintableText`."""
    click.echo(printable(text), err=err, nl=nl)


def print_report(render: Callable[[int | None], PrintableText], *, wide: bool) -> None:
    """Print a report on standard output, fitted to the terminal.

    Args:
        render: Returns the report; takes the width that tables must fit into, in characters, or None for whole tables.
        wide: The user asks for whole tables and lines. A file or a pipe gets them, too.
    """
    width = None if wide or not sys.stdout.isatty() else shutil.get_terminal_size().columns
    report = render(width)
    print_text(report if width is None else wrap_lines(report, width), nl=not report.endswith("\n"))


wide_option = click.option("--wide", is_flag=True, help="Print whole tables, however wide the terminal is.")


def print_progress(progress: Progress) -> None:
    """Print one line, coloured on a terminal. Nothing is redrawn later, because a worker may be timed then."""
    from bench.report.progress import render_progress

    line = printable(render_progress(progress))
    if not sys.stderr.isatty():
        click.echo(line, err=True)
        return
    from rich.console import Console

    Console(stderr=True, highlight=False, soft_wrap=True).print(line, style=_STYLES[progress.kind], markup=False)


def _spell_out_all(value: object) -> object:
    """Return builtins in which bytes that are not UTF-8 are written as escapes."""
    match value:
        case str():
            return spell_out_bytes(value)
        case dict():
            return {_spell_out_all(name): _spell_out_all(entry) for name, entry in value.items()}
        case list() | tuple():
            return [_spell_out_all(entry) for entry in value]
        case _:
            return value
