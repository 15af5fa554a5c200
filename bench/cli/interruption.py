"""Signals that end a command as Ctrl-C does: what was measured is kept, and the exit status is 130."""

import signal
from types import FrameType
from typing import NoReturn


def handle_interrupts() -> None:
    """Turn SIGTERM and SIGHUP into KeyboardInterrupt.

    SIGTERM comes from `docker stop` or a process manager, SIGHUP from a terminal or an SSH session that ends. A SIGHUP
    that is ignored stays ignored: `nohup` asks for that.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, _hang_up)


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _hang_up(_signal: int, _frame: FrameType | None) -> NoReturn:
    """Interrupt once: when a terminal ends, the kernel and the shell each send a SIGHUP."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    raise KeyboardInterrupt
