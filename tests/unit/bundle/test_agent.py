"""The real ssh-agent, and sockets that answer as no agent does."""

import socket
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.bundle.agent import Agent
from bench.bundle.envelope import sign_statement, verify_signature
from bench.bundle.keys import fingerprint, public_blob
from bench.errors import EnvironmentUnfitError, UsageError
from tests.unit.bundle.agents import add_key, run_ssh_add, running_agent, short_folder, write_openssh_key
from tests.unit.bundle.builder import make_key

KEY, OTHER = make_key(1), make_key(2)


@pytest.fixture
def folder() -> Iterator[Path]:
    with short_folder() as path:
        yield path


@pytest.fixture
def agent(folder: Path) -> Iterator[Agent]:
    with running_agent(folder) as path:
        yield Agent(path=path)


def add(agent: Agent, key: Ed25519PrivateKey) -> None:
    add_key(agent.path, write_openssh_key(agent.path.with_name("key"), key))


def test_an_agent_signs_as_the_key_itself_would(agent: Agent) -> None:
    add(agent, KEY)
    signature = sign_statement(b"{}", agent.find_key(None))
    assert signature.value == sign_statement(b"{}", KEY).value
    assert fingerprint(signature.key) == fingerprint(KEY.public_key())
    assert verify_signature(b"{}", signature) is None


def test_of_several_keys_one_must_be_named(agent: Agent) -> None:
    add(agent, KEY)
    add(agent, OTHER)
    with pytest.raises(UsageError, match=r"the agent holds SHA256:.*, SHA256:.*name the \.pub file"):
        agent.find_key(None)
    assert agent.find_key(OTHER.public_key()).sign(b"x") == OTHER.sign(b"x")


def test_keys_of_other_kinds_are_passed_over(agent: Agent) -> None:
    file = agent.path.with_name("ecdsa")
    subprocess.run(["ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-f", file], check=True)  # noqa: S607 - the one on the path
    add_key(agent.path, file)
    with pytest.raises(UsageError, match="the agent holds no Ed25519 key"):
        agent.find_key(None)


def test_a_key_that_the_agent_lacks_is_named(agent: Agent) -> None:
    add(agent, KEY)
    with pytest.raises(UsageError, match=r"does not hold SHA256:.* but SHA256:.*ssh-add"):
        agent.find_key(OTHER.public_key())


def test_a_key_taken_out_meanwhile_is_a_refusal(agent: Agent) -> None:
    add(agent, KEY)
    key = agent.find_key(None)
    run_ssh_add(agent.path, "-D")
    with pytest.raises(EnvironmentUnfitError, match="the agent refuses to sign with SHA256:"):
        key.sign(b"x")


def test_no_agent_is_one_line(folder: Path) -> None:
    with pytest.raises(EnvironmentUnfitError, match="no ssh-agent answers: No such file or directory; start one"):
        Agent(path=folder / "socket").list_keys()


def answering(folder: Path, answer: bytes) -> tuple[Agent, Callable[[], None]]:
    """An agent that answers once, with these bytes."""
    path = folder / "socket"
    path.unlink(missing_ok=True)
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen(1)

    def serve() -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()

    def end() -> None:
        thread.join()
        server.close()

    return Agent(path=path), end


def string(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def signed(value: bytes, kind: bytes = b"ssh-ed25519") -> bytes:
    return string(b"\x0e" + string(string(kind) + string(value)))


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param(b"", "unexpected reply from ssh-agent", id="nothing"),
        pytest.param(b"\0\0", "unexpected reply from ssh-agent", id="half a length"),
        pytest.param(struct.pack(">I", 1 << 31), "unexpected reply from ssh-agent", id="a length of 2 GiB"),
        pytest.param(string(b"\x0e\0\0"), "unexpected reply from ssh-agent", id="half an answer"),
        pytest.param(string(b"\x0c\0\0\0\0"), "unexpected reply from ssh-agent", id="an answer to another question"),
        pytest.param(string(b"\x05"), "refuses to sign", id="a refusal"),
        pytest.param(signed(OTHER.sign(b"x")), "signature is not by SHA256:", id="a signature of another key"),
        pytest.param(signed(KEY.sign(b"y")), "signature is not by SHA256:", id="a signature of other bytes"),
        pytest.param(signed(KEY.sign(b"x"), b"ssh-rsa"), "signature is not by SHA256:", id="a signature of another kind"),
        pytest.param(signed(b""), "signature is not by SHA256:", id="an empty signature"),
        pytest.param(string(signed(KEY.sign(b"x"))[4:] + b"x"), "unexpected reply from ssh-agent", id="a byte too many"),
        pytest.param(string(b"\x0e" + string(string(b"ssh-ed25519") + string(KEY.sign(b"x")) + b"x")), "unexpected reply from ssh-agent", id="a byte too many inside"),
    ],
)  # fmt: skip
def test_refuses_what_no_agent_answers(answer: bytes, words: str, folder: Path) -> None:
    agent, end = answering(folder, answer)
    with pytest.raises(EnvironmentUnfitError, match=words):
        agent.sign(KEY.public_key(), b"x")
    end()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=64), st.integers(0, 3))
def test_whatever_answers_there_is_a_list_of_keys_or_one_line(folder: Path, rest: bytes, count: int) -> None:
    blob = string(public_blob(KEY.public_key())) + string(b"")
    agent, end = answering(folder, string(b"\x0c" + struct.pack(">I", count) + blob * min(count, 2) + rest))
    try:
        assert set(agent.list_keys()) <= {fingerprint(KEY.public_key())}
    except EnvironmentUnfitError as error:
        assert "unexpected reply from ssh-agent" in str(error)  # noqa: PT017 - both ends are right
    end()
