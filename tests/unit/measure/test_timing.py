from collections.abc import Callable, Iterator

import pytest

from bench.measure import timing
from bench.measure.timing import LONGEST_NS, find_best_ns


def script(monkeypatch: pytest.MonkeyPatch, times: Iterator[int]) -> Callable[[], object]:
    monkeypatch.setattr(timing, "time_ns", lambda _call: next(times))
    return object


def test_the_fastest_round_counts_and_the_first_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_best_ns(script(monkeypatch, iter([1, 30, 20, 40])), 3) == 20


def test_a_slow_call_gets_fewer_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_best_ns(script(monkeypatch, iter([LONGEST_NS // 2, LONGEST_NS // 2 + 1])), 20) == LONGEST_NS // 2 + 1


def test_a_call_that_takes_seconds_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_best_ns(script(monkeypatch, iter([2 * LONGEST_NS])), 20) == 2 * LONGEST_NS


def test_a_slow_first_round_never_counts_where_others_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([2 * LONGEST_NS, 3 * LONGEST_NS, 4 * LONGEST_NS])
    assert find_best_ns(script(monkeypatch, times), 20, least=2) == 3 * LONGEST_NS
