import pytest

from bench.stats.noise import invalid_reasons
from tests.builders import make_instance, noisy


def test_a_quiet_repetition_is_valid() -> None:
    assert invalid_reasons([make_instance()]) == ()


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"steal_ratio": 0.051}, "steal"),
        ({"throttled_s": 0.001}, "throttled"),
        ({"foreign_ratio": 0.11}, "foreign_load"),
        ({"major_faults": 21}, "paging"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_each_limit_has_its_code(values: dict[str, float], reason: str) -> None:
    assert invalid_reasons([make_instance(), noisy(make_instance(), **values)]) == (reason,)


@pytest.mark.parametrize("name", ["steal_ratio", "throttled_s", "foreign_ratio", "major_faults"])
def test_what_the_kernel_does_not_show_forbids_nothing(name: str) -> None:
    assert invalid_reasons([noisy(make_instance(), **{name: None})]) == ()  # type: ignore[arg-type]


def test_instances_that_hardly_ran_together_are_no_repetition() -> None:
    early, late = make_instance((0.01,) * 10, start_ns=0), make_instance((0.01,) * 10, start_ns=80_000_000)
    assert invalid_reasons([early, late]) == ("no_overlap",)
