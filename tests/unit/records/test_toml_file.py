import os
import socket
from pathlib import Path
from typing import Annotated

import msgspec
import pytest

from bench.errors import UsageError
from bench.records.record import Record
from bench.records.toml_file import MAX_BYTES, read_toml


class Inner(Record, frozen=True, kw_only=True):
    size: int = 0


class Outer(Record, frozen=True, kw_only=True):
    name: str
    inner: Inner = Inner()
    tables: tuple[Inner, ...] = ()
    sizes: dict[str, Annotated[int, msgspec.Meta(ge=1)]] = msgspec.field(default_factory=dict)
    named: dict[str, Inner] = msgspec.field(default_factory=dict)


def read(path: Path) -> Outer:
    return read_toml(path, Outer, noun="sketch").record


def write(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "x.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_a_good_file_is_the_record_and_its_bytes(tmp_path: Path) -> None:
    file = read_toml(write(tmp_path, 'name = "x"\n'), Outer, noun="sketch")
    assert (file.record.name, file.data) == ("x", b'name = "x"\n')


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param('name = "x"\nwrong = 1', 2, id="at the top"),
        pytest.param('name = "x"\n[inner]\nwrong = 1', 3, id="in a table"),
        pytest.param('name = "x"\ninner = { wrong = 1 }', 2, id="in an inline table"),
        pytest.param('name = "x"\n[[tables]]\n[[tables]]\nwrong = 1', 4, id="in the second of several tables"),
        pytest.param('name = "x"\n[named.good]\nsize = 1\n[named.bad]\nwrong = 1', 5, id="in a table of any name"),
    ],
)
def test_an_unknown_key_is_refused_at_every_depth_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    path = write(tmp_path, text)
    with pytest.raises(UsageError) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}:{line}: not a sketch: Object contains unknown field `wrong`")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("name = ", ":1: not TOML: Invalid value", id="half a line"),
        pytest.param('name = "x"\nname = "y"', ":2: not TOML: Cannot overwrite", id="a key twice"),
        pytest.param(b'name = "x"\n\xff', ":2: not UTF-8 at byte 11", id="bytes that are no text"),
        pytest.param("a = " + "[" * 20000, ": not TOML", id="brackets without end"),
        pytest.param(f"a = {'9' * 5000}", ": not TOML: Exceeds the limit", id="thousands of digits"),
        pytest.param('name = "x"\n[sizes]\ngood = 1\nbad = 0', ":4: not a sketch", id="a value in a mapping"),
        pytest.param("", ": not a sketch: Object missing required field `name`", id="an empty file"),
    ],
)
def test_a_wrong_file_is_one_line_that_names_file_and_line(tmp_path: Path, text: str | bytes, problem: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(UsageError) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}{problem}")
    assert "\n" not in str(caught.value)


def test_a_huge_file_is_refused_without_reading_it(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"10000000 bytes, and a sketch has at most {MAX_BYTES}"):
        read(write(tmp_path, b"#" * 10_000_000))


def test_what_is_no_regular_file_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.toml")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket.toml"))
        for path in (tmp_path / "pipe.toml", tmp_path / "socket.toml", tmp_path, Path("/dev/zero"), Path("/dev/null")):
            with pytest.raises(UsageError, match="wanted a sketch in TOML"):
                read(path)


@pytest.mark.parametrize("name", ["absent.toml", "nul\0byte.toml"])
def test_a_path_that_cannot_be_opened_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="wanted a sketch in TOML"):
        read(tmp_path / name)
