import os
import tempfile
from pathlib import Path

import pytest

from bench.errors import BundleError, UsageError
from bench.history import read as reading
from bench.history.cache import CACHE_NAME, CODE_NAME, KEY_NAME
from bench.history.read import ReadHistory, read_history
from tests.unit.history.histories import keep, make_columns, make_history, make_run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "nightly"
    for contents in make_history(6):
        keep(folder, contents)
    return folder


@pytest.fixture(autouse=True)
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of a test are seconds old."""
    monkeypatch.setattr("bench.history.cache.is_settled", lambda _key, _now_ns: True)


def read(*paths: Path, state: Path | None = None) -> ReadHistory:
    state = state or paths[0].parent / "state"
    return read_history(paths, {"XDG_STATE_HOME": str(state)})


def same(first: ReadHistory, second: ReadHistory) -> bool:
    """Whether two histories hold the same numbers of the same bundles."""
    one, other = first.columns, second.columns
    texts = [[columns.texts[row] for row in columns.points["cell"]] for columns in (one, other)]
    means = [columns.points["mean"].tolist() for columns in (one, other)]
    runs = [[run.digest for run in columns.runs] for columns in (one, other)]
    return (first.bundles, texts[0], means[0], runs[0]) == (second.bundles, texts[1], means[1], runs[1])


def test_bundles_are_verified_once_and_then_known(folder: Path) -> None:
    first, again = read(folder), read(folder)
    assert (first.verified, again.verified) == (6, 0)
    assert first.problem is again.problem is None
    assert same(first, again)
    assert len(first.columns.points["mean"]) == 12


def test_only_a_new_bundle_is_verified(folder: Path) -> None:
    read(folder)
    keep(folder, make_run(7))
    assert read(folder).verified == 1
    assert read(folder).verified == 0


def test_copies_of_known_bytes_are_not_verified_again(folder: Path) -> None:
    before = read(folder)
    for path in list(folder.glob("*.bench.tar")):
        data = path.read_bytes()
        path.unlink()
        path.write_bytes(data)
    after = read(folder)
    assert after.verified == 0
    assert same(before, after)


def test_a_bundle_that_is_gone_is_gone_from_the_history(folder: Path) -> None:
    read(folder)
    next(iter(sorted(folder.glob("*.bench.tar")))).unlink()
    assert len(read(folder).columns.runs) == 5


def test_a_bundle_that_is_replaced_by_another_one_of_its_size_is_read_anew(folder: Path) -> None:
    read(folder)
    path = min(folder.glob("*.bench.tar"))
    status = path.stat()
    path.write_bytes(path.read_bytes().replace(b"Test CPU", b"Best CPU"))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    changed = read(folder)
    assert [entry.reason.code for entry in changed.excluded] == ["not_verified"]


@pytest.mark.parametrize("name", [CACHE_NAME, CODE_NAME])
def test_a_cache_may_be_deleted(folder: Path, name: str) -> None:
    first = read(folder)
    (folder / name).unlink()
    again = read(folder)
    assert again.verified == 6
    assert same(first, again)


@pytest.mark.parametrize("name", [CACHE_NAME, CODE_NAME])
def test_an_altered_cache_changes_no_answer(folder: Path, name: str) -> None:
    first = read(folder)
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / name).write_bytes(bytes(data))
    again = read(folder)
    assert again.verified == 6
    assert same(first, again)


def test_a_cache_that_another_user_wrote_is_not_believed(folder: Path, tmp_path: Path) -> None:
    """Whoever hands on a folder hands on its cache: well-formed, with other numbers."""
    first = read(folder)
    lie = make_columns([make_run(number, 2.0) for number in range(6)])
    lie = lie._replace(
        runs=tuple(row._replace(digest=run.digest) for row, run in zip(lie.runs, first.columns.runs, strict=True))
    )
    other = tmp_path / "other"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "map_bundles", lambda _function, _paths: [])
        patch.setattr(reading, "read_cache", lambda _store: reading.Cached({}, lie))
        assert len(read(folder, state=other).columns.runs) == 6
        patch.undo()
    from bench.history.cache import Store, open_key, write_cache

    keys = [
        (key, run.digest)
        for path, run in zip(first.bundles, lie.runs, strict=True)
        if (key := reading.find_key(Path(path)))
    ]
    write_cache(Store(folder, open_key(other / "bench")), lie, keys)
    assert read(folder, state=other).verified == 0
    again = read(folder)
    assert again.verified == 6
    assert same(first, again)


def test_a_cache_of_another_source_of_bench_is_made_anew(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read(folder)
    monkeypatch.setattr("bench.history.cache.own_source", lambda: "sha256:other")
    assert read(folder).verified == 6


def test_without_a_home_there_is_no_cache_and_the_same_answer(folder: Path) -> None:
    first = read(folder)
    (folder / CACHE_NAME).unlink()
    without = read_history([folder], {})
    assert "neither XDG_STATE_HOME nor HOME is set" in (without.problem or "")
    assert not (folder / CACHE_NAME).exists()
    assert same(first, without)


def test_without_a_folder_for_temporary_files_all_is_verified_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = read(folder)
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: ["/proc/no-folder"])
    again = read(folder)
    assert again.verified == 6
    assert same(first, again)


def test_a_key_that_others_may_read_is_not_used(folder: Path) -> None:
    read(folder)
    (folder.parent / "state" / "bench" / KEY_NAME).chmod(0o644)
    again = read(folder)
    assert again.verified == 6
    assert "others than its owner" in (again.problem or "")


def test_a_folder_that_cannot_be_written_has_no_cache(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        from bench.errors import OutputError

        raise OutputError("read-only")

    monkeypatch.setattr(reading, "write_cache", refuse)
    assert read(folder).problem == "read-only"


def test_what_does_not_verify_is_excluded_from_a_folder_and_refused_by_name(folder: Path) -> None:
    path = folder / "broken.bench.tar"
    path.write_bytes(b"no bundle")
    history = read(folder)
    assert [(entry.bundle, entry.reason.code) for entry in history.excluded] == [(str(path), "not_verified")]
    assert len(history.bundles) == 6
    with pytest.raises(BundleError, match="broken"):
        read(folder, path)


def test_a_run_counts_once_however_often_it_is_there(folder: Path) -> None:
    first = min(folder.glob("*.bench.tar"))
    (folder / "z.bench.tar").write_bytes(first.read_bytes())
    sealed_again = make_run(0, info__run_id="20260102T030405Z-000000ff")
    keep(folder, sealed_again)
    history = read(folder)
    assert len(history.bundles) == 6
    assert {entry.reason.code for entry in history.excluded} == {"measured_once"}


def test_runs_are_in_the_order_in_which_they_began(folder: Path) -> None:
    names = [run.run_id for run in read(folder).columns.runs]
    assert names == sorted(names)


def test_a_folder_without_bundles_is_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="holds"):
        read(tmp_path / "empty")


def test_what_was_extracted_is_what_is_cached(folder: Path) -> None:
    cached, new = (read(folder).columns for _ in range(2))
    assert cached.read_facts(cached.runs[0].facts) == new.read_facts(new.runs[0].facts)
    assert cached.runs == new.runs


def test_files_of_a_moment_ago_are_read_again_and_not_verified_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.history.cache.is_settled", lambda _key, _now_ns: False)
    first, again = read(folder), read(folder)
    assert (first.verified, again.verified) == (6, 0)
    assert same(first, again)


def test_files_from_before_1970_are_cached_too(folder: Path) -> None:
    for path in folder.glob("*.bench.tar"):
        os.utime(path, ns=(-1_000_000_000, -1_000_000_000))
    first, again = read(folder), read(folder)
    assert (first.problem, again.verified) == (None, 0)
