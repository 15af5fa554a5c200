"""The energy that the CPU packages used, by RAPL's counters.

Counters of packages are the zones `/sys/class/powercap/intel-rapl:N` that are named `package-...` (Linux,
Documentation/power/powercap/powercap.rst), also on AMD from Zen 2 on. Laptops have a zone `psys` beside them, of the
whole board, packages included. They count whole packages, whatever else runs there. Guests have none, and since Linux
5.10 only root may read them.
"""

import re
from pathlib import Path

from bench.records.reason import Reason

HOST = Path("/")

_COUNTERS = "sys/class/powercap"
_ZONE = re.compile(r"intel-rapl:[0-9]+", re.ASCII)


def read_energy_j(root: Path = HOST) -> float | None:
    """Return the joules of all packages since some moment; None if a counter is missing or may not be read.

    A counter starts again at 0 now and then. The difference of two readings is then below 0, and counts for nothing.

    Args:
        root: Of the file system.
    """
    try:
        values = [int(path.read_text(encoding="ascii")) for path in _list_counters(root)]
    except (OSError, ValueError):
        return None
    return sum(values) / 1e6 if values else None


def why_no_energy(root: Path = HOST) -> Reason | None:
    """Return why the energy of the packages cannot be read; None if it can.

    Args:
        root: Of the file system.
    """
    counters = _list_counters(root)
    if not counters:
        return Reason(code="energy_counter_missing", values={"folder": str(root / _COUNTERS)})
    for path in counters:
        try:
            int(path.read_text(encoding="ascii"))
        except (OSError, ValueError) as error:
            text = (error.strerror if isinstance(error, OSError) else None) or "no number"
            return Reason(code="energy_counter_unreadable", values={"file": str(path), "text": text})
    return None


def _list_counters(root: Path) -> list[Path]:
    """Return the files of the packages' counters; parts of a package have zones of their own, which it includes."""
    try:
        zones = sorted(path for path in (root / _COUNTERS).iterdir() if _ZONE.fullmatch(path.name))
        names = [(zone / "name").read_text(encoding="ascii") for zone in zones]
    except (OSError, ValueError):
        return []
    return [zone / "energy_uj" for zone, name in zip(zones, names, strict=True) if name.startswith("package-")]
