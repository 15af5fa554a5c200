"""What a user states of one input of a model of their own."""

from typing import Annotated, Literal

from msgspec import Meta

from bench.records.digest import Digest
from bench.records.record import Record

InputName = Annotated[str, Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_.]{0,79}\Z")]
"""Of an argument of the model's `forward`, or of an input of a model file."""

InputDtype = Literal["float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool"]

Extent = Annotated[int, Meta(ge=0, le=1 << 31)]
Integer = Annotated[int, Meta(ge=-(1 << 63), le=(1 << 63) - 1)]


class StatedInput(Record, frozen=True, kw_only=True):
    """`--input NAME=…`. None: not stated, so it is found in the model's source.

    Attributes:
        shape, dtype: Of the tensor.
        least, greatest: Bounds of generated integers, both or neither.
        digest: SHA-256 of the `.npy` file whose values are used; nothing is generated then.
    """

    shape: tuple[Extent, ...] | None = None
    dtype: InputDtype | None = None
    least: Integer | None = None
    greatest: Integer | None = None
    digest: Digest | None = None
