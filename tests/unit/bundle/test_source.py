import hashlib
import subprocess
from pathlib import Path

import pytest

from bench.bundle.source import digest_lock, digest_source, read_revision
from bench.errors import EnvironmentUnfitError

REVISION = "82dd05ed5d9bbf2989103d741cecdb531d798a71"
OTHER = "0" * 40
BAKED = {"BENCH_REVISION": OTHER}


def put(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


SOURCE = {
    "bench/a.py": "a",
    "bench/measure/loop.cpp": "l",
    "bench/suites/smoke.toml": "b",
    "profiles/xeon.toml": "c",
    "bench/__pycache__/a.pyc": "d",
    "tests/test_a.py": "e",
    "profiles/README.md": "f",
}


def test_the_source_digest_is_that_of_sha256sum(tmp_path: Path) -> None:
    put(tmp_path, SOURCE)
    listed = subprocess.run(
        ["sha256sum", "bench/a.py", "bench/measure/loop.cpp", "bench/suites/smoke.toml", "profiles/xeon.toml"],  # noqa: S607 - the one on the path
        cwd=tmp_path,
        check=True,
        capture_output=True,
    ).stdout
    assert digest_source(tmp_path) == f"sha256:{hashlib.sha256(listed).hexdigest()}"


@pytest.mark.parametrize("name", ["bench/a.py", "bench/suites/smoke.toml", "profiles/xeon.toml"])
def test_the_source_digest_changes_with_every_file(name: str, tmp_path: Path) -> None:
    before = digest_source(put(tmp_path, SOURCE))
    assert digest_source(put(tmp_path, {name: "changed"})) != before


def test_the_source_digest_leaves_out_what_is_not_source(tmp_path: Path) -> None:
    before = digest_source(put(tmp_path, SOURCE))
    assert digest_source(put(tmp_path, {"bench/__pycache__/a.pyc": "x", "tests/test_a.py": "x"})) == before


def test_source_that_cannot_be_read_is_an_incomplete_installation(tmp_path: Path) -> None:
    (tmp_path / "bench").mkdir()
    (tmp_path / "bench" / "a.py").symlink_to(tmp_path / "gone")
    with pytest.raises(EnvironmentUnfitError, match="is bench installed completely"):
        digest_source(tmp_path)


def test_the_lock_digest_is_that_of_the_file(tmp_path: Path) -> None:
    assert digest_lock(tmp_path) is None
    put(tmp_path, {"images/requirements.lock": "torch==2.14.1\n"})
    assert digest_lock(tmp_path) == f"sha256:{hashlib.sha256(b'torch==2.14.1' + bytes([10])).hexdigest()}"


def test_the_lock_that_was_installed_comes_before_the_default_one(tmp_path: Path) -> None:
    put(tmp_path, {"images/requirements.lock": "torch==2.14.1\n"})
    default = digest_lock(tmp_path)
    put(tmp_path, {".venv/installed.lock": "torch==2.14.1+cpu\n"})
    assert digest_lock(tmp_path) != default


@pytest.mark.parametrize(
    ("files", "revision"),
    [
        pytest.param({".git/HEAD": f"{REVISION}\n"}, REVISION, id="a commit checked out by itself"),
        pytest.param({".git/HEAD": "ref: refs/heads/main\n", ".git/refs/heads/main": f"{REVISION}\n"}, REVISION, id="a branch"),
        pytest.param({".git/HEAD": "ref: refs/heads/main\n", ".git/packed-refs": f"# pack-refs\n{OTHER} refs/heads/old\n{REVISION} refs/heads/main\n"}, REVISION, id="a packed branch"),
        pytest.param({".git": "gitdir: repo/worktrees/x\n", "repo/worktrees/x/HEAD": "ref: refs/heads/x\n", "repo/worktrees/x/commondir": "../..\n", "repo/refs/heads/x": REVISION}, REVISION, id="a linked work tree"),
        pytest.param({".git/HEAD": "ref: refs/heads/main\n"}, None, id="a branch without a commit"),
        pytest.param({".git/HEAD": "ref: ../../etc/passwd\n"}, None, id="a reference to elsewhere"),
        pytest.param({".git/HEAD": "nonsense\n"}, None, id="a head that is none"),
        pytest.param({".git/config": ""}, None, id="no head"),
        pytest.param({".git": "nonsense\n"}, OTHER, id="a file that is not git's, in an image"),
        pytest.param({}, OTHER, id="no checkout, in an image"),
    ],
)  # fmt: skip
def test_finds_the_revision(files: dict[str, str], revision: str | None, tmp_path: Path) -> None:
    assert read_revision(put(tmp_path, files), BAKED) == revision


@pytest.mark.parametrize("variables", [{}, {"BENCH_REVISION": ""}, {"BENCH_REVISION": "main"}])
def test_without_a_checkout_or_an_image_there_is_no_revision(variables: dict[str, str], tmp_path: Path) -> None:
    assert read_revision(tmp_path, variables) is None


def test_this_checkout_has_a_digest() -> None:
    assert digest_source().startswith("sha256:")
