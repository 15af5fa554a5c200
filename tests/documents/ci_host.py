"""A scratch repository with a pull request, and a host on which CI jobs run: stand-ins for what they need of a platform."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from tests.documents.ci_files import BASH, FOLDER, Step
from tests.documents.conftest import BENCH, REPO

SMALL = ("--suite", "smoke", "--workload", "basic_gnn_gcn", "--mode", "inference", "--repetitions", "1:1")

MEASURE = """#!/bin/bash
# One small cell in place of the suite. What is measured once serves all systems: a second time, options are checked only.
case $1 in ab | --suite) verb=${{1#--}} ;; *) exec {bench} "$@" ;; esac
arguments=() previous=
for word in "$@"; do
    if [ "$word" = --suite ]; then arguments+=({small}); elif [ "$previous" != --suite ]; then arguments+=("$word"); fi
    if [ "$previous" = --output ]; then output=$word; fi
    previous=$word
done
if [ -d {kept}/$verb ]; then
    {bench} "${{arguments[@]}}" --dry-run >/dev/null || exit 9
else
    {bench} "${{arguments[@]}}" --output {kept}/part
    case $? in 0 | 3) mv {kept}/part {kept}/$verb ;; *) exit 9 ;; esac
fi
mkdir -p "$output" && cp {kept}/$verb/*.bench.tar "$output"
"""
"""Stands for bench where jobs measure. Its status is 0: how noisy this host is does not matter here."""

JUDGE = """#!/bin/bash
# Measures nothing, and ends with the status that the test wants of a verb.
verb=$1
while [ $# -gt 0 ]; do
    case $1 in
    --output) mkdir -p "$2" && echo bundle >"$2/X.bench.tar" ;;
    -o) echo exported >"$2" ;;
    esac
    shift
done
case $verb in history) exit ${{HISTORY:-0}} ;; --suite | ab) exit ${{MEASURED:-0}} ;; esac
"""
"""Stands for bench where only the gate is looked at."""

VENV = """#!/bin/bash
# An environment that has bench's packages already, so that installing the lock finds them there and fetches nothing.
[ "$1 $2" = "-m venv" ] || exit 9
{python} -m venv --without-pip "$3"
echo {site} >"$(echo "$3"/lib/python3*/site-packages)/installed.pth"
"""
NO_VENV = """#!/bin/bash
[ "$1 $2" = "-m venv" ] || exit 9
mkdir -p "$3/bin" && ln -s /bin/true "$3/bin/python"
"""
GH = """#!/bin/bash
[ "$*" = "pr comment 7 --body-file comment.md --edit-last --create-if-none" ] && [ -s comment.md ] && [ -n "$GH_TOKEN" ]
"""
CURL = """#!/bin/bash
[ "$*" = "--fail --silent --show-error --header PRIVATE-TOKEN:secret --data-urlencode body@comment.md \
https://git.example/api/v4/projects/1/merge_requests/7/notes" ] && [ -s comment.md ]
"""
PACKAGE = """
[build-system]
requires = ["flit_core>=3.12"]
build-backend = "flit_core.buildapi"
[project]
name = "scratch"
version = "{version}"
description = "What a pull request changes."
"""


class Host(NamedTuple):
    """Where jobs run.

    Attributes:
        folder: Of everything: the bare repository, `work` (a clone with the merged pull request) and `temp`.
        environment: Of the jobs.
    """

    folder: Path
    environment: dict[str, str]

    @property
    def work(self) -> Path:
        """The folder in which a job starts."""
        return self.folder / "work"

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["/usr/bin/env", "git", *arguments], cwd=self.work, env=self.environment, capture_output=True, text=True, check=True
        )  # fmt: skip
        return done.stdout.strip()

    def run(self, step: Step, shell: tuple[str, ...] = BASH, **variables: str) -> "subprocess.CompletedProcess[str]":
        """Run a step's script; output and errors are one text."""
        return subprocess.run(
            [*shell, step.script], cwd=self.work / step.folder, env=self.environment | variables,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip


def make_host(folder: Path, bench: str, python: str) -> Host:
    """Make a scratch repository, whose pull request changes a package's version, and programs on PATH."""
    programs = folder / "programs"
    home = folder / "opt-bench"
    kept = folder.parent / "kept"
    kept.mkdir(exist_ok=True)
    site = Path(sys.prefix) / f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
    values = {"bench": BENCH, "small": " ".join(SMALL), "kept": kept, "python": sys.executable, "site": site}
    scripts = {
        programs / "bench": bench.format(**values),
        home / ".venv/bin/python": python.format(**values),
        programs / "gh": GH,
        programs / "curl": CURL,
    }
    for path, text in scripts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)
    (home / "images").symlink_to(REPO / "images")
    for name in ("temp", "home"):
        (folder / name).mkdir()
    host = Host(folder, _make_environment(folder, programs, home))
    _make_repository(host)
    return host


def _make_environment(folder: Path, programs: Path, home: Path) -> dict[str, str]:
    origin = folder / "origin.git"
    return {
        "PATH": f"{programs}:{os.environ['PATH']}", "HOME": str(folder / "home"), "LANG": "C.UTF-8",
        "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": f"url.{origin}.insteadOf",
        "GIT_CONFIG_VALUE_0": "https://bench:secret@git.example/group/project.git",
        "GIT_AUTHOR_NAME": "author", "GIT_AUTHOR_EMAIL": "author@localhost",
        "GIT_COMMITTER_NAME": "author", "GIT_COMMITTER_EMAIL": "author@localhost",
        "BENCH_HOME": str(home), "PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "RUNNER_TEMP": str(folder / "temp"), "GITHUB_STEP_SUMMARY": str(folder / "summary.md"), "GITHUB_RUN_ID": "5",
        "BENCH_TOKEN": "secret", "CI_SERVER_HOST": "git.example", "CI_PROJECT_PATH": "group/project",
        "CI_API_V4_URL": "https://git.example/api/v4", "CI_PROJECT_ID": "1", "CI_MERGE_REQUEST_IID": "7",
        "CI_PIPELINE_ID": "5", "BUILD_TAG": "bench-5", "CHANGE_TARGET": "main",
    }  # fmt: skip


def _make_repository(host: Host) -> None:
    """Make a history branch as README says, and a pull request of which `work` has the merge."""
    host.work.mkdir()
    for arguments in (
        ("init", "--quiet", "--bare", "--initial-branch", "main", str(host.folder / "origin.git")),
        ("init", "--quiet", "--initial-branch", "main"),
        ("remote", "add", "origin", str(host.folder / "origin.git")),
    ):
        host.git(*arguments)
    _commit(host, "1")
    host.git("push", "--quiet", "origin", "main")
    for block in re.findall(
        r"^```sh\n(.*?)^```$", (FOLDER / "README.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    ):
        host.run(Step(script=block)).check_returncode()
    host.git("switch", "--quiet", "--create", "change", "main")
    _commit(host, "2")
    host.git("switch", "--quiet", "--detach", "main")
    host.git("merge", "--quiet", "--no-ff", "--message", "merge", "change")
    host.environment["CI_MERGE_REQUEST_DIFF_BASE_SHA"] = host.git("rev-parse", "main")


def _commit(host: Host, version: str) -> None:
    (host.work / "pyproject.toml").write_text(PACKAGE.format(version=version), encoding="utf-8")
    (host.work / "scratch.py").write_text('"""A package."""\n', encoding="utf-8")
    host.git("add", ".")
    host.git("commit", "--quiet", "--message", f"version {version}")


def copy_matching(pattern: str, base: Path, target: Path) -> None:
    """Copy what a pattern of an artefact matches: at least one file or folder."""
    matches = sorted(Path("/").glob(pattern.lstrip("/"))) if pattern.startswith("/") else sorted(base.glob(pattern))
    assert matches, pattern
    for path in matches:
        if path.is_dir():
            shutil.copytree(path, target, dirs_exist_ok=True)
        else:
            shutil.copy(path, target)
