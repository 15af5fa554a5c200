"""Parse and format times in UTC, as bundles and trust stores hold them."""

import re
from datetime import UTC, datetime

from bench.errors import BundleError

_FORM = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z", re.ASCII)


def parse_timestamp(text: str, *, source: str) -> datetime:
    """Return an RFC 3339 time such as `2026-11-22T08:00:00Z`.

    Args:
        text: To the second, in UTC.
        source: What to call it in an error.

    Raises:
        BundleError: it has another form, or there is no such day or hour.
    """
    if _FORM.fullmatch(text) is None:
        raise BundleError(f"{source}: {text!r:.80} is not a time like 2026-11-22T08:00:00Z")
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise BundleError(f"{source}: {text!r} is not a time: there is no such day, hour, minute or second") from error


def format_timestamp(moment: datetime) -> str:
    """Return a time as text, to the second; the inverse of `parse_timestamp`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
