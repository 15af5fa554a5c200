from bench.stats.change_limits import load_limits


def test_the_limits_that_ship_keep_what_they_promise() -> None:
    limits = load_limits()
    low, point, high = limits.simulated[1], limits.simulated[0], limits.simulated[2]
    assert (limits.cells, limits.runs, limits.false_alarms) == (48, 365, 1.0)
    assert low <= point <= high <= limits.false_alarms
