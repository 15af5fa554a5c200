"""Messages between a worker and its parent. The workers of one repetition start their timed parts together."""

import os
from typing import BinaryIO

from bench.errors import LaunchError
from bench.launch.protocol import GO, Message, Ready, encode_message


def take_standard_output() -> BinaryIO:
    """Return the real standard output, for messages, and redirect what libraries print to standard error."""
    channel = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return channel


def wait_for_all(channel: BinaryIO) -> None:
    """Report that this worker is ready, and sleep until the parent says that all are.

    Raises:
        LaunchError: the parent closed the pipe.
    """
    send(channel, Ready())
    if receive() != GO:
        raise LaunchError("the parent closed the pipe before this worker could start its timed part")


def receive() -> bytes:
    """Return the parent's next line, and read no byte more: the rest may be for another process on the same pipe."""
    with open(0, "rb", buffering=0, closefd=False) as pipe:
        return pipe.readline()


def send(channel: BinaryIO, message: Message) -> None:
    """Send the parent a message."""
    channel.write(encode_message(message))
    channel.flush()
