"""What an engine does for a run on many machines: submit a node's run, observe it, cancel it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

from bench.errors import EnvironmentUnfitError
from bench.records.fleet import FleetNode
from bench.records.reason import Reason


class SubmissionError(EnvironmentUnfitError):
    """The engine refuses a node; others may be accepted."""


class EngineSilentError(EnvironmentUnfitError):
    """The engine does not answer now; jobs go on, and it is asked again."""


class Observation(NamedTuple):
    """What an engine knows of a node's run that goes on, or that did not end by itself."""

    state: Literal["waiting", "running", "timed_out", "drained", "failed"]
    reason: Reason | None = None


class Ended(NamedTuple):
    """A node's run that ended by itself.

    Attributes:
        exit_status: Of bench on the node.
        reason: What stands out.
    """

    exit_status: int
    reason: Reason | None = None


class Engine(Protocol):
    """Where nodes get their runs from. A node's folder is `folder_of(output, node)`.

    Attributes:
        poll_s: Seconds between two looks at it.
    """

    poll_s: float

    def render(self, nodes: Sequence[FleetNode]) -> str:
        """Return the shell script that submits the nodes as `submit` does."""
        ...

    def submit(self, node: FleetNode) -> str | None:
        """Submit a node's run; its folder exists and is empty.

        Returns:
            The id of its job; None if the run ends with this process.

        Raises:
            SubmissionError: the engine refuses this node.
            EnvironmentUnfitError: there is no such engine here.
        """
        ...

    def observe(self, nodes: Sequence[FleetNode]) -> dict[str, Observation | Ended]:
        """Return what is known of unfinished nodes, by name. What has ended has left its bundle in the node's folder.

        Raises:
            EngineSilentError: the engine does not answer.
        """
        ...

    def cancel(self, nodes: Sequence[FleetNode]) -> None:
        """End the runs of these nodes; return when they have ended, or when the engine was told to end them."""
        ...


def folder_of(output: Path, node: FleetNode) -> Path:
    """Return the folder of a node's last attempt: its log, and its bundle until that is collected."""
    return output / "nodes" / node.node / str(node.attempts)


LOG = "log"
"""Name of the file with what bench printed on the node."""
