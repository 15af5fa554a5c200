"""What is known in place of a mistyped key or value, at any depth of a record."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec
import pytest

from bench.errors import UsageError
from bench.records.record import Record
from bench.records.toml_file import read_toml

Colour = Literal["red", "green"]


class Leaf(Record, frozen=True, kw_only=True, rename="kebab"):
    colour: Colour | None = None
    leaf_size: int | None = None
    colours: Annotated[tuple[Colour, ...], msgspec.Meta(min_length=1)] | None = None


class Tree(Record, frozen=True, kw_only=True):
    leaf: Leaf | None = None
    leaves: tuple[Leaf, ...] = ()
    named: dict[str, Leaf] = msgspec.field(default_factory=dict)


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("laef = 3", "; did you mean leaf? known are leaf, leaves, named"),
        ("zzz = 3", "; known are leaf, leaves, named"),
        ("leaf.colour = 'gren'", "; did you mean green? known are green, red"),
        ("leaf.colour = 'mauve'", "; known are green, red"),
        ("[[leaves]]\n[[leaves]]\nleaf-sise = 3", "; did you mean leaf-size? known are colour, leaf-size, colours"),
        ("[[leaves]]\ncolours = ['red', 'reed']", "; did you mean red? known are green, red"),
        ("[named.oak]\ncolor = 'red'", "; did you mean colour? known are colour, leaf-size, colours"),
        ("[named.oak]\ncolour = 'redd'", "; did you mean red? known are green, red"),
        ("leaf.leaf-size = 'red'", ""),
    ],
    ids=[
        "a key at the top",
        "a key like none",
        "a value",
        "a value like none",
        "a key in a table of an array, by its name in the file",
        "a value of a list",
        "a key in a table with a name of its own",
        "a value there",
        "a value of another type",
    ],
)
def test_known_keys_and_values_are_named(text: str, known: str, tmp_path: Path) -> None:
    (tmp_path / "tree.toml").write_text(text)
    with pytest.raises(UsageError) as error:
        read_toml(tmp_path / "tree.toml", Tree, noun="tree")
    message = str(error.value)
    assert message.endswith(known)
    assert ("known are" in message) == bool(known)
