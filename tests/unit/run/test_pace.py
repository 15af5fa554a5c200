"""What a run expects its cells to take."""

from msgspec.structs import replace

from bench.launch.plan import FIRST_S, PROBE_S, estimate_repetition_s
from bench.run.pace import Pace
from tests.builders import POLICY


def test_a_first_repetition_takes_longer_and_does_not_count_once_there_are_others() -> None:
    pace = Pace(POLICY, lambda: 0.0)
    assert pace.expect_s([("a", 2), ("b", 1), ("c", 0)]) == 2 * FIRST_S + 3 * estimate_repetition_s(POLICY)
    pace.add("a", 9.0)
    assert pace.expect_s([("a", 2), ("b", 1)]) == 27.0
    pace.add("a", 4.0)
    pace.add("a", 2.0)
    assert pace.expect_s([("a", 2), ("b", 1)]) == 9.0


def test_probes_between_repetitions_take_their_part_of_the_time() -> None:
    pace = Pace(replace(POLICY, aim_s=1000.0), lambda: 0.0)
    pace.add("a", 10.0)
    pace.add("a", 10.0)
    assert pace.expect_s([("a", 13)]) == 130 + 2 * PROBE_S
    pace.add_probe(8.0)
    pace.add_probe(12.0)
    assert pace.expect_s([("a", 13)]) == 130 + 10  # a tenth of the time at most: one in 90 s
    assert pace.spare_s([("a", 13)]) == 1000 - 140 - 10
    assert pace.expect_s([]) == 0
