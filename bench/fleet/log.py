"""What a node printed: its last line says why it failed."""

import os
from pathlib import Path

from bench.fleet.engine import LOG
from bench.records.text import clean_line

_TAIL_BYTES = 4096


def read_last_line(folder: Path) -> str:
    """Return the last line of a node's log that is not empty; empty if there is none."""
    try:
        with (folder / LOG).open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - _TAIL_BYTES))
            lines = log.read(_TAIL_BYTES).decode(errors="replace").splitlines()
    except OSError:
        return ""
    return next((line for text in reversed(lines) if (line := clean_line(text))), "")
