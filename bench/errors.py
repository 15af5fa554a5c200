"""The error tree. Every error that a user may see has one class here, and its exit status with it.

A message is one line: what was found, what was wanted, and the way out. `bench.cli` prints it and
exits with `exit_code`; nothing below the command line catches these except to add knowledge.
"""

from typing import ClassVar


class BenchError(Exception):
    """Anything that stops a command and is told to the user in one line."""

    exit_code: ClassVar[int] = 7


class UsageError(BenchError):
    """A wrong option, an unknown name, or a file of the user's that cannot be read as what it should be."""

    exit_code = 2


class TooNoisyError(BenchError):
    """The data are too few or too noisy to say anything."""

    exit_code = 3


class NotComparableError(BenchError):
    """Two things were to be held together that are not alike; says what differs, with both values."""

    exit_code = 4


class CellsFailedError(BenchError):
    """Some cells failed; the bundle holds the others and the reasons."""

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
    """A fact about the machine that is needed cannot be read."""


class ProfileError(EnvironmentUnfitError):
    """The profile asked for does not fit this machine."""


class LaunchError(EnvironmentUnfitError):
    """A worker cannot be started or bound as planned."""


class OutputError(EnvironmentUnfitError):
    """The place for results cannot take them."""


class InterruptedRunError(BenchError):
    """The user stopped the run; what was measured is kept."""

    exit_code = 130
