"""Memory of this process, by the kernel's own high-water mark."""

import re
from pathlib import Path

from bench.errors import MachineError

_PEAK = re.compile(r"^VmHWM:\s+([0-9]+) kB$", re.MULTILINE)


def read_peak_bytes(root: Path = Path("/"), *, earlier: int = 0) -> int:
    """Return the most memory that this process ever had resident.

    Args:
        root: Of the file system.
        earlier: What it was before. Linux counts pages per CPU and adds them up loosely (since 6.2), so that its
            own mark can come out some pages lower when it is read again.

    Raises:
        MachineError: /proc does not show it.
    """
    path = root / "proc/self/status"
    try:
        match = _PEAK.search(path.read_text(encoding="utf-8", errors="replace"))
    except OSError as error:
        raise MachineError(f"{path}: {error.strerror}; is /proc mounted?") from error
    if match is None:
        raise MachineError(f"{path}: no VmHWM line; does this kernel hide it?")
    return max(earlier, int(match[1]) * 1024)
