import pytest

from bench.profiles.wording import count, list_ids


@pytest.mark.parametrize(("number", "text"), [(0, "0 cores"), (1, "1 core"), (2, "2 cores")])
def test_counts_agree_with_their_noun(number: int, text: str) -> None:
    assert count(number, "core") == text


@pytest.mark.parametrize(
    ("ids", "text"), [({3}, "CPU 3"), ({0, 1, 2, 8}, "CPUs 0-2,8")], ids=["one is singular", "more are a list"]
)
def test_lists_ids_in_the_kernel_s_format(ids: set[int], text: str) -> None:
    assert list_ids("CPU", ids) == text
