import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.records.cpulist import MAX_CPU, format_cpulist, parse_cpulist, parse_cpumask

TABLE = json.loads((Path(__file__).parents[2] / "data" / "cpulist-openvino.json").read_text(encoding="utf-8"))


def within_a_kernels_reach(ranges: list[list[int]]) -> bool:
    return all(last <= MAX_CPU for _, last in ranges)


@pytest.mark.parametrize(
    ("text", "ranges"),
    [pytest.param(text, ranges, id=f"{text!r}") for text, ranges in TABLE["accept"] if within_a_kernels_reach(ranges)],
)
def test_accepts_what_openvino_accepts(text: str, ranges: list[list[int]]) -> None:
    assert parse_cpulist(text) == {cpu for first, last in ranges for cpu in range(first, last + 1)}


@pytest.mark.parametrize("text", [pytest.param(text, id=f"{text!r}") for text in TABLE["reject"]])
def test_refuses_what_openvino_refuses(text: str) -> None:
    with pytest.raises(ValueError, match="is not a CPU list"):
        parse_cpulist(text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("0-2147483647", id="a range that would fill the memory"),
        pytest.param("65536", id="a CPU beyond any kernel's"),
        pytest.param("0-7:2/4", id="a stride, which kernels read but never print"),
        pytest.param("01", id="a leading zero"),
        pytest.param("+1", id="a sign"),
        pytest.param("\N{ARABIC-INDIC DIGIT ONE}", id="a digit of another script"),
        pytest.param("0\n1", id="two lines"),
        pytest.param("all", id="a word"),
    ],
)
def test_refuses_what_no_kernel_prints(text: str) -> None:
    with pytest.raises(ValueError, match="is not a CPU list"):
        parse_cpulist(text)


@pytest.mark.parametrize("text", ["", "\n", " ", "(null)", "(null)\n", "\0", "\n\0"])
def test_blank_text_and_null_are_no_cpus(text: str) -> None:
    assert parse_cpulist(text) == frozenset()


@pytest.mark.parametrize("text", ["0-3\n", "0-3\n\0", "\t0-3 ", "0-3"])
def test_passes_over_what_kernels_put_around_a_list(text: str) -> None:
    assert parse_cpulist(text) == {0, 1, 2, 3}


@pytest.mark.parametrize(
    ("cpus", "text"),
    [
        pytest.param([], "", id="none"),
        pytest.param([7], "7", id="one"),
        pytest.param([0, 1], "0-1", id="two neighbours"),
        pytest.param([3, 1, 2, 3, 8], "1-3,8", id="unordered, with one twice"),
        pytest.param([0, 2, 4], "0,2,4", id="none beside another"),
    ],
)
def test_writes_the_shortest_list(cpus: list[int], text: str) -> None:
    assert format_cpulist(cpus) == text


@given(st.frozensets(st.integers(0, MAX_CPU), max_size=64))
def test_parse_inverts_format(cpus: frozenset[int]) -> None:
    assert parse_cpulist(format_cpulist(cpus)) == cpus


@given(st.text(alphabet="0123456789,- ", max_size=12))
def test_what_is_accepted_comes_back_the_same(text: str) -> None:
    try:
        cpus = parse_cpulist(text)
    except ValueError:
        return
    assert parse_cpulist(format_cpulist(cpus)) == cpus


@given(st.frozensets(st.integers(0, MAX_CPU), max_size=64))
def test_a_mask_has_a_bit_for_each_cpu(cpus: frozenset[int]) -> None:
    assert parse_cpumask(format_cpulist(cpus)) == sum(1 << cpu for cpu in cpus)


def test_a_list_that_repeats_cpus_without_end_is_rejected_early() -> None:
    with pytest.raises(ValueError, match="names more CPUs than 65536"):
        parse_cpulist(",".join(["0-65535"] * 8000))
    assert parse_cpumask(",".join(["0-65535"] * 8000)) == (1 << 65536) - 1
