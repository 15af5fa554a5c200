"""OpenSSH: a number of nodes at a time, each with a connection that lasts as long as its run."""

import shlex
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from typing_extensions import override

from bench.bundle.seal import OUTER_LIMITS
from bench.errors import EnvironmentUnfitError
from bench.fleet.engine import LOG, Ended, Engine, Observation, folder_of
from bench.fleet.log import read_last_line
from bench.fleet.script import streamed_script
from bench.launch.attendance import GRACE_S
from bench.records.bundle import BUNDLE_SUFFIX
from bench.records.fleet import FleetNode, FleetOptions
from bench.records.reason import Reason

PARALLEL = 16
"""Nodes at a time, if the user does not say."""

STOP_S = GRACE_S + 15
"""From the end of a run's standard input to the end of its connection."""

MAX_LOG_BYTES = 64 << 20

CONNECTION_LOST = 255
"""Exit status of ssh where the connection fails; bench has no such status."""

_OPTIONS = ("-T", *(f"-o{option}" for option in (
    "BatchMode=yes", "ClearAllForwardings=yes", "ConnectTimeout=30", "ServerAliveInterval=30", "ServerAliveCountMax=4"
)))  # fmt: skip
"""No terminal, no question, no forwarding; a node that is silent for two minutes is lost."""


class _Connection(NamedTuple):
    """A node that measures.

    Attributes:
        ends_at: By the engine's clock, when its time is over.
    """

    process: "subprocess.Popen[bytes]"
    folder: Path
    ends_at: float


class SshEngine(Engine):
    """Runs that end with this process."""

    poll_s = 0.5

    def __init__(self, options: FleetOptions, output: Path, *, clock: Callable[[], float] = monotonic) -> None:
        """Take the options of the run and the folder where its bundles are collected."""
        self._options = options
        self._output = output
        self._clock = clock
        self._queue: list[FleetNode] = []
        self._connections: dict[str, _Connection] = {}
        self._timed_out: set[str] = set()

    @override
    def render(self, nodes: Sequence[FleetNode]) -> str:
        return "\n".join(shlex.join(self._argv(node)) for node in nodes)

    def _argv(self, node: FleetNode) -> list[str]:
        script = streamed_script([*self._options.program, *self._options.command])
        # The shell of the account passes it on to one that is known.
        return ["ssh", *_OPTIONS, *self._options.engine_options, "--", node.node, f"exec sh -c {shlex.quote(script)}"]

    @override
    def submit(self, node: FleetNode) -> None:
        self._queue.append(node)

    @override
    def observe(self, nodes: Sequence[FleetNode]) -> dict[str, Observation | Ended]:
        found = {name: self._observe(name, connection) for name, connection in self._connections.items()}
        for name, observation in found.items():
            if observation != Observation("running"):
                del self._connections[name]
        while self._queue and len(self._connections) < (self._options.parallel or PARALLEL):
            node = self._queue.pop(0)
            self._connections[node.node] = self._connect(node)
            found[node.node] = Observation("running")
        return found

    def _connect(self, node: FleetNode) -> _Connection:
        folder = folder_of(self._output, node)
        with (folder / LOG).open("wb") as log, _received(folder).open("wb") as received:
            try:
                process = subprocess.Popen(  # noqa: S603 - no shell here; the words for that of the node are quoted
                    self._argv(node), stdin=subprocess.PIPE, stdout=received, stderr=log, start_new_session=True
                )
            except OSError as error:
                raise EnvironmentUnfitError(
                    f"ssh cannot be started: {error.strerror}; install OpenSSH's client"
                ) from error
        return _Connection(process, folder, self._clock() + self._options.timeout_s)

    def _observe(self, name: str, connection: _Connection) -> Observation | Ended:
        status = connection.process.poll()
        if status is None:
            self._enforce_limits(name, connection)
            return Observation("running")
        _end_input(connection)
        if name in self._timed_out:
            self._timed_out.remove(name)
            return Observation("timed_out")
        if _is_too_long(connection.folder):
            return Observation("failed", Reason(code="node_output_too_long"))
        if status < 0 or status == CONNECTION_LOST:
            return Observation("failed", Reason(code="ssh_failed", values={"line": read_last_line(connection.folder)}))
        if not _received(connection.folder).stat().st_size:
            _received(connection.folder).unlink()
        return Ended(status)

    def _enforce_limits(self, name: str, connection: _Connection) -> None:
        """Interrupt a run whose time is over, and end the connection of one that does not stop or sends too much."""
        late_s = self._clock() - connection.ends_at
        if late_s >= 0:
            self._timed_out.add(name)
            _end_input(connection)
        if late_s >= STOP_S or _is_too_long(connection.folder):
            connection.process.kill()

    @override
    def cancel(self, nodes: Sequence[FleetNode]) -> None:
        names = {node.node for node in nodes}
        self._queue = [node for node in self._queue if node.node not in names]
        stopped = [self._connections.pop(name) for name in names & self._connections.keys()]
        for connection in stopped:
            _end_input(connection)
        ends_at = monotonic() + STOP_S
        for connection in stopped:
            with suppress(subprocess.TimeoutExpired):
                connection.process.wait(max(0.0, ends_at - monotonic()))
            connection.process.kill()
            connection.process.wait()


def _received(folder: Path) -> Path:
    return folder / f"received{BUNDLE_SUFFIX}"


def _end_input(connection: _Connection) -> None:
    """Have the run on the node interrupted, if it has not ended."""
    if connection.process.stdin is not None:
        with suppress(BrokenPipeError):
            connection.process.stdin.close()


def _is_too_long(folder: Path) -> bool:
    """Return whether a node has sent more than any bench does."""
    return _received(folder).stat().st_size > OUTER_LIMITS.total_bytes or (folder / LOG).stat().st_size > MAX_LOG_BYTES
