"""Sign with a key in an ssh-agent, which never gives the key away.

A small strict client of the agent protocol, draft-ietf-sshm-ssh-agent sections 3 and 4. An agent signs
raw Ed25519 over the bytes it is sent. What bench sends begins with `DSSEv1 ` or `SSHSIG`; a request to log in to a
server begins with the 32-bit length of a session id. So no signature of one kind is valid for another.
"""

import socket
import struct
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from bench.bundle.keys import ED25519, check_point, fingerprint, public_blob, ssh_string
from bench.errors import EnvironmentUnfitError, UsageError

_REQUEST_IDENTITIES = 11
_IDENTITIES_ANSWER = 12
_SIGN_REQUEST = 13
_SIGN_RESPONSE = 14
_FAILURE = 5

_MAX_REPLY_BYTES = 256 * 1024
"""OpenSSH's own bound (AGENT_MAX_LEN in ssh-agent.c)."""

_TIMEOUT_S = 120.0
"""An agent may ask its user to confirm."""

_NUMBER = struct.Struct(">I")


@dataclass(frozen=True, kw_only=True)
class Agent:
    """An agent, by its socket.

    Attributes:
        path: The socket, as `SSH_AUTH_SOCK` names it.
    """

    path: Path

    def list_keys(self) -> dict[str, bytes]:
        """Return its Ed25519 keys: fingerprint → public key in OpenSSH's binary form.

        Raises:
            EnvironmentUnfitError: the agent does not answer, or breaks the protocol.
        """
        reply = self._ask(bytes([_REQUEST_IDENTITIES]), _IDENTITIES_ANSWER, "lists no keys")
        blobs = [(reply.take_string(), reply.take_string())[0] for _ in range(reply.take_number())]
        reply.finish()
        prefix = ssh_string(ED25519)
        keys = [blob for blob in blobs if blob.startswith(prefix) and len(blob) == len(prefix) + 36]
        return {fingerprint(Ed25519PublicKey.from_public_bytes(blob[-32:])): blob for blob in keys}

    def find_key(self, public: Ed25519PublicKey | None) -> "AgentKey":
        """Return the key asked for, or the only one.

        Raises:
            UsageError: the agent does not hold it, or holds several and none was asked for.
            EnvironmentUnfitError: the agent does not answer, or breaks the protocol.
            BundleError: anyone can sign for the key.
        """
        held = self.list_keys()
        names = ", ".join(sorted(held)) or "no Ed25519 key"
        if public is None:
            if len(held) != 1:
                raise UsageError(f"the agent holds {names}; name the .pub file of the key that shall sign")
            public = Ed25519PublicKey.from_public_bytes(next(iter(held.values()))[-32:])
        if fingerprint(public) not in held:
            raise UsageError(f"the agent does not hold {fingerprint(public)} but {names}; add it with ssh-add")
        check_point(public.public_bytes_raw(), source=f"the agent's key {fingerprint(public)}")
        return AgentKey(agent=self, public=public)

    def sign(self, public: Ed25519PublicKey, data: bytes) -> bytes:
        """Return its signature, verified, so that a bundle never holds an invalid one.

        Raises:
            EnvironmentUnfitError: the agent refuses, does not answer, or breaks the protocol.
        """
        name = fingerprint(public)
        request = bytes([_SIGN_REQUEST]) + ssh_string(public_blob(public)) + ssh_string(data) + _NUMBER.pack(0)
        reply = self._ask(request, _SIGN_RESPONSE, f"refuses to sign with {name}")
        signed = _Reader(reply.take_string(), self.path)
        kind, value = signed.take_string(), signed.take_string()
        signed.finish()
        reply.finish()
        if kind != ED25519 or not _is_valid(public, value, data):
            raise EnvironmentUnfitError(f"{self.path}: the agent's signature is not by {name}")
        return value

    def _ask(self, request: bytes, wanted: int, refusal: str) -> "_Reader":
        """Send a request, and return the reply if it is of the kind wanted."""
        reply = _Reader(self._exchange(request), self.path)
        kind = reply.take(1)[0]
        if kind == _FAILURE:
            raise EnvironmentUnfitError(
                f"{self.path}: the agent {refusal}; is it locked, or was the request not confirmed?"
            )
        if kind != wanted:
            raise reply.unexpected_reply()
        return reply

    def _exchange(self, request: bytes) -> bytes:
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(_TIMEOUT_S)
                connection.connect(str(self.path))
                connection.sendall(ssh_string(request))
                with connection.makefile("rb") as stream:
                    header = stream.read(_NUMBER.size)
                    size = _NUMBER.unpack(header)[0] if len(header) == _NUMBER.size else 0
                    return stream.read(size) if size <= _MAX_REPLY_BYTES else b""
        except OSError as error:
            raise EnvironmentUnfitError(
                f"{self.path}: no ssh-agent answers: {error.strerror or error}; start one and set SSH_AUTH_SOCK"
            ) from error


@dataclass(frozen=True, kw_only=True)
class AgentKey:
    """A key in an agent; it signs like a private key that was read from a file."""

    agent: Agent
    public: Ed25519PublicKey

    def public_key(self) -> Ed25519PublicKey:
        """Return the public key."""
        return self.public

    def sign(self, data: bytes) -> bytes:
        """See `Agent.sign`."""
        return self.agent.sign(self.public, data)


class _Reader:
    """Reads the fields of a reply, one after another."""

    def __init__(self, data: bytes, path: Path) -> None:
        self._data = data
        self._path = path

    def take(self, size: int) -> bytes:
        if size > len(self._data):
            raise self.unexpected_reply()
        taken, self._data = self._data[:size], self._data[size:]
        return taken

    def take_number(self) -> int:
        (number,) = _NUMBER.unpack(self.take(_NUMBER.size))
        return int(number)

    def take_string(self) -> bytes:
        return self.take(self.take_number())

    def finish(self) -> None:
        if self._data:
            raise self.unexpected_reply()

    def unexpected_reply(self) -> EnvironmentUnfitError:
        return EnvironmentUnfitError(f"{self._path}: unexpected reply from ssh-agent")


def _is_valid(public: Ed25519PublicKey, value: bytes, data: bytes) -> bool:
    try:
        public.verify(value, data)
    except InvalidSignature:
        return False
    return True
