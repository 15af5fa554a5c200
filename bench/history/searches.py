"""The searches of a folder's history: what was found in the series of a host, kept beside the bundles.

A search follows from the series alone, and is kept by their digest. As the cache of bundles (`bench.history.cache`), the
file is used only if this user's key authenticates it, and may be deleted at any time: no answer depends on it.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from contextlib import suppress

import msgspec

from bench.bundle.files import read_file, write_file
from bench.errors import BenchError
from bench.history.cache import Store, authenticate
from bench.records.digest import Digest
from bench.stats.change_points import Found, Series, find_changes

SEARCHES_NAME = ".bench-history.searches"

CODE_BYTES = 32
"""At the beginning of the file: the code that authenticates what follows."""

MAX_BYTES = 1 << 26
"""A change is some ten bytes, and a history has few."""


class Searches:
    """Searches series, or takes what was found in the same ones before.

    Args:
        known: What was found before, by the digest of the series.

    Attributes:
        found: What was found now, likewise.
    """

    def __init__(self, known: Mapping[Digest, Found]) -> None:
        self._known = known
        self.found: dict[Digest, Found] = {}

    def find(self, series: Sequence[Series], tail: float) -> Found:
        """Return the changes of level in the series of one host, as `find_changes`."""
        digest = digest_series(series, tail)
        found = self._known.get(digest) or find_changes(series, tail)
        self.found[digest] = found
        return found

    @property
    def has_new(self) -> bool:
        """Whether something was searched that was not known."""
        return not self.found.keys() <= self._known.keys()


def digest_series(series: Sequence[Series], tail: float) -> Digest:
    """Return a digest of all that a search looks at."""
    digest = hashlib.sha256(repr((tail, [len(cell.values) for cell in series])).encode())
    for cell in series:
        for column, kind in zip(cell, ("i8", "f8", "f8"), strict=True):
            digest.update(column.astype(kind, order="C").tobytes())
    return f"sha256:{digest.hexdigest()}"


def open_searches(store: Store | None) -> Searches:
    """Return the searches that a folder knows: none if there is no file of this user and this source of bench."""
    if store is None:
        return Searches({})
    try:
        data = read_file(store.folder / SEARCHES_NAME, limit=MAX_BYTES)
    except BenchError:
        return Searches({})
    code, body = data[:CODE_BYTES], data[CODE_BYTES:]
    if not hmac.compare_digest(code, authenticate(SEARCHES_NAME, body, store.key)):
        return Searches({})
    return Searches(msgspec.json.decode(body, type=dict[Digest, Found]))


def keep_searches(store: Store | None, searches: Searches) -> None:
    """Write what was found now, if any of it is new; a folder that cannot take it goes without."""
    if store is None or not searches.has_new:
        return
    body = msgspec.json.encode(searches.found)
    with suppress(BenchError):
        write_file(store.folder / SEARCHES_NAME, authenticate(SEARCHES_NAME, body, store.key) + body, replace=True)
