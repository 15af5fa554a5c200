"""A strict reader of OpenMetrics text (version 1.0) for gauges: it refuses whatever the specification does not allow.

Source: OpenMetrics 1.0, section "Text format", its ABNF and "Overall structure".
"""

import re
from typing import NamedTuple

_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
_SAMPLE = re.compile(rf"({_NAME})\{{({_LABEL}(?:,{_LABEL})*)\}} (-?[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?) ([0-9]+)")
_META = re.compile(rf"# (TYPE|UNIT|HELP) ({_NAME}) ((?:[^\\\n]|\\[\\n\"])+)")


class Point(NamedTuple):
    labels: dict[str, str]
    value: float
    time: int


def parse_exposition(text: str) -> dict[str, list[Point]]:
    """Return the points of each family, in order.

    Raises:
        ValueError: a line is not of the grammar, or families, series or points stand in a wrong order.
    """
    if not text.endswith("\n# EOF\n"):
        raise ValueError("does not end with # EOF")
    families: dict[str, list[Point]] = {}
    types: dict[str, str] = {}
    for line in text.removesuffix("# EOF\n").splitlines():
        meta = _META.fullmatch(line)
        if meta is not None:
            _take_meta(meta, families, types)
            continue
        sample = _SAMPLE.fullmatch(line)
        if sample is None:
            raise ValueError(f"not of the grammar: {line}")
        _take_sample(sample, families)
    for name, points in families.items():
        _check_points(name, points)
        if types.get(name) != "gauge":
            raise ValueError(f"{name} has no type")
    return families


def _take_sample(sample: re.Match[str], families: dict[str, list[Point]]) -> None:
    name = sample[1]
    if name != next(reversed(families), None):
        raise ValueError(f"{name} is not in its family")
    labels = re.findall(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"', sample[2])
    if len(dict(labels)) != len(labels):
        raise ValueError(f"a label is written twice: {sample[0]}")
    families[name].append(Point(dict(labels), float(sample[3]), int(sample[4])))


def _take_meta(meta: re.Match[str], families: dict[str, list[Point]], types: dict[str, str]) -> None:
    kind, name, value = meta.groups()
    if kind == "TYPE":
        if name in families:
            raise ValueError(f"family {name} is written twice")
        families[name], types[name] = [], value
    elif name != next(reversed(families), None) or families[name]:
        raise ValueError(f"{kind} of {name} does not stand before its samples")
    if kind == "UNIT" and not name.endswith(f"_{value}"):
        raise ValueError(f"{name} does not end in its unit {value}")


def _check_points(name: str, points: list[Point]) -> None:
    """Points of a series stand together, and by time."""
    seen: list[dict[str, str]] = []
    for before, point in zip([None, *points], points, strict=False):
        if before is not None and before.labels == point.labels:
            if point.time <= before.time:
                raise ValueError(f"{name}: a point at {point.time} after one at {before.time}")
        elif point.labels in seen:
            raise ValueError(f"{name}: the points of a series do not stand together")
        seen.append(point.labels)
