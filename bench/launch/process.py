"""A worker process: start it, send it tasks, receive its messages, and explain how it ended.

While workers are timed, the parent sleeps in `select`.
"""

import errno
import os
import selectors
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from time import monotonic

import msgspec

from bench.errors import LaunchError
from bench.launch.errors_file import MAX_PRINTED_BYTES, ErrorsFile
from bench.launch.failure import WorkerFailedError, shorten
from bench.launch.kernel_verdict import explain_end, explain_refusal
from bench.launch.protocol import (
    MAX_LINE_BYTES,
    Failed,
    Loaded,
    Measured,
    Message,
    Packaged,
    Probed,
    Ready,
    Surveyed,
    decode_message,
)
from bench.records.case import WorkloadFacts
from bench.records.kernel_events import KernelEvents
from bench.records.measurement import Failure, InstanceResult, PackageResult
from bench.records.plan import Task
from bench.records.probe import ProbeResult
from bench.records.record import encode_json_line
from bench.records.source import SurveyTask

STDERR_LINES = 20
"""Last lines of a failed worker's standard error that are kept."""


ReadEvents = Callable[[], KernelEvents]


class Worker:
    """One child with its pipes. It has its own process group, which ends with it.

    What it starts in another session is left to `bench.launch.process_tree.end_children`.
    """

    def __init__(
        self, argv: Sequence[str], task: Task | SurveyTask, environment: Mapping[str, str], *, read_events: ReadEvents
    ) -> None:
        self.last: Message | None = None
        self.at_end = False
        self._outcome: Message | None = None
        self._buffer = bytearray()
        self._read_events = read_events
        self._events = read_events()
        try:
            self._stderr = ErrorsFile()
        except OSError as error:
            raise LaunchError(f"cannot make a file for what a worker prints: {error.strerror}") from error
        try:
            self._process = subprocess.Popen(  # noqa: S603 - the plan's own argv, no shell
                argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._stderr.descriptor,
                env=dict(environment),
                start_new_session=True,
            )
        except OSError as error:
            self._stderr.close()
            raise LaunchError(f"cannot start a worker with {argv[0]}: {self._explain_start(error)}") from error
        if self._process.stdout is None:
            raise LaunchError("a worker has no standard output")
        self.stdout = self._process.stdout
        os.set_blocking(self.stdout.fileno(), False)
        self.send(encode_json_line(task))

    def send(self, line: bytes) -> None:
        """Write to the worker; one that has ended is noticed when its output is read."""
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):
                self._process.stdin.write(line)
                self._process.stdin.flush()

    def begin(self, line: bytes, events: KernelEvents) -> None:
        """Give a loaded worker a task, and forget what it reported before.

        Args:
            line: The task.
            events: What the kernel had counted just now.
        """
        self.last = self._outcome = None
        self._events = events
        self._stderr.clear()
        self.send(line)

    def receive(self) -> None:
        """Read what the worker has written, or notice its end.

        Raises:
            WorkerFailedError: it ended without a result, or sent an invalid message.
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
        """Refuse a worker whose last message is not this one.

        Raises:
            WorkerFailedError: with the failure that the worker reported, if it did.
        """
        if not isinstance(self.last, waiting):
            self._raise_reported()
            raise WorkerFailedError(self._failure("ended_early" if isinstance(self.last, Loaded) else "not_ready"))

    def rows(self) -> tuple[WorkloadFacts, ...]:
        """Return the rows of the source that it read.

        Raises:
            WorkerFailedError: it reported a failure, or none.
        """
        if isinstance(self._outcome, Surveyed):
            return self._outcome.workloads
        self._raise_reported()
        raise WorkerFailedError(self._failure("no_result"))

    def result(self) -> InstanceResult | ProbeResult | PackageResult:
        """Return what it measured.

        Raises:
            WorkerFailedError: it reported a failure, or no result.
        """
        if isinstance(self._outcome, Measured | Probed | Packaged):
            return self._outcome.result
        self._raise_reported()
        raise WorkerFailedError(self._failure("no_result"))

    def timed_out(self, timeout_s: float) -> Failure:
        """Return the failure of a worker that did not end in time."""
        return self._failure("timeout", seconds=f"{timeout_s:g}")

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether it is running."""
        return self._process.poll() is None

    def end(self) -> None:
        """Kill the worker's process group, and reap the worker."""
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

    def _raise_reported(self) -> None:
        """Raise the failure that it reported, if it did."""
        if isinstance(self._outcome, Failed):
            failure = self._outcome.failure
            if self._stderr.is_full:
                raise WorkerFailedError(self._failure(failure.reason))
            stderr = failure.stderr or self._tail()
            refusal = explain_refusal(self._events, self._read_events(), stderr) if failure.reason == "error" else None
            if refusal is not None:
                raise WorkerFailedError(Failure(reason=refusal.code, values=refusal.values, stderr=stderr))
            raise WorkerFailedError(msgspec.structs.replace(failure, stderr=stderr))

    def _explain_start(self, error: OSError) -> str:
        """Return why no process could be started, with the limit that forbids it."""
        limits = self._read_events().task_limits if error.errno == errno.EAGAIN else ()
        return ": ".join([str(error.strerror), *(f"{limit.name} is {limit.value}" for limit in limits[:1])])

    def _explain_end(self) -> Failure:
        status = self._process.wait()
        reason = explain_end(status, self._events, self._read_events(), self._tail())
        return self._failure(reason.code, **reason.values)

    def _failure(self, reason: str, **values: str) -> Failure:
        if self._stderr.is_full:
            reason, values = "printed_too_much", {"limit_mib": str(MAX_PRINTED_BYTES >> 20)}
        return Failure(reason=reason, values=shorten(values), stderr=self._tail())

    def _tail(self) -> tuple[str, ...]:
        return self._stderr.last_lines(STDERR_LINES)


def receive_all(
    workers: Sequence[Worker], deadline: float, timeout_s: float, *, until: Callable[[Worker], bool]
) -> None:
    """Receive from workers until a condition holds for each, and sleep in between.

    Args:
        workers: All of one repetition.
        deadline: By the monotonic clock.
        timeout_s: The time that they had, for the failure.
        until: The condition.

    Raises:
        WorkerFailedError: one ended without a result, sent an invalid message, or ran out of time.
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
