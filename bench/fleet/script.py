"""The shell scripts that run on nodes. Each word is quoted, so that no shell changes it."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from bench.launch.attendance import ATTENDED

STATUS = "status"
"""Name of the file with bench's exit status on the node, in a shared folder."""

HELD_LINE = "bench fleet: exit status "
"""With bench's exit status, the last line of a container that waits until its bundle is collected."""

TIMED_OUT = 124
"""Of timeout(1); bench has no such status."""

COLLECTED = "collected"
"""Name of the file that ends such a container."""


def shared_script(words: Sequence[str], folder: Path) -> str:
    """Return a script that measures a node and leaves its bundle and exit status in a folder that all nodes share.

    Args:
        words: bench and its arguments.
        folder: Absolute.
    """
    run = shlex.join([*words, f"--output={folder}"])
    return (
        "#!/bin/sh\n"
        f"{run}\n"
        "status=$?\n"
        f'echo "$status" >{shlex.quote(str(folder / STATUS))}\n'
        'exit "$status"\n'
    )  # fmt: skip


def streamed_script(words: Sequence[str]) -> str:
    """Return a script that measures a node and writes its bundle to standard output, all else to standard error.

    The run is interrupted when its standard input ends (`bench.launch.attendance`): so it ends with the submitter, or
    with the connection. Nothing remains on the node.

    Args:
        words: bench and its arguments.
    """
    return (
        "folder=$(mktemp -d) || exit 7\n"
        f'{ATTENDED}=1 {shlex.join(words)} --output="$folder" >&2\n'
        "status=$?\n"
        'for bundle in "$folder"/*.bench.tar; do\n'
        '    [ ! -f "$bundle" ] || cat "$bundle" || status=7\n'
        "done\n"
        'rm -rf "$folder"\n'
        'exit "$status"\n'
    )


def held_script(words: Sequence[str], folder: Path, timeout_s: float) -> str:
    """Return a script that measures a node and then keeps its bundle until it is collected, for half an hour at most.

    Its last line on standard output is `HELD_LINE` with bench's exit status.

    Args:
        words: bench and its arguments.
        folder: Of the container alone.
        timeout_s: Longest time of the run; the exit status is then `TIMED_OUT`.
    """
    run = shlex.join(["timeout", "--kill-after=60", f"{timeout_s:.0f}", *words, f"--output={folder}"])
    return (
        f"{run}\n"
        "status=$?\n"
        f'echo "{HELD_LINE}$status"\n'
        f"for second in $(seq 1800); do [ ! -e {shlex.quote(str(folder / COLLECTED))} ] || break; sleep 1; done\n"
        'exit "$status"\n'
    )
