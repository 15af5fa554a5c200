"""The messages of parent and worker: JSON lines over the worker's standard input and output.

The worker duplicates its standard output, and points file descriptor 1 at standard error, so that nothing a library
prints is read as a message.

    parent → worker   Task, whose libraries to load; then tasks with the same libraries, one at a time; Go, when all
                      instances of a task are ready
    worker → parent   Loaded, when it waits for a task; Ready, when warm-up is over; Measured, Probed, Packaged or Failed
    survey → parent   Surveyed or Failed; it does one task and ends

A task is done in a child of the worker, on the same pipes. The worker waits, and ends everything that the child leaves
behind. If the child ended well, the worker sends Loaded again; otherwise it ends with the child's status.
"""

import msgspec

from bench.records.case import WorkloadFacts
from bench.records.measurement import Failure, InstanceResult, PackageResult
from bench.records.probe import ProbeResult
from bench.records.record import encode_json_line


class Loaded(msgspec.Struct, frozen=True, kw_only=True, tag="loaded"):
    """Bound, libraries loaded, nothing built: it waits for a task, perhaps while other repetitions run."""


class Ready(msgspec.Struct, frozen=True, kw_only=True, tag="ready"):
    """Built and warmed up: it waits for `Go`."""


class Measured(msgspec.Struct, frozen=True, kw_only=True, tag="measured"):
    """The result of a cell."""

    result: InstanceResult


class Probed(msgspec.Struct, frozen=True, kw_only=True, tag="probed"):
    """What a probe measured of a binding."""

    result: ProbeResult


class Packaged(msgspec.Struct, frozen=True, kw_only=True, tag="packaged"):
    """The model's package is on disk."""

    result: PackageResult


class Surveyed(msgspec.Struct, frozen=True, kw_only=True, tag="surveyed"):
    """The rows of a source of workloads."""

    workloads: tuple[WorkloadFacts, ...]


class Failed(msgspec.Struct, frozen=True, kw_only=True, tag="failed"):
    """The worker cannot go on, and knows why."""

    failure: Failure


Message = Loaded | Ready | Measured | Probed | Packaged | Surveyed | Failed

MAX_LINE_BYTES = 1 << 26
"""Of one message. The largest results, of a hundred thousand samples, have some 10 MB."""

GO = b"go\n"

_DECODER = msgspec.json.Decoder(Message)


def encode_message(message: Message) -> bytes:
    """Return a message as one line."""
    return encode_json_line(message)


def decode_message(line: bytes) -> Message:
    """Return the message in a line.

    Raises:
        msgspec.MsgspecError: the line is not a message.
    """
    message: Message = _DECODER.decode(line)
    return message
