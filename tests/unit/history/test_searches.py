"""What was found is taken again only for the same series, and only from the user's own file."""

from pathlib import Path

import numpy as np
import pytest

from bench.history import searches as searching
from bench.history.cache import Store
from bench.history.searches import SEARCHES_NAME, digest_series, keep_searches, open_searches
from bench.stats.change_points import Change, Found, Series

TAIL = 1e-4
FOUND = Found((Change(series=0, first=20, found=24),), (0.25,))


def make_series(last: float = 0.0) -> list[Series]:
    values = np.zeros(30)
    values[-1] = last
    return [Series(np.arange(30), values, np.full(30, 1e-6))]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path, b"k" * 32)


@pytest.fixture
def searched(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What was searched, by a search that always finds the same."""
    seen: list[object] = []

    def search(series: list[Series], tail: float) -> Found:
        seen.append((series, tail))
        return FOUND

    monkeypatch.setattr(searching, "find_changes", search)
    return seen


def keep(store: Store) -> None:
    searches = open_searches(store)
    searches.find(make_series(), TAIL)
    keep_searches(store, searches)


def test_the_same_series_are_searched_once(store: Store, searched: list[object]) -> None:
    keep(store)
    again = open_searches(store)
    assert again.find(make_series(), TAIL) == FOUND
    assert len(searched) == 1
    assert not again.has_new


def test_other_values_and_another_level_are_searched(store: Store, searched: list[object]) -> None:
    keep(store)
    searches = open_searches(store)
    searches.find(make_series(1e-12), TAIL)
    searches.find(make_series(), 2 * TAIL)
    assert len(searched) == 3


def test_values_do_not_move_between_series_unseen() -> None:
    one = Series(np.arange(4), np.arange(4.0), np.arange(4.0))
    split = [Series(*(column[:2] for column in one)), Series(*(column[2:] for column in one))]
    assert digest_series([one], TAIL) != digest_series(split, TAIL)


@pytest.mark.parametrize("place", [0, 40])
def test_an_altered_file_is_not_used(store: Store, searched: list[object], place: int) -> None:
    keep(store)
    path = store.folder / SEARCHES_NAME
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
    keep(store)
    assert len(searched) == 2


def test_a_file_of_another_key_or_source_is_not_used(
    store: Store, searched: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(store)
    open_searches(store._replace(key=b"o" * 32)).find(make_series(), TAIL)
    monkeypatch.setattr("bench.history.cache.own_source", lambda: "sha256:other")
    open_searches(store).find(make_series(), TAIL)
    assert len(searched) == 3


def test_without_a_place_to_keep_them_series_are_searched(tmp_path: Path, searched: list[object]) -> None:
    for store in (None, Store(tmp_path / "missing", b"k" * 32)):
        searches = open_searches(store)
        assert searches.find(make_series(), TAIL) == FOUND
        keep_searches(store, searches)
    assert len(searched) == 2
    assert list(tmp_path.iterdir()) == []
