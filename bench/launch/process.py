"""A worker process: start it, give it tasks, hear it, and account for how it ended.

While workers are timed, the process that started them sleeps in `select`.
"""

import os
import selectors
import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import IO

import msgspec

from bench.errors import LaunchError
from bench.launch.failure import WorkerFailedError, shorten
from bench.launch.protocol import (
    MAX_LINE_BYTES,
    Failed,
    Loaded,
    Measured,
    Message,
    Packaged,
    Probed,
    Ready,
    decode_message,
)
from bench.records.measurement import Failure, InstanceResult, PackageResult, ProbeResult
from bench.records.plan import Task
from bench.records.record import encode_json_line

STDERR_LINES = 20
"""Last lines of a failed worker's standard error that are kept."""


class Worker:
    """One child with its pipes. Its process group is its own, so that all it starts ends with it."""

    def __init__(self, argv: Sequence[str], task: Task, environment: Mapping[str, str]) -> None:
        self.last: Message | None = None
        self.at_end = False
        self._outcome: Message | None = None
        self._buffer = bytearray()
        self._stderr: IO[bytes] = tempfile.TemporaryFile(dir=task.scratch)  # noqa: SIM115 - closed by end()
        self._oom_kills = _count_oom_kills()
        try:
            self._process = subprocess.Popen(  # noqa: S603 - the plan's own argv, no shell
                argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._stderr,
                env=dict(environment),
                start_new_session=True,
            )
        except OSError as error:
            self._stderr.close()
            raise LaunchError(f"cannot start a worker with {argv[0]}: {error.strerror}") from error
        if self._process.stdout is None:
            raise LaunchError("a worker has no standard output")
        self.stdout = self._process.stdout
        os.set_blocking(self.stdout.fileno(), False)
        self.send(encode_json_line(task))

    def send(self, line: bytes) -> None:
        """Write to the worker; one that is gone is found when it is read from."""
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):
                self._process.stdin.write(line)
                self._process.stdin.flush()

    def begin(self, line: bytes) -> None:
        """Have a loaded worker do a task; of what it did before nothing is kept."""
        self.last = self._outcome = None
        self._oom_kills = _count_oom_kills()
        self._stderr.seek(0)
        self._stderr.truncate()
        self.send(line)

    def receive(self) -> None:
        """Take in what the worker has written, or its end.

        Raises:
            WorkerFailedError: it ended without a result, or says nothing that can be understood.
        """
        chunk = self.stdout.read(1 << 20)
        if chunk:
            self._buffer += chunk
            while (newline := self._buffer.find(b"\n")) >= 0:
                self._take(bytes(self._buffer[:newline]))
                del self._buffer[: newline + 1]
            if len(self._buffer) > MAX_LINE_BYTES:
                raise WorkerFailedError(self._failure("output_too_long", limit_bytes=str(MAX_LINE_BYTES)))
        elif chunk == b"":
            self.at_end = True
            if self._outcome is None:
                raise WorkerFailedError(self._explain_end())

    def require(self, waiting: type[Loaded | Ready]) -> None:
        """Go on only if it waits, having said this.

        Raises:
            WorkerFailedError: it said why it cannot go on.
        """
        if not isinstance(self.last, waiting):
            self._fail_as_told()
            raise WorkerFailedError(self._failure("not_ready"))

    def result(self) -> InstanceResult | ProbeResult | PackageResult:
        """What it measured.

        Raises:
            WorkerFailedError: it said why it could not.
        """
        if isinstance(self._outcome, Measured | Probed | Packaged):
            return self._outcome.result
        self._fail_as_told()
        raise WorkerFailedError(self._failure("no_result"))

    def timed_out(self, timeout_s: float) -> Failure:
        """What to say of a worker that did not end in time."""
        return self._failure("timeout", seconds=f"{timeout_s:g}")

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def end(self) -> None:
        """Kill what is left of the process group, and reap the worker."""
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self.stdout.close()
        self._stderr.close()

    def _take(self, line: bytes) -> None:
        try:
            self.last = decode_message(line)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise WorkerFailedError(self._failure("invalid_message", text=str(error))) from error
        if not isinstance(self.last, Loaded | Ready):
            self._outcome = self.last

    def _fail_as_told(self) -> None:
        """Raise what it said of why it could not, if it did."""
        if isinstance(self._outcome, Failed):
            stderr = self._outcome.failure.stderr or self._tail()
            raise WorkerFailedError(msgspec.structs.replace(self._outcome.failure, stderr=stderr))

    def _explain_end(self) -> Failure:
        status = self._process.wait()
        if status == -signal.SIGKILL:
            after = _count_oom_kills()
            if after is not None and self._oom_kills is not None and after > self._oom_kills:
                return self._failure("out_of_memory")
            return self._failure("killed", signal="SIGKILL")
        if status < 0:
            name = signal.Signals(-status).name if -status in set(signal.Signals) else f"signal {-status}"
            return self._failure("crashed", signal=name)
        return self._failure("exited", status=str(status))

    def _failure(self, reason: str, **values: str) -> Failure:
        return Failure(reason=reason, values=shorten(values), stderr=self._tail())

    def _tail(self) -> tuple[str, ...]:
        size = self._stderr.seek(0, os.SEEK_END)
        self._stderr.seek(max(0, size - (1 << 16)))
        return tuple(self._stderr.read().decode(errors="replace").splitlines()[-STDERR_LINES:])


def receive_all(
    workers: Sequence[Worker], deadline: float, timeout_s: float, *, until: Callable[[Worker], bool]
) -> None:
    """Hear workers until a condition holds for each, sleeping in between.

    Args:
        workers: All of one repetition.
        deadline: When the monotonic clock shows it, time is over.
        timeout_s: What to call the time that they had.
        until: The condition.

    Raises:
        WorkerFailedError: one ended without a result, spoke nonsense, or ran out of time.
    """
    with selectors.DefaultSelector() as selector:
        for worker in workers:
            if not until(worker):
                selector.register(worker.stdout, selectors.EVENT_READ, worker)
        while selector.get_map():
            ready = selector.select(max(0.0, deadline - monotonic()))
            if not ready:
                late = next(iter(selector.get_map().values())).data
                raise WorkerFailedError(late.timed_out(timeout_s))
            for key, _ in ready:
                key.data.receive()
                if until(key.data) or key.data.at_end:
                    selector.unregister(key.fileobj)


def _count_oom_kills(root: Path = Path("/")) -> int | None:
    """Processes that the kernel killed for want of memory, on the whole host."""
    try:
        lines = (root / "proc/vmstat").read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), None)
