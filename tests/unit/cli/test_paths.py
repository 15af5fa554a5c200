"""Paths that name no bundle, and names that are no UTF-8: what the environment does is never a fault of bench."""

import os
from pathlib import Path

import pytest

from bench.bundle.write import write_bundle
from bench.report.printable import printable
from tests.unit.bundle.builder import CONTENTS, EPHEMERAL
from tests.unit.cli.conftest import Invoke, Outcome

READERS = (
    "verify ?",
    "verify ? --json",
    "verify x.bench.tar --trust ?",
    "verify x.bench.tar --key ?",
    "verify x.bench.tar --cited ?",
    "show ?",
    "compare ? x.bench.tar",
    "compare x.bench.tar ?",
    "qualify ? --policy server-acceptance",
    "qualify x.bench.tar --policy ?",
    "redact ?",
    "reproduce ?",
    "sign ? --key key.pem",
    "sign x.bench.tar --key ?",
    "run --resume ?",
    "run --suite ?/ --dry-run",
    "run --profile ?/ --dry-run",
    "profiles check ?",
    "detect --root ?",
    "trust list --trust ?",
    "trust add ? --owner x --role operator",
)
WRITERS = (
    "redact x.bench.tar --output ?",
    "qualify x.bench.tar --policy server-acceptance --junit ?",
    "qualify x.bench.tar --policy server-acceptance --output ?",
    "keygen ? --no-passphrase",
    "detect --record ?",
)
NOT_UTF_8 = os.fsdecode(b"\xff\xfe.bench.tar")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_bundle(tmp_path / "x.bench.tar", CONTENTS, EPHEMERAL)
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty").touch()
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "dangling").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe")
    return tmp_path


def check_error(outcome: Outcome) -> None:
    assert outcome.status in {2, 6, 7}, outcome
    assert "bug in bench" not in outcome.err
    last = outcome.err.removesuffix("\n").rpartition("\n")[2]
    assert last.startswith("bench: ")
    assert printable(last) == last


@pytest.mark.parametrize(
    "path",
    [".", "..", "/", "folder", "empty", "/dev/null", "/dev/zero", "pipe", "loop", "dangling", "a" * 300, "no\nfile"],
)
@pytest.mark.parametrize("command", READERS)
def test_what_is_no_bundle_is_one_line(command: str, path: str, invoke: Invoke) -> None:
    if path in {".", "..", "/"} and command.startswith(("verify ?", "qualify ?", "detect")):
        return  # folders are what is asked for
    check_error(invoke(*(word.replace("?", path) for word in command.split(" "))))


@pytest.mark.parametrize("path", [".", "..", "/", "folder", "/dev/null", "pipe", "loop", "no/folder/x", "a" * 300])
@pytest.mark.parametrize("command", WRITERS)
def test_what_cannot_be_written_is_found_before_anything_is_done(
    command: str, path: str, invoke: Invoke, folder: Path
) -> None:
    if command.endswith("--output ?") and command.startswith("qualify") and path in {".", "..", "/", "folder"}:
        return  # folders are what is asked for
    if command.endswith("--output ?") and command.startswith("qualify") and path == "no/folder/x":
        return  # is made
    before = sorted(entry.name for entry in folder.iterdir())
    check_error(invoke(*(word.replace("?", path) for word in command.split(" "))))
    assert sorted(entry.name for entry in folder.iterdir()) == before


def test_a_name_that_is_no_utf_8_is_a_name(invoke: Invoke, folder: Path) -> None:
    path = folder / NOT_UTF_8
    os.rename(folder / "x.bench.tar", path)  # noqa: PTH104 - the name's bytes are what is tested
    name = "\\udcff\\udcfe.bench.tar"
    shown = invoke("show", NOT_UTF_8)
    assert (shown.status, shown.err) == (0, "")
    assert shown.out.endswith(f"bundle: {name}\n")
    for arguments in (
        ["verify", NOT_UTF_8],
        ["verify", NOT_UTF_8, NOT_UTF_8, "--json"],
        ["verify", ".", "--json"],
        ["verify", NOT_UTF_8, "--explain"],
        ["show", NOT_UTF_8, "--json"],
        ["show", NOT_UTF_8, "--format", "junit"],
        ["redact", NOT_UTF_8],
    ):
        outcome = invoke(*arguments)
        assert outcome.status == 0, outcome.err
        assert outcome.out.encode()
    assert f"bundle='{NOT_UTF_8}'" not in invoke("verify", NOT_UTF_8, "--explain").out
    assert "tar -xf $'\\377\\376.bench.tar'" in invoke("verify", NOT_UTF_8, "--explain").out


@pytest.mark.parametrize(
    "command",
    ["--suite ? --dry-run", "--profile ? --dry-run", "--workload ? --dry-run", "?", "--note ? --dry-run", "--?",
     "profiles show ?", "suites show ?", "trust revoke ? --reason superseded", "show x.bench.tar --format ?",
     "ab --env-b A=? --dry-run", "ab --python-b ? --dry-run"],
)  # fmt: skip
def test_words_that_are_no_utf_8_are_unknown_words(command: str, invoke: Invoke) -> None:
    check_error(invoke(*(word.replace("?", NOT_UTF_8) for word in command.split())))


def test_the_system_s_refusals_are_not_reported_as_bugs(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object) -> None:
        raise OSError(24, "Too many open files", "/proc/stat")

    monkeypatch.setattr("bench.hardware.detect.detect", refuse)
    assert invoke("detect") == (7, "", "bench: /proc/stat: Too many open files; raise the limit (ulimit -n 1024)\n")
