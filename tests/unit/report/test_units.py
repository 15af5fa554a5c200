import pytest

from bench.report.units import format_bytes, format_duration, format_seconds, format_significant


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (12.345, "12.3 s"),
        (1.0, "1.00 s"),
        (0.9994, "999 ms"),
        (0.012345, "12.3 ms"),
        (5.6e-5, "56.0 µs"),
        (3e-8, "0.03 µs"),
    ],
    ids=str,
)
def test_times_have_three_digits_and_a_fitting_unit(seconds: float, text: str) -> None:
    assert format_seconds(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.1234, "0.123"), (1.234, "1.23"), (12.34, "12.3"), (123.4, "123"), (12345.6, "12346")],
    ids=str,
)
def test_three_significant_digits_without_exponents(value: float, text: str) -> None:
    assert format_significant(value) == text


@pytest.mark.parametrize(("count", "text"), [(1 << 20, "1.00 MiB"), (3 << 29, "1.50 GiB")], ids=["MiB", "GiB"])
def test_bytes(count: int, text: str) -> None:
    assert format_bytes(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-3, "0 s"), (59.4, "59 s"), (60, "1 min 0 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")],
    ids=str,
)
def test_times_left(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text
