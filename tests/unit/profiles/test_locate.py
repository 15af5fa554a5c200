import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.profiles.locate import find_line, find_message_line

TEXT = """\
# name = "commented"
name = "x"

[match]
architecture = "x86_64"

[[environment]]
name = "A"
value = "1"

[[environment]]  # the second
name = "B"
colour = "red"
"""


@pytest.mark.parametrize(
    ("table", "key", "index", "line"),
    [
        pytest.param(None, "name", 0, 2, id="a key before any table"),
        pytest.param("match", "architecture", 0, 5, id="a key in a table"),
        pytest.param("environment", "name", 0, 8, id="a key in the first of several"),
        pytest.param("environment", "name", 1, 12, id="a key in the second of several"),
        pytest.param("environment", None, 1, 11, id="the header of the second"),
        pytest.param("match", "vendor", 0, None, id="a key that is not there"),
        pytest.param("environment", "name", 2, None, id="a table that is not there"),
        pytest.param(None, "architecture", 0, None, id="a key of another table"),
    ],
)
def test_finds_the_line_of_a_key_or_header(table: str | None, key: str | None, index: int, line: int | None) -> None:
    assert find_line(TEXT, table, key, index) == line


@pytest.mark.parametrize(
    ("message", "line"),
    [
        pytest.param("Invalid enum value 'x' - at `$.match.architecture`", 5, id="a value in a table"),
        pytest.param("Object contains unknown field `colour` - at `$.environment[1]`", 13, id="an unknown key"),
        pytest.param(
            "Object missing required field `value` - at `$.environment[1]`", 11, id="a missing key: its table"
        ),
        pytest.param("Expected `str`, got `int` - at `$.name`", 2, id="a value at the top"),
        pytest.param("Expected `object`, got `str` - at `$.match`", 4, id="a table at the top"),
        pytest.param("Expected `str`, got `int` - at `$.match.isa[3]`", 4, id="a word of a list that is not there"),
        pytest.param("Object missing required field `summary`", None, id="a missing key at the top"),
        pytest.param("something else", None, id="no path"),
    ],
)
def test_finds_the_line_that_a_message_is_about(message: str, line: int | None) -> None:
    assert find_message_line(TEXT, message) == line


@given(st.text(), st.text())
def test_never_fails_on_any_text(text: str, message: str) -> None:
    line = find_message_line(text, message)
    assert line is None or 1 <= line <= len(text.splitlines())
