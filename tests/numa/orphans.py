"""A process whose parent is killed must end, or it would disturb the next measurement."""

import os
import select
import signal
from typing import NoReturn

from bench.launch.process_tree import die_with_parent
from tests.numa.ledger import Ledger

PATIENCE_S = 20
"""For the kernel to end a process; it takes milliseconds."""

STAY_S = 2
"""A process that is still there after this long stays."""


def check_orphan(ledger: Ledger) -> None:
    """With `die_with_parent` it ends; without it, it does not: so the call is the cause."""
    ledger.true("orphan: one that asked for it ends with its parent", _ends_with_parent(asks=True))
    ledger.false("orphan: one that did not runs on", _ends_with_parent(asks=False))


def _ends_with_parent(*, asks: bool) -> bool:
    """Return whether a process ends when its parent is killed: its pipe, which nothing else holds, then closes."""
    read_end, write_end = os.pipe()
    parent = os.fork()
    if parent == 0:
        _be_parent(write_end, asks=asks)
    os.close(write_end)
    orphan = int(os.read(read_end, 16))
    os.kill(parent, signal.SIGKILL)
    os.waitpid(parent, 0)
    ready, _, _ = select.select([read_end], [], [], PATIENCE_S if asks else STAY_S)
    if not ready:
        os.kill(orphan, signal.SIGKILL)
    os.close(read_end)
    return bool(ready)


def _be_parent(write_end: int, *, asks: bool) -> NoReturn:
    if os.fork() == 0:
        if asks:
            die_with_parent()
        os.write(write_end, str(os.getpid()).encode())
    else:
        os.close(write_end)
    while True:
        signal.pause()
