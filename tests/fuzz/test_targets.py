"""No reader of outside input raises anything but a refusal of its own: mutations of valid input, and any bytes."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import SEEDS, TARGETS, attempt

SPLICES = [
    b"",
    b"\0",
    b"\xff",
    b"0",
    b"-1",
    b"1e999",
    b"9" * 30,
    b"null",
    b'"',
    b"{",
    b"]",
    b"\n",
    b"\xed\xa0\x80",
    b"[" * 500,
]


@st.composite
def mutations(draw: st.DrawFn, seeds: tuple[bytes, ...]) -> bytes:
    """A seed with bytes flipped, cut out, put in, doubled or cut off; or any bytes."""
    data = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = start + draw(st.sampled_from([0, 1, 2, 8, 512]))
        match draw(st.sampled_from(["flip", "splice", "double", "cut"])):
            case "flip" if start < len(data):
                data[start] ^= draw(st.integers(1, 255))
            case "splice":
                data[start:end] = draw(st.sampled_from(SPLICES) | st.binary(max_size=8))
            case "double":
                data[start:start] = data[start:end]
            case _:
                del data[start : draw(st.sampled_from([end, len(data)]))]
    return bytes(data)


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_only_refuses(name: str, data: st.DataObject) -> None:
    seeds = tuple(SEEDS.get(name, ())) or (b"",)
    attempt(name, data.draw(mutations(seeds) | st.binary(max_size=300)))


@pytest.mark.parametrize("name", TARGETS)
def test_takes_what_mutations_start_from(name: str) -> None:
    for seed in SEEDS.get(name, ()):
        attempt(name, seed)


def test_every_target_has_something_to_start_from() -> None:
    assert TARGETS.keys() - SEEDS.keys() == {"journal", "auxv"}
    assert Path("profiles").is_dir()
