"""Why a worker has no result, on both sides of the pipe: as an exception that carries the cell's `Failure`."""

from collections.abc import Mapping

from bench.records.measurement import Failure
from bench.records.reason import Reason

_LONGEST = 1000
"""Characters of a value; a record takes at most four times as many."""


class WorkerFailedError(Exception):
    """A worker cannot give a result, or ended without one. Never leaves `bench.run`: it becomes the cell's `Failure`."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(" ".join((failure.reason, *(f"{name}={value}" for name, value in failure.values.items()))))
        self.failure = failure


def fail(reason: Reason) -> WorkerFailedError:
    """Return the exception for a reason, to be raised."""
    return WorkerFailedError(Failure(reason=reason.code, values=shorten(reason.values)))


def shorten(values: Mapping[str, str]) -> dict[str, str]:
    """Cut values that a bundle would refuse: the kernel and libraries say how long a list or a message is."""
    return {name: value[:_LONGEST] for name, value in values.items()}
