"""What a worker says and hears. The workers of one repetition start their timed parts together."""

import os
from typing import BinaryIO

from bench.errors import LaunchError
from bench.launch.protocol import GO, Message, Ready, encode_message


def take_standard_output() -> BinaryIO:
    """Keep the real standard output for messages, and send what libraries print to standard error."""
    channel = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return channel


def wait_for_all(channel: BinaryIO) -> None:
    """Say that this worker is ready, and sleep until the parent has heard the same of all.

    Raises:
        LaunchError: the parent hung up.
    """
    send(channel, Ready())
    if receive() != GO:
        raise LaunchError("the run ended before this worker was told to go on")


def receive() -> bytes:
    """The next line of what the parent says, and no byte more: that may be for another process on the same pipe."""
    with open(0, "rb", buffering=0, closefd=False) as pipe:
        return pipe.readline()


def send(channel: BinaryIO, message: Message) -> None:
    """Send the parent a message."""
    channel.write(encode_message(message))
    channel.flush()
