"""`--input NAME=…`: what a user states of an input of a model of their own."""

import re
from typing import Final, get_args

from bench.records.lookup import suggest
from bench.records.record import Record
from bench.records.stated_input import InputDtype, InputName, StatedInput

FORMS: Final = (
    "NAME=FILE.npy, NAME=LEAST..GREATEST, or NAME=SHAPE:DTYPE[:LEAST..GREATEST] such as ids=8x128:int64:0..30521"
)

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.]{0,79}", re.ASCII)
_RANGE: Final = r"(?P<least>-?[0-9]{1,18})\.\.(?P<greatest>-?[0-9]{1,18})"
_STATED: Final = re.compile(
    rf"(?:(?P<shape>[0-9]{{1,9}}(?:x[0-9]{{1,9}})*|scalar):(?P<dtype>[a-z0-9]+)(?::{_RANGE.replace('least', 'low').replace('greatest', 'high')})?|{_RANGE})",
    re.ASCII,
)


class InputOption(Record, frozen=True, kw_only=True):
    """An input as it was typed.

    Attributes:
        file: A `.npy` file with its values; its digest is not in `stated` yet. Empty: none.
    """

    stated: StatedInput
    file: str = ""


def format_input(name: InputName, option: InputOption) -> str:
    """Return an input as it is typed, the inverse of `parse_input`."""
    stated = option.stated
    bounds = "" if stated.least is None else f"{stated.least}..{stated.greatest}"
    shape = "" if stated.shape is None else f"{'x'.join(map(str, stated.shape)) or 'scalar'}:{stated.dtype}"
    return f"{name}={option.file or ':'.join(filter(None, (shape, bounds)))}"


def parse_input(text: str) -> tuple[InputName, InputOption]:
    """Return an input's name, and what is stated of it.

    Raises:
        ValueError: it has none of the forms; says which there are.
    """
    name, equals, value = text.partition("=")
    if not equals or _NAME.fullmatch(name) is None:
        raise ValueError(f"{text!r} is not {FORMS}")
    if value.endswith(".npy"):
        return name, InputOption(stated=StatedInput(), file=value)
    match = _STATED.fullmatch(value)
    if match is None:
        raise ValueError(f"{text!r} is not {FORMS}")
    shape, dtype = match["shape"], match["dtype"]
    if dtype is not None and dtype not in get_args(InputDtype):
        known = get_args(InputDtype)
        raise ValueError(f"{text!r}: no data type {dtype}; {suggest(dtype, known)}there are {', '.join(known)}")
    least, greatest = match["least"] or match["low"], match["greatest"] or match["high"]
    if least is not None and int(least) > int(greatest):
        raise ValueError(f"{text!r}: {least} is more than {greatest}")
    stated = StatedInput(
        shape=None if shape is None else tuple(map(int, shape.split("x"))) if shape != "scalar" else (),
        dtype=dtype,  # type: ignore[arg-type] # one of them, as was checked
        least=None if least is None else int(least),
        greatest=None if greatest is None else int(greatest),
    )
    return name, InputOption(stated=stated)
