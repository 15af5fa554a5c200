"""The option `--root`, for each command that can read a recorded machine."""

from pathlib import Path

import click

from bench.cli.types import FilePath

HOST = Path("/")

root_option = click.option(
    "--root",
    type=FilePath(exists=True, file_okay=False),
    default=HOST,
    metavar="DIR",
    help="Read a recorded machine instead of this one.",
)
