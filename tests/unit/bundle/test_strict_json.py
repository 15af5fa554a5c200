import pytest

from bench.bundle.strict_json import decode_handwritten_json
from bench.errors import BundleError


def test_reads_any_layout() -> None:
    assert decode_handwritten_json(b'\n{ "a":\t"b" }', dict[str, str], source="x") == {"a": "b"}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        pytest.param(b'{"a": "b", "c": "d", "a": "e"}', "x: not valid JSON: duplicate key 'a'", id="a key twice"),
        pytest.param(b'{"a": 1}', "Expected `str`", id="another type"),
        pytest.param(b"{", "not valid JSON", id="half an object"),
        pytest.param(b"[" * 100_000, "not valid JSON", id="deep nesting"),
        pytest.param('{"a": "b"}'.encode("utf-16"), "x: not a valid dict", id="UTF-16"),
        pytest.param(b'{"a": "\xff"}', "not valid JSON", id="bytes that are no UTF-8"),
        pytest.param(b"", "not valid JSON", id="nothing"),
        pytest.param(b'{"a": NaN}', "not a valid dict", id="a NaN"),
    ],
)
def test_refuses(data: bytes, words: str) -> None:
    with pytest.raises(BundleError) as refusal:
        decode_handwritten_json(data, dict[str, str], source="x")
    assert words in str(refusal.value)
