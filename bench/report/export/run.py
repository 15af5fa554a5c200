"""What is exported of one bundle."""

from bench.records.bundle import Contents, Environment
from bench.records.digest import Digest
from bench.records.plan import Cell
from bench.records.record import Record
from bench.report.run_report import RunReport


class ExportedRun(Record, frozen=True, kw_only=True):
    """A run of a bundle that was verified.

    Attributes:
        content_digest: Of the bundle's `content.tar`, which the signatures are about. Each exported row has it.
        report: Made from the same contents.
    """

    content_digest: Digest
    contents: Contents
    report: RunReport


def find_environment(contents: Contents, cell: Cell) -> Environment:
    """Return the software that a cell's workers had: that of its side of an `ab` run, or the run's."""
    if cell.variant is None:
        return contents.environment
    return contents.environments.get(cell.variant, contents.environment)


def find_version(environment: Environment, package: str) -> str | None:
    """Return the version of an installed package; None if it is not installed."""
    return next((entry.version for entry in environment.distributions if entry.name == package), None)
