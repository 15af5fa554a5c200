"""Option types: strict parsers of what users type. Each error message shows a valid value."""

import re
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec
from typing_extensions import override

from bench.records.cpulist import parse_cpulist
from bench.records.lookup import suggest
from bench.records.variant import TorchRelease

if TYPE_CHECKING:
    from bench.run.input_options import InputOption

_BYTES = re.compile(r"(\d{1,15})([kmgtKMGT]?)", re.ASCII)
_DIMENSION = re.compile(r"([a-z][a-z_]{0,29})=([1-9][0-9]{0,9})", re.ASCII)
_DURATION = re.compile(r"(?:(\d{1,5})h)?(?:(\d{1,6})m)?(?:(\d{1,7}(?:\.\d{1,3})?)s?)?", re.ASCII)
_LIMIT = re.compile(r"(p99|latency)<(\d{1,6}(?:\.\d{1,6})?)(us|ms|s)", re.ASCII)
_PERCENT = re.compile(r"(\d{1,2}(?:\.\d{1,4})?)%", re.ASCII)
_REPETITIONS = re.compile(r"(\d{1,4})(?::(\d{1,4}))?", re.ASCII)


class CommaList(click.ParamType[tuple[str, ...]]):
    """Words joined by commas; each must be in a fixed set, if there is one."""

    name = "list"

    def __init__(self, allowed: Collection[str] = ()) -> None:
        """Take the allowed words; an empty collection allows all words."""
        self.allowed = allowed

    @override
    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        words = tuple(word.strip() for word in str(value).split(","))
        for word in words:
            if not word or (self.allowed and word not in self.allowed):
                known = f"; {suggest(word, self.allowed)}use {', '.join(self.allowed)}" if self.allowed else ""
                self.fail(f"{word!r} in {value!r} is not known{known}", param, ctx)
        return tuple(dict.fromkeys(words))

    @override
    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        return "LIST"


class OneOf(click.Choice[str]):
    """One of a few words."""

    @override
    def get_invalid_choice_message(self, value: object, ctx: click.Context | None) -> str:
        return f"{value!r} is not known; {suggest(str(value), self.choices)}use {', '.join(self.choices)}"


class FilePath(click.Path):
    """A path. An empty one, such as an unset variable in quotes leaves, would name the current folder."""

    def __init__(self, *, exists: bool = False, file_okay: bool = True) -> None:
        """Take what is checked of the path while options are parsed."""
        super().__init__(exists=exists, file_okay=file_okay, path_type=Path)

    @override
    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        if value == "":
            self.fail("the path is empty; for the current folder give .", param, ctx)
        return super().convert(value, param, ctx)  # type: ignore[arg-type,return-value] # as above


class Name(click.ParamType[str]):
    """A name of something else's choice, such as of an image: any text but an empty one."""

    name = "name"

    @override
    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not value:
            self.fail("the name is empty", param, ctx)
        return str(value)


class Release(click.ParamType[str]):
    """A release of torch: `2.13.0`, `2.13.0+cpu`."""

    name = "release"

    @override
    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return msgspec.convert(str(value), TorchRelease)
        except msgspec.ValidationError:
            self.fail(f"{value!r} is not a release like 2.13.0 or 2.13.0+cpu", param, ctx)


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
    """Positive whole numbers joined by commas; each must be in a fixed set, if there is one."""

    name = "numbers"

    def __init__(self, allowed: Collection[int] = ()) -> None:
        """Take the allowed numbers; an empty collection allows all."""
        self.allowed = allowed

    @override
    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        words = [word.strip() for word in str(value).split(",")]
        if not all(re.fullmatch(r"[1-9][0-9]{0,5}", word, re.ASCII) for word in words):
            self.fail(f"{value!r} is not a list of positive whole numbers like 1,16", param, ctx)
        numbers = tuple(dict.fromkeys(map(int, words)))
        for number in numbers:
            if self.allowed and number not in self.allowed:
                self.fail(f"{number} in {value!r} is not known; use {', '.join(map(str, self.allowed))}", param, ctx)
        return numbers


class Shape(click.ParamType[dict[str, int]]):
    """Dimensions with positive whole numbers, joined by commas: `prompt_tokens=1024,output_tokens=32`."""

    name = "shape"

    @override
    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, int]:
        shape: dict[str, int] = {}
        for word in str(value).split(","):
            match = _DIMENSION.fullmatch(word.strip())
            if match is None or match[1] in shape:
                problem = "is not of the form NAME=NUMBER" if match is None else "is stated twice"
                self.fail(f"{word!r} in {value!r} {problem}; give a shape like image_size=224,layers=2", param, ctx)
            shape[match[1]] = int(match[2])
        return shape


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
            self.fail("the list is empty; give a list like 0-3,8", param, ctx)
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


class InputType(click.ParamType["tuple[str, InputOption]"]):
    """An input of a model of the user's own (`bench.run.input_options`)."""

    name = "input"

    @override
    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> "tuple[str, InputOption]":
        from bench.run.input_options import parse_input

        try:
            return parse_input(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Duration(click.ParamType[float]):
    """`90s`, `10m`, `1h30m`; a bare number is seconds."""

    name = "duration"

    @override
    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        match = _DURATION.fullmatch(str(value))
        seconds = 0.0
        if match is not None:
            hours, minutes, remainder_s = (float(part or 0) for part in match.groups())
            seconds = 3600 * hours + 60 * minutes + remainder_s
        if seconds <= 0:
            self.fail(f"{value!r} is not a duration like 90s, 10m or 1h30m", param, ctx)
        return seconds


class LatencyLimit(click.ParamType[tuple[str, float]]):
    """`p99<50ms`, `latency<0.2s`: a metric, and seconds."""

    name = "limit"

    @override
    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, float]:
        match = _LIMIT.fullmatch(str(value).replace(" ", ""))
        if match is None or not float(match[2]):
            self.fail(f"{value!r} is not a limit like p99<50ms or latency<0.2s", param, ctx)
        return match[1], float(match[2]) / {"us": 1e6, "ms": 1e3, "s": 1}[match[3]]


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
        minimum, maximum = (0, 0) if match is None else (int(match[1]), int(match[2] or match[1]))
        if not 1 <= minimum <= maximum <= 1000:
            self.fail(f"{value!r} is not MIN:MAX like 3:20 (both 1 to 1000, MIN at most MAX)", param, ctx)
        return minimum, maximum
