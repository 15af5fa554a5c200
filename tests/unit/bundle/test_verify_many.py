"""Many bundles at once: which they are, and where processes cannot share work."""

import errno
import os
from itertools import permutations
from pathlib import Path

import pytest

from bench.bundle.signers import Requirements
from bench.errors import UsageError
from bench.verification import processes as module
from bench.verification.verify_many import find_bundles, verify_many


def test_bundles_are_found_below_folders_each_once_in_the_order_of_their_paths(tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    paths = [tmp_path / name for name in ("b.bench.tar", "deep/er/c.bench.tar", "a.bench.tar", "deep/x.txt")]
    for path in paths:
        path.touch()
    found = {find_bundles(named) for named in permutations([tmp_path, paths[0], tmp_path / "deep"])}
    assert found == {(paths[2], paths[0], paths[1])}


def test_a_folder_without_bundles_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no \*\.bench\.tar in this folder or below"):
        find_bundles([tmp_path])


@pytest.mark.parametrize(
    "refusal",
    [
        OSError(errno.EROFS, "Read-only file system"),
        OSError(errno.EMFILE, "Too many open files"),
        ImportError("sem_open"),
    ],
    ids=["shared memory is read-only", "few files", "no semaphores"],
)
def test_without_a_pool_bundles_are_verified_one_by_one(
    refusal: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise refusal

    monkeypatch.setattr(module, "ProcessPoolExecutor", refuse)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: {0, 1})
    paths = [tmp_path / f"{number}.bench.tar" for number in range(20)]
    results = list(verify_many(paths, Requirements()))
    assert [result.bundle for result in results] == [str(path) for path in paths]
    assert all(not result.intact and "No such file" in (result.error or "") for result in results)
