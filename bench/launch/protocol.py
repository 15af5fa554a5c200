"""What parent and worker say to each other: JSON lines over the worker's standard input and output.

The worker keeps its real standard output to itself and points file descriptor 1 at standard error, so
that nothing a library prints can be taken for a message.

    parent → worker   Task, whose libraries to load; then the same or others like it, each when it is its turn; Go,
                      when all instances of it are ready
    worker → parent   Loaded, when it waits for a task; Ready, when warm-up is over; Measured, Probed, Packaged or Failed

A task is done in a child of the worker, on the same pipes. The worker waits meanwhile, ends whatever the child leaves
behind, says Loaded again if the child came to its end, and else ends as it did.
"""

import msgspec

from bench.records.measurement import Failure, InstanceResult, PackageResult, ProbeResult
from bench.records.record import encode_json_line


class Loaded(msgspec.Struct, frozen=True, kw_only=True, tag="loaded"):
    """Bound, with its libraries, and nothing built yet: waits for a task, maybe for as long as other repetitions take."""


class Ready(msgspec.Struct, frozen=True, kw_only=True, tag="ready"):
    """Built and warm: waits for `Go`."""


class Measured(msgspec.Struct, frozen=True, kw_only=True, tag="measured"):
    """All that a worker has to say of a cell."""

    result: InstanceResult


class Probed(msgspec.Struct, frozen=True, kw_only=True, tag="probed"):
    """What a probe measured of a binding."""

    result: ProbeResult


class Packaged(msgspec.Struct, frozen=True, kw_only=True, tag="packaged"):
    """The model's package is on disk."""

    result: PackageResult


class Failed(msgspec.Struct, frozen=True, kw_only=True, tag="failed"):
    """The worker knows why it cannot go on."""

    failure: Failure


Message = Loaded | Ready | Measured | Probed | Packaged | Failed

MAX_LINE_BYTES = 1 << 26
"""A worker that says more in one line is broken."""

GO = b"go\n"

_DECODER = msgspec.json.Decoder(Message)


def encode_message(message: Message) -> bytes:
    """Write a message as one line."""
    return encode_json_line(message)


def decode_message(line: bytes) -> Message:
    """Read a message.

    Raises:
        msgspec.MsgspecError: the line is none.
    """
    message: Message = _DECODER.decode(line)
    return message
