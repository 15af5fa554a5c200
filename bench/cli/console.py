"""The only module that prints: results on standard output, progress and warnings on standard error.

Everything that is printed is made safe here, so no command can forget it: see `bench.report.printable`. Output that
cannot be written is one line and a status of its own (`bench.cli.streams`).
"""

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
import msgspec

from bench.records.progress import Progress
from bench.records.record import encode_json
from bench.report.printable import PrintableText, join_lines, printable, printable_json, spell_out_bytes, wrap_lines

if TYPE_CHECKING:
    from rich.console import Console

_STYLES = {"cell": "green", "failed": "bold red"}
"""Of the lines that stay above the progress bar."""


def print_json(value: object) -> None:
    """Print a record, or a container of them, on standard output."""
    try:
        encoded = encode_json(value)
    except UnicodeEncodeError:  # JSON is UTF-8, and names of files need not be
        encoded = encode_json(_spell_out_all(msgspec.to_builtins(value)))
    print_text(printable_json(encoded.decode()), nl=False)


def print_text(text: str = "", *, err: bool = False, nl: bool = True) -> None:
    """Print one line on standard output or standard error; more than one only of `PrintableText`.

    On standard error, where results never are, long lines are wrapped to the terminal.
    """
    line = join_lines([text])
    if err and sys.stderr.isatty():
        line = wrap_lines(line, shutil.get_terminal_size().columns)
    click.echo(line, err=err, nl=nl)


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


@contextmanager
def open_progress() -> Iterator[Callable[[Progress], None]]:
    """Yield a function that reports the progress of a run on standard error.

    On a terminal it is a bar with the time left, below a line for each cell that has ended; elsewhere a line each time.
    Nothing is drawn between two reports, because a worker may be timed then.
    """
    from rich.console import Console

    console = Console(stderr=True, highlight=False, soft_wrap=True)
    if sys.stderr.isatty() and not console.is_dumb_terminal:
        with _open_bar(console) as report:
            yield report
    else:
        yield _print_progress


def _print_progress(progress: Progress) -> None:
    from bench.report.progress import render_progress

    click.echo(printable(render_progress(progress)), err=True)


@contextmanager
def _open_bar(console: "Console") -> Iterator[Callable[[Progress], None]]:
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar
    from rich.table import Column

    from bench.report.progress import describe_count, describe_left, describe_step

    columns = (
        BarColumn(bar_width=20),
        TextColumn("{task.fields[left]}", style="cyan", table_column=Column(no_wrap=True)),
        TextColumn("{task.description}", markup=False, table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis")),
    )
    bar = Bar(
        *columns, console=console, auto_refresh=False, transient=True, expand=True,
        redirect_stdout=False, redirect_stderr=False,
    )  # fmt: skip

    def report(progress: Progress) -> None:
        line = printable(f"{describe_count(progress)} {describe_step(progress)}")
        if progress.kind in _STYLES:
            console.print(line, style=_STYLES[progress.kind], markup=False)
        total_s = progress.elapsed_s + progress.left_s
        bar.update(task, completed=progress.elapsed_s, total=total_s, description=line, left=describe_left(progress))
        bar.refresh()

    with bar:
        console.show_cursor()  # a run that is killed could not show it again
        task = bar.add_task("", total=1, left="")
        yield report


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
