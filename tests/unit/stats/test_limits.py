import pytest

from bench.stats.limits import FAMILY_LIMITS, LIMITS, find_limits, loosest_limits


def test_a_family_without_limits_of_its_own_has_those_of_all() -> None:
    assert find_limits("fp32", "cnn", "training") == LIMITS["training", "fp32"]


@pytest.mark.parametrize("key", FAMILY_LIMITS, ids="-".join)
def test_no_familys_limits_are_beyond_the_loosest(key: tuple[str, str, str]) -> None:
    family, mode, precision = key
    limits = find_limits(precision, family, mode)  # type: ignore[arg-type]
    cosine, error = loosest_limits(precision, mode)  # type: ignore[arg-type]
    assert limits == FAMILY_LIMITS[key]  # type: ignore[index]
    assert cosine <= limits.cosine
    assert limits.error <= error
