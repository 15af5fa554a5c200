"""The barrier: instances of one layout start their timed parts together."""

import sys
from typing import BinaryIO

from bench.errors import LaunchError
from bench.launch.protocol import GO, Ready, encode_message


def wait_for_all(channel: BinaryIO) -> None:
    """Say that this worker is ready, and sleep until the parent has heard the same of all.

    Raises:
        LaunchError: the parent hung up.
    """
    channel.write(encode_message(Ready()))
    channel.flush()
    if sys.stdin.buffer.readline() != GO:
        raise LaunchError("the run ended before this worker could start its timed part")
