"""The error tree: a class for each kind of error that a user may see, with its exit status.

A message is one line: what happened, the value found and the value needed, and what to do. `bench.cli` prints it
and exits with `exit_code`. Code below the command line catches these errors only to add facts to them.
"""

from typing import ClassVar


class BenchError(Exception):
    """An error that stops a command; the user gets its message in one line."""

    exit_code: ClassVar[int] = 7


class UsageError(BenchError):
    """An option or a name is wrong, or a file that the user gave is malformed."""

    exit_code = 2


class TooNoisyError(BenchError):
    """The data are too few or too noisy for a result."""

    exit_code = 3


class NotComparableError(BenchError):
    """Two runs or machines cannot be compared; the message has what differs, with both values."""

    exit_code = 4


class CellsFailedError(BenchError):
    """Some cells failed; the bundle holds the other cells, and the reasons."""

    exit_code = 5


class BundleError(BenchError):
    """A bundle, a key or a trust store is altered, malformed, or not trusted."""

    exit_code = 6


class SchemaVersionError(BundleError):
    """A bundle or a statement is of another format than this bench reads; it may well be intact."""


class EnvironmentUnfitError(BenchError):
    """This machine or environment cannot do what was asked."""

    exit_code = 7


class MachineError(EnvironmentUnfitError):
    """A required fact about the machine cannot be read."""


class ProfileError(EnvironmentUnfitError):
    """The chosen profile does not fit this machine."""


class LaunchError(EnvironmentUnfitError):
    """A worker cannot be started or bound as planned."""


class OutputError(EnvironmentUnfitError):
    """The results folder cannot be written to."""


class InterruptedRunError(BenchError):
    """The user interrupted the run; what was measured is kept."""

    exit_code = 130


def describe_refusal(error: Exception) -> str:
    """Return what a parser says against its input; of one that is nested too deeply the same with every Python."""
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
