"""What a container writes in a folder that is open to everyone can be deleted by the folder's owner."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.run.ownership import share_with_owner

SOMEBODY_ELSE = 4711


@pytest.fixture(autouse=True)
def usual_mask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user")
@pytest.mark.parametrize(
    ("owner", "mode", "in_image", "made"),
    [
        (SOMEBODY_ELSE, 0o1777, True, 0o777),
        (SOMEBODY_ELSE, 0o755, True, 0o755),
        (0, 0o1777, True, 0o755),
        (SOMEBODY_ELSE, 0o1777, False, 0o755),
    ],
    ids=["another's, open to everyone", "another's, not open", "this user's own", "outside of an image"],
)
def test_folders_are_opened_only_in_an_open_folder_of_another_user(
    tmp_path: Path, owner: int, mode: int, in_image: bool, made: int
) -> None:
    output = tmp_path / "results"
    output.mkdir()
    output.chmod(mode)
    os.chown(output, owner, owner)
    share_with_owner(output, in_image=in_image)
    (output / "x.run").mkdir()
    assert (output / "x.run").stat().st_mode & 0o777 == made
