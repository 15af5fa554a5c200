"""What options of several commands hold, gathered."""

import pytest

from bench.cli.plan_options import gather_input_files
from bench.errors import UsageError
from bench.run.input_options import parse_input


def test_files_of_inputs_are_gathered_by_name() -> None:
    pairs = [parse_input("ids=tokens.npy"), parse_input("x=/data/x.npy")]
    assert gather_input_files(pairs) == {"ids": "tokens.npy", "x": "/data/x.npy"}


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        (["x=0..9"], r"--input x=0\.\.9: the bundle states it; only files are named again"),
        (["x=2x3:float32"], r"--input x=2x3:float32: the bundle states it"),
        (["x=a.npy", "x=b.npy"], "--input x is stated twice"),
    ],
)
def test_what_is_no_file_or_named_twice_is_refused(typed: list[str], problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        gather_input_files(map(parse_input, typed))
