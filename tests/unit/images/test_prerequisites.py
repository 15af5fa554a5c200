"""What images/check-prerequisites.sh and find-python.sh say on hosts that lack something."""

import shutil
import subprocess
from pathlib import Path

import pytest

from bench.bundle.source import PROJECT

TOOLS = ("bash", "find", "id")
"""What the scripts need of any host."""

INSTALL = "apt-get update && apt-get install --yes"


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """The commands of a host: nothing but a shell."""
    for name in TOOLS:
        path = shutil.which(name)
        assert path is not None
        (tmp_path / name).symlink_to(path)
    return tmp_path


def install(host: Path, name: str, output: str = "") -> None:
    """A command that prints a line and does nothing else."""
    path = host / name
    path.write_text(f"#!/bin/sh\necho '{output}'\n", encoding="utf-8")
    path.chmod(0o755)


def run(host: Path, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [host / "bash", PROJECT / "images" / script, *arguments],
        cwd=host,
        env={"PATH": str(host), "OS_RELEASE": str(host / "os-release")},
        capture_output=True,
        text=True,
        check=False,
    )


def last_line(host: Path, python: str, purpose: str) -> str:
    done = run(host, "check-prerequisites.sh", python, purpose)
    assert (done.returncode, done.stdout) == (1, "")
    said, command = done.stderr.splitlines()
    assert said.startswith("missing: ")
    return command.replace("sudo ", "")


def test_all_that_is_missing_is_in_one_command(host: Path) -> None:
    install(host, "apt-get")
    install(host, "python3.13", "3.13 False False")
    assert last_line(host, "python3.13", "run") == f"{INSTALL} python3.13-venv python3.13-dev g++"


def test_a_host_without_python_gets_that_of_its_system(host: Path) -> None:
    install(host, "apt-get")
    assert run(host, "find-python.sh").stdout == "python3\n"
    assert last_line(host, "python3", "run") == f"{INSTALL} python3 python3-dev python3-venv g++"


def test_fedora_gets_a_command_of_dnf(host: Path) -> None:
    install(host, "dnf")
    install(host, "python3.14", "3.14 venv False")
    assert last_line(host, "python3.14", "run") == "dnf install --assumeyes python3.14-devel gcc-c++"


def test_another_system_gets_the_names_of_both(host: Path) -> None:
    install(host, "python3.12", "3.12 venv headers")
    assert last_line(host, "python3.12", "run") == "install them (Debian, Ubuntu: g++; Fedora, RHEL: gcc-c++)"


@pytest.mark.parametrize(
    ("python", "version", "packages"),
    [
        ("python3", "3.10", "python3.11 python3.11-dev python3.11-venv"),
        ("python3.10", "3.10", "python3 python3-dev python3-venv"),
        ("python3.15", "3.15", "python3 python3-dev python3-venv"),
    ],
)
def test_a_python_without_a_lock_is_refused(host: Path, python: str, version: str, packages: str) -> None:
    install(host, "apt-get")
    install(host, "g++")
    install(host, python, f"{version} venv headers")
    assert last_line(host, python, "run") == f"{INSTALL} {packages}"
    said = run(host, "check-prerequisites.sh", python, "run").stderr
    assert said.startswith(f"missing: Python 3.11 to 3.14 as {python}, which is {version}\n")


def test_a_python_that_was_chosen_and_is_not_there_is_named(host: Path) -> None:
    install(host, "apt-get")
    install(host, "g++")
    expected = f"{INSTALL} python3.12 python3.12-dev python3.12-venv"
    assert last_line(host, "python3.12", "run") == expected
    assert last_line(host, "/opt/python/bin/python3.12", "run") == expected


def test_an_image_needs_its_tools_and_no_headers(host: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BASE", raising=False)
    install(host, "apt-get")
    install(host, "python3.11", "3.11 venv False")
    assert last_line(host, "python3.11", "image") == f"{INSTALL} buildah docker.io mmdebstrap"
    assert last_line(host, "python3.11", "images") == f"{INSTALL} buildah skopeo mmdebstrap"


def test_tests_need_a_browser_that_looks_at_reports(host: Path) -> None:
    install(host, "apt-get")
    install(host, "python3.11", "3.11 venv headers")
    install(host, "g++")
    assert " chromium chromium-driver openssh-client" in last_line(host, "python3.11", "test")


def test_on_ubuntu_no_browser_is_asked_for_as_its_package_installs_none(host: Path) -> None:
    install(host, "apt-get")
    install(host, "python3.12", "3.12 venv headers")
    (host / "os-release").write_text('NAME="Ubuntu"\nID=ubuntu\nID_LIKE=debian\n', encoding="utf-8")
    command = last_line(host, "python3.12", "test")
    assert "openssh-client" in command
    assert "chrom" not in command


def test_the_engine_is_asked_for_once_its_tools_are_here(host: Path) -> None:
    install(host, "apt-get")
    install(host, "python3.11", "3.11 venv False")
    for name in ("buildah", "mmdebstrap"):
        install(host, name)
    assert last_line(host, "python3.11", "engine") == f"{INSTALL} docker.io"
    (host / "docker").write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    (host / "docker").chmod(0o755)
    refused = run(host, "check-prerequisites.sh", "python3.11", "engine")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == "no Docker engine answers; start one (systemctl start docker), or set DOCKER_HOST\n"
    assert run(host, "check-prerequisites.sh", "python3.11", "image").returncode == 0
    install(host, "docker")
    assert run(host, "check-prerequisites.sh", "python3.11", "engine").returncode == 0


def test_a_host_that_has_all_is_told_nothing(host: Path) -> None:
    install(host, "python3.11", "3.11 venv headers")
    install(host, "g++")
    done = run(host, "check-prerequisites.sh", "python3.11", "run")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_first_python_that_runs_is_taken(host: Path) -> None:
    for name in ("python3.12", "python3.13"):
        install(host, name)
    (host / "python3.12").write_text("#!/bin/sh\nexit 127\n", encoding="utf-8")  # such as pyenv's, of none installed
    assert run(host, "find-python.sh").stdout == "python3.13\n"
    install(host, "python3.11")
    assert run(host, "find-python.sh").stdout == "python3.11\n"


def test_the_python_of_the_environment_stays(host: Path) -> None:
    (host / ".venv/bin").mkdir(parents=True)
    install(host / ".venv/bin", "python", "python3.13")
    for name in ("python3.11", "python3.13"):
        install(host, name)
    assert run(host, "find-python.sh").stdout == "python3.13\n"
