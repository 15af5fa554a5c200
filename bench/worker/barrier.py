"""Barriers: the workers of one repetition begin together, and start their timed parts together."""

import sys
from typing import BinaryIO

from bench.errors import LaunchError
from bench.launch.protocol import GO, Loaded, Ready, encode_message


def wait_for_turn(channel: BinaryIO) -> None:
    """Say that libraries are loaded, and sleep until the parent wants this repetition.

    Raises:
        LaunchError: the parent hung up.
    """
    _wait(channel, Loaded())


def wait_for_all(channel: BinaryIO) -> None:
    """Say that this worker is ready, and sleep until the parent has heard the same of all.

    Raises:
        LaunchError: the parent hung up.
    """
    _wait(channel, Ready())


def _wait(channel: BinaryIO, message: Loaded | Ready) -> None:
    channel.write(encode_message(message))
    channel.flush()
    if sys.stdin.buffer.readline() != GO:
        raise LaunchError("the run ended before this worker was told to go on")
