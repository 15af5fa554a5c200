import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.records.toml_lines import ANY, Steps, find_line, index_lines, parse_place

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

[rules."core count"]
at_least = 8
[environment.more]
limits.stack = 1
inline = { depth = 1 }
"""
LINES = index_lines(TEXT)


@pytest.mark.parametrize(
    ("steps", "line"),
    [
        pytest.param(("name",), 2, id="a key before any table"),
        pytest.param(("match",), 4, id="a table"),
        pytest.param(("match", "architecture"), 5, id="a key in a table"),
        pytest.param(("environment", 0, "name"), 8, id="a key in the first of several tables"),
        pytest.param(("environment", 1, "name"), 12, id="a key in the second of several tables"),
        pytest.param(("environment", 1), 11, id="the header of the second"),
        pytest.param(("rules", "core count", "at_least"), 16, id="a key in a table with a quoted name"),
        pytest.param(("environment", 1, "more", "limits", "stack"), 18, id="a dotted key below the latest entry"),
        pytest.param(("environment", 1, "more", "inline", "depth"), 19, id="a key of an inline table: its line"),
        pytest.param(("match", "vendor"), 4, id="a key that is not there: its table"),
        pytest.param(("architecture",), None, id="a key of another table"),
        pytest.param((), None, id="the top"),
    ],
)
def test_finds_the_line_of_a_key_or_of_what_holds_it(steps: Steps, line: int | None) -> None:
    assert find_line(LINES, steps) == line


@pytest.mark.parametrize(
    ("message", "steps"),
    [
        ("Invalid enum value 'x' - at `$.match.architecture`", ("match", "architecture")),
        ("Object contains unknown field `colour` - at `$.environment[1]`", ("environment", 1, "colour")),
        ("Object missing required field `value` - at `$.environment[1]`", ("environment", 1, "value")),
        ("Expected `str`, got `int` - at `$.rules[...].check`", ("rules", ANY, "check")),
        ("Expected `str` matching regex '^x$' - at `key` in `$.shape`", ("shape",)),
        ("Object missing required field `summary`", ("summary",)),
        ("something else", ()),
    ],
)
def test_reads_the_place_in_a_message(message: str, steps: Steps) -> None:
    assert parse_place(message) == steps


@given(st.text(), st.text())
def test_never_fails_on_any_text(text: str, message: str) -> None:
    line = find_line(index_lines(text), parse_place(message))
    assert line is None or 1 <= line <= len(text.splitlines())
