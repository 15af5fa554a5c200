"""Times of day in UTC, as they stand in bundles and trust stores."""

from datetime import UTC, datetime

from bench.errors import BundleError


def parse_timestamp(text: str, *, source: str) -> datetime:
    """Read an RFC 3339 time such as `2026-11-22T08:00:00Z`.

    Args:
        text: Of the pattern `bench.records.bundle.Timestamp`.
        source: What to call it in an error.

    Raises:
        BundleError: there is no such day or hour.
    """
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise BundleError(f"{source}: {text!r} is no time: {error}") from error


def format_timestamp(moment: datetime) -> str:
    """Write a time to the second; the inverse of `parse_timestamp`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
