"""Sources are located by their bytes: nothing of them runs, and nothing waits for them."""

import os
import subprocess
from pathlib import Path

import pytest

from bench.errors import UsageError
from bench.records.source import SEALED_BYTES
from bench.workloads.sources.locate import (
    clean_name,
    digest_file,
    digest_folder,
    locate_code,
    locate_folder,
    workload_name,
)
from bench.workloads.sources.registry import SourceWord, parse_word


def word(text: str) -> SourceWord:
    found = parse_word(text)
    assert found is not None
    return found


def run_shell(command: str) -> str:
    """Return the first word that a command prints."""
    return subprocess.check_output(["/bin/sh", "-c", command], text=True).split()[0]


def test_a_file_of_code_is_sealed_and_not_run(tmp_path: Path) -> None:
    path = tmp_path / "models.py"
    path.write_text("raise SystemExit(9)\n")
    located = locate_code(word(f"{path}:mlp"))
    assert located.source.digest == f"sha256:{run_shell(f'sha256sum {path}')}"
    assert (located.source.name, located.source.size_bytes, located.source.sealed) == ("models.py", 20, True)
    assert (located.content, located.select) == (b"raise SystemExit(9)\n", "mlp")


def test_a_large_file_of_code_is_named_by_its_digest_alone(tmp_path: Path) -> None:
    path = tmp_path / "models.py"
    path.write_bytes(b"#" * (SEALED_BYTES + 1))
    located = locate_code(word(str(path)))
    assert (located.source.sealed, located.content) == (False, None)


def test_a_folders_digest_is_that_of_its_listing(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    (folder / "sub").mkdir(parents=True)
    for name in ("config.json", "sub/weights", "B", ".cache"):
        (folder / name).write_text(name)
    (folder / "linked").symlink_to(folder / "B")  # as in a cache of the Hub
    (folder / "above").symlink_to(tmp_path)
    command = "find . -xtype f -not -path '*/.*' -printf '%P\\0' | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum"
    listed = run_shell(f"cd {folder} && {command}")
    assert digest_folder(folder) == (f"sha256:{listed}", len("config.jsonsub/weightsBB"))
    assert locate_folder(word(f"hf:{folder}")).source.name == "model"


def test_a_file_whose_name_could_forge_a_line_of_the_listing_is_refused(tmp_path: Path) -> None:
    (tmp_path / f"a\n{'0' * 64}  b").touch()
    with pytest.raises(UsageError, match="has a backslash or a line end; rename it"):
        digest_folder(tmp_path)


def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.py")
    for path, problem in ((tmp_path / "pipe.py", "not a regular file"), (tmp_path / "none.py", "No such file")):
        with pytest.raises(UsageError, match=problem):
            locate_code(word(str(path)))
    with pytest.raises(UsageError, match=r"Is a directory|not a regular file"):
        digest_file(tmp_path)


@pytest.mark.parametrize("make", [Path.mkdir, Path.touch], ids=["an empty folder", "a file"])
def test_what_is_no_folder_of_files_is_refused(make: object, tmp_path: Path) -> None:
    path = tmp_path / "model"
    make(path)  # type: ignore[operator]
    with pytest.raises(UsageError, match=r"holds no files|not a folder"):
        digest_folder(path)


@pytest.mark.parametrize(
    ("text", "name"),
    [("MyModel", "file.mymodel"), ("ünï-code 7", "file.n_code_7"), ("7b", "file.x7b"), ("a" * 60, f"file.{'a' * 37}")],
)
def test_names_of_workloads_are_made_of_letters_digits_and_underscores(text: str, name: str) -> None:
    assert workload_name("file", text) == name


def test_names_of_files_hold_nothing_that_a_plan_cannot(tmp_path: Path) -> None:
    assert clean_name(tmp_path / "a\nb.py") == "a_b.py"
    assert clean_name(tmp_path / "_x.py") == "x_x.py"
