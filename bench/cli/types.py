"""Option types: words of the command line, parsed strictly, with a message that shows a valid one."""

import re
from typing import get_args

import click
from typing_extensions import override

from bench.records.cpulist import parse_cpulist

_BYTES = re.compile(r"(\d{1,15})([kmgtKMGT]?)", re.ASCII)
_DURATION = re.compile(r"(?:(\d{1,5})h)?(?:(\d{1,6})m)?(?:(\d{1,7}(?:\.\d{1,3})?)s?)?", re.ASCII)
_PERCENT = re.compile(r"(\d{1,2}(?:\.\d{1,4})?)%", re.ASCII)
_REPETITIONS = re.compile(r"(\d{1,4})(?::(\d{1,4}))?", re.ASCII)


class CommaList(click.ParamType[tuple[str, ...]]):
    """Values joined by commas, all from a fixed set, or any words if there is no set."""

    name = "list"

    def __init__(self, literal: object = None) -> None:
        """Take the allowed words from a `Literal` type; None allows all."""
        self.allowed = get_args(literal)

    @override
    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        words = tuple(word.strip() for word in str(value).split(","))
        for word in words:
            if not word or (self.allowed and word not in self.allowed):
                known = f"; there are {', '.join(self.allowed)}" if self.allowed else ""
                self.fail(f"{word!r} in {value!r} is not known{known}", param, ctx)
        return tuple(dict.fromkeys(words))

    @override
    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        return "LIST"


class Line(click.ParamType[str]):
    """One line of printable text."""

    name = "text"

    @override
    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(value).strip()
        if not 1 <= len(text) <= 1000 or not text.isprintable():
            self.fail(f"{text!r:.60} is not one line of 1 to 1000 printable characters", param, ctx)
        return text


class WholeList(click.ParamType[tuple[int, ...]]):
    """Positive whole numbers joined by commas."""

    name = "numbers"

    @override
    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        words = [word.strip() for word in str(value).split(",")]
        if not all(re.fullmatch(r"[1-9][0-9]{0,5}", word, re.ASCII) for word in words):
            self.fail(f"{value!r} is not a list of positive whole numbers like 1,16", param, ctx)
        return tuple(dict.fromkeys(int(word) for word in words))


class CpuListType(click.ParamType[frozenset[int]]):
    """A kernel list: `0-3,8`."""

    name = "cpulist"

    @override
    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> frozenset[int]:
        try:
            parsed = parse_cpulist(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)
        if not parsed:
            self.fail("the list is empty; give one like 0-3,8", param, ctx)
        return parsed


class Bytes(click.ParamType[int]):
    """`512m`, `64g`, as Docker takes them; a bare number is bytes."""

    name = "bytes"

    @override
    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        match = _BYTES.fullmatch(str(value))
        if match is None or int(match[1]) == 0:
            self.fail(f"{value!r} is not a size like 512m or 64g", param, ctx)
        return int(match[1]) << {"": 0, "k": 10, "m": 20, "g": 30, "t": 40}[match[2].lower()]


class Duration(click.ParamType[float]):
    """`90s`, `10m`, `1h30m`; a bare number is seconds."""

    name = "duration"

    @override
    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        match = _DURATION.fullmatch(str(value))
        seconds = 0.0
        if match is not None:
            hours, minutes, rest_s = (float(part or 0) for part in match.groups())
            seconds = 3600 * hours + 60 * minutes + rest_s
        if seconds <= 0:
            self.fail(f"{value!r} is not a duration like 90s, 10m or 1h30m", param, ctx)
        return seconds


class Percent(click.ParamType[float]):
    """`1%`, `0.5%`, as a share of 1."""

    name = "percent"

    @override
    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        match = _PERCENT.fullmatch(str(value))
        if match is None or not float(match[1]):
            self.fail(f"{value!r} is not a share like 1% or 0.5%", param, ctx)
        return float(match[1]) / 100


class Repetitions(click.ParamType[tuple[int, int]]):
    """`5`, or `3:20` for minimum and maximum."""

    name = "min:max"

    @override
    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        match = _REPETITIONS.fullmatch(str(value))
        least, most = (0, 0) if match is None else (int(match[1]), int(match[2] or match[1]))
        if not 1 <= least <= most <= 1000:
            self.fail(f"{value!r} is not MIN:MAX like 3:20 (1 to 1000, least first)", param, ctx)
        return least, most
