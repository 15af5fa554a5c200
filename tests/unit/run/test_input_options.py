"""--input: what is stated of an input, parsed strictly."""

import pytest

from bench.records.stated_input import StatedInput
from bench.run.input_options import InputOption, format_input, parse_input

FORMS = {
    "ids=0..30521": InputOption(stated=StatedInput(least=0, greatest=30521)),
    "x=1x3x224x224:float32": InputOption(stated=StatedInput(shape=(1, 3, 224, 224), dtype="float32")),
    "ids=8x128:int64:-1..9": InputOption(stated=StatedInput(shape=(8, 128), dtype="int64", least=-1, greatest=9)),
    "step=scalar:int64": InputOption(stated=StatedInput(shape=(), dtype="int64")),
    "x=../real.npy": InputOption(stated=StatedInput(), file="../real.npy"),
}


@pytest.mark.parametrize("text", FORMS)
def test_each_form_is_parsed_and_formatted_again(text: str) -> None:
    name, option = parse_input(text)
    assert option == FORMS[text]
    assert format_input(name, option) == text


@pytest.mark.parametrize("text", ["", "x", "=1..2", "x=", "x=1..", "x=1x:int64", "x=1x2", "x=real.pt", "1x=0..2"])
def test_anything_else_is_refused_with_the_forms(text: str) -> None:
    with pytest.raises(ValueError, match=r"NAME=FILE\.npy, NAME=LEAST\.\.GREATEST"):
        parse_input(text)


def test_impossible_values_are_refused_with_both() -> None:
    with pytest.raises(ValueError, match="9 is more than 3"):
        parse_input("ids=9..3")
    with pytest.raises(ValueError, match=r"no data type float8; did you mean float64\? there are float64"):
        parse_input("x=1:float8")
