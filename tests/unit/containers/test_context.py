"""The engine is the one that the docker command uses."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from bench.containers.context import DEFAULT_HOST, Engine, find_engine
from bench.errors import EnvironmentUnfitError
from tests.unit.containers.scripted import write_context

MINE = "unix:///run/user/1000/docker.sock"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    write_context(tmp_path / ".docker", "mine", MINE)
    return tmp_path


def choose(home: Path, name: str) -> None:
    (home / ".docker/config.json").write_text(json.dumps({"auths": {}, "currentContext": name}))


def test_without_any_choice_it_is_the_default(tmp_path: Path) -> None:
    assert find_engine({}, tmp_path) == Engine(DEFAULT_HOST, "Docker context default")


@pytest.mark.parametrize(
    ("variables", "current", "engine"),
    [
        ({}, "mine", Engine(MINE, "Docker context mine")),
        ({"DOCKER_CONTEXT": "mine"}, "", Engine(MINE, "Docker context mine")),
        ({"DOCKER_CONTEXT": "default"}, "mine", Engine(DEFAULT_HOST, "Docker context default")),
        ({"DOCKER_HOST": "unix:///a.sock", "DOCKER_CONTEXT": "mine"}, "mine", Engine("unix:///a.sock", "DOCKER_HOST")),
        ({"DOCKER_HOST": ""}, "mine", Engine(MINE, "Docker context mine")),
    ],
    ids=[
        "the current context",
        "a context that a variable names",
        "the default, though another is current",
        "a host before any context",
        "an empty host is none",
    ],
)
def test_the_first_choice_counts(home: Path, variables: dict[str, str], current: str, engine: Engine) -> None:
    choose(home, current)
    assert find_engine(variables, home) == engine


@pytest.mark.skipif(shutil.which("docker") is None, reason="needs the docker command")
@pytest.mark.parametrize("variables", [{}, {"DOCKER_CONTEXT": "mine"}, {"DOCKER_HOST": MINE}])
def test_the_docker_command_chooses_alike(home: Path, variables: dict[str, str]) -> None:
    choose(home, "mine")
    command = shutil.which("docker")
    assert command is not None
    done = subprocess.run(
        [command, "version"], env={"HOME": str(home), **variables}, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert find_engine(variables, home).host in done.stderr


def test_a_variable_moves_the_folder_even_if_it_holds_no_configuration(home: Path, tmp_path: Path) -> None:
    moved = {"DOCKER_CONFIG": str(home / ".docker"), "DOCKER_CONTEXT": "mine"}
    assert find_engine(moved, tmp_path / "elsewhere").host == MINE


def test_certificates_of_a_context_are_found(tmp_path: Path) -> None:
    folder = write_context(tmp_path / ".docker", "remote", "tcp://127.0.0.1:2376")
    folder.mkdir(parents=True)
    assert find_engine({"DOCKER_CONTEXT": "remote"}, tmp_path) == Engine(
        "tcp://127.0.0.1:2376", "Docker context remote", certificates=folder
    )


def test_a_context_that_does_not_exist_is_refused_not_passed_over(home: Path) -> None:
    choose(home, "gone")
    with pytest.raises(
        EnvironmentUnfitError, match=r"config\.json chooses the Docker context gone, which does not exist"
    ):
        find_engine({}, home)


@pytest.mark.parametrize("text", ["{", '{"currentContext": 1}', "\udcff"])
def test_a_damaged_configuration_is_one_line(home: Path, text: str) -> None:
    (home / ".docker/config.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(EnvironmentUnfitError, match=r"config\.json: .*set DOCKER_HOST") as caught:
        find_engine({}, home)
    assert "\n" not in str(caught.value)
