"""Numbers for people: three significant digits and a unit that keeps them short."""

from bench.records.summary import Interval
from bench.records.verdict import MAX_DISPLAYED_CHANGE

_TIMES = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"))


def format_seconds(seconds: float) -> str:
    """Return seconds as `1.23 s`, `45.6 ms` or `789 µs`."""
    scale, unit = next(((scale, unit) for scale, unit in _TIMES if seconds >= scale), _TIMES[-1])
    return f"{format_significant(seconds / scale)} {unit}"


def format_significant(value: float) -> str:
    """Return three significant digits, or all digits before the point; never an exponent."""
    if value == 0:
        return "0"
    digits = 2
    for limit in (10, 100):
        digits -= abs(value) >= limit
    return f"{value:.{max(0, digits)}f}" if abs(value) >= 1 else f"{value:.3g}"


def format_bytes(count: int) -> str:
    """Return bytes as `12.3 MiB` or `4.56 GiB`."""
    gib = 1 << 30
    return f"{format_significant(count / gib)} GiB" if count >= gib else f"{format_significant(count / (1 << 20))} MiB"


def format_duration(seconds: float) -> str:
    """Return a remaining time as `45 s`, `3 min 20 s` or `2 h 5 min`."""
    rounded = max(0, round(seconds))
    if rounded < 60:
        return f"{rounded} s"
    if rounded < 3600:
        return f"{rounded // 60} min {rounded % 60} s"
    return f"{rounded // 3600} h {rounded % 3600 // 60} min"


def format_quantity(value: float, unit: str) -> str:
    """Return a number with a unit of a metric or a rule; a plain number where it has another unit or none."""
    match unit:
        case "s":
            return format_seconds(value)
        case "bytes":
            return format_bytes(int(value))
        case "ratio":
            return f"{value:.2%}"
        case "per_s":
            return f"{format_significant(value)} /s"
        case "times":
            return f"{value:.3f}×"
        case _:
            return str(value) if isinstance(value, int) else f"{value:.6g}"


_SCALES = {"s": (1e-3, "ms"), "bytes": (1 << 20, "MiB"), "per_s": (1, "/s")}
"""Unit of a metric → how much of it one unit of a column is, and that unit's name."""


def scale_unit(unit: str) -> str:
    """Return the unit that a column of such quantities has in its header; empty for a count."""
    return _SCALES[unit][1] if unit in _SCALES else unit


def scale_quantity(value: float, unit: str) -> str:
    """Return a number in the unit of its column, without that unit."""
    return format_significant(value / _SCALES[unit][0] if unit in _SCALES else value)


def format_change(share: float, sign: str = "") -> str:
    """Return a change as `5.0%`; with the sign `+` `+5.0%`. Of one above `MAX_DISPLAYED_CHANGE` only that is said."""
    return f"{share:{sign}.1%}" if share <= MAX_DISPLAYED_CHANGE else f">{MAX_DISPLAYED_CHANGE:{sign}.0%}"


def format_ratio(ratio: float) -> str:
    """Return the change that a ratio is, as `+5.0%` of 1.05."""
    return format_change(ratio - 1, "+")


def format_range(ratio: Interval) -> str:
    """Return the interval of a ratio, as `+2.0% to +8.0%`."""
    return f"{format_ratio(ratio.low)} to {format_ratio(ratio.high)}"


def format_p_value(p_value: float) -> str:
    """Return four digits; smaller ones than they show are said to be smaller."""
    return "<0.0001" if p_value < 1e-4 else f"{p_value:.4f}"
