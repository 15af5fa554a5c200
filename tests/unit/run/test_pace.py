"""What a run expects its cells to take."""

from bench.launch.plan import FIRST_S, estimate_repetition_s
from bench.run.pace import Pace
from tests.builders import POLICY


def test_a_first_repetition_takes_longer_and_does_not_count_once_there_are_others() -> None:
    pace = Pace(POLICY, lambda: 0.0)
    assert pace.expect_s([("a", 2)]) == 2 * (FIRST_S + estimate_repetition_s(POLICY))
    pace.add("a", 9.0)
    assert pace.expect_s([("a", 2), ("b", 1)]) == 27.0
    pace.add("a", 4.0)
    pace.add("a", 2.0)
    assert pace.expect_s([("a", 2), ("b", 1)]) == 9.0
