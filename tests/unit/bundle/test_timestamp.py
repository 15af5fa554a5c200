from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.bundle.timestamp import format_timestamp, parse_timestamp
from bench.errors import BundleError


@given(st.datetimes(min_value=datetime(1000, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis adds the zone
def test_parse_inverts_format_to_the_second(moment: datetime) -> None:
    assert parse_timestamp(format_timestamp(moment), source="x") == moment.replace(microsecond=0)


def test_writes_utc() -> None:
    there = datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=2)))
    assert format_timestamp(there) == "2025-12-31T23:00:00Z"


@pytest.mark.parametrize("text", ["2026-02-30T00:00:00Z", "2026-01-01T24:00:01Z", "2026-13-01T00:00:00Z"])
def test_refuses_what_no_calendar_has(text: str) -> None:
    with pytest.raises(BundleError, match=r"x: .* is not a time"):
        parse_timestamp(text, source="x")
