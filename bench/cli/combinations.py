"""Options that exclude one another are refused with both names; none is dropped silently."""

from collections.abc import Iterable

import click
from click.core import ParameterSource

from bench.errors import UsageError

_RESUMABLE = frozenset(
    {"resume", "dry_run", "as_json", "key", "passphrase_file", "margin_ratio", "write_profile", "history", "trust", "image", "memory_bytes", "pids"}
)  # fmt: skip
"""Options that a resumed run takes: who signs, what is printed, how cells are judged, limits of a container.

All others decided the plan or the place of the bundle when the run began.
"""


def is_typed(name: str, context: click.Context | None = None) -> bool:
    """Return whether the user typed an option of the current command, whatever its default."""
    context = context or click.get_current_context()
    return context.get_parameter_source(name) is ParameterSource.COMMANDLINE


def refuse_with_resume(context: click.Context) -> None:
    """Refuse options that a resumed run cannot take.

    Args:
        context: Of a command with `--resume`, parsed.

    Raises:
        UsageError: such an option was typed beside `--resume`.
    """
    folder = context.params.get("resume")
    if folder is None:
        return
    for option in context.command.params:
        name = str(option.name)
        if isinstance(option, click.Option) and name not in _RESUMABLE and is_typed(name, context):
            raise UsageError(
                f"{option.opts[0]} and --resume {folder}: a resumed run keeps the options that it began with; "
                f"leave out {option.opts[0]}, or start a new run without --resume"
            )


def refuse_needless_force(profiles: Iterable[object]) -> None:
    """Refuse `--force` where every profile is chosen because it fits.

    Raises:
        UsageError: no profile is named.
    """
    if all(profile in {None, "auto"} for profile in profiles):
        raise UsageError("--force and --profile auto: auto takes a profile that fits; name one, or leave out --force")
