from itertools import permutations
from pathlib import Path

import pytest

from bench.bundle.verify_many import find_bundles
from bench.errors import UsageError


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
