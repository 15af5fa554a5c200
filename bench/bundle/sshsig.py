"""Signatures of a statement in OpenSSH's format for files, for readers who have only `ssh-keygen`.

Source: OpenSSH, PROTOCOL.sshsig. One key signs in two formats. A signature of one is never valid for the
other, nor for a login: SSHSIG signs bytes that begin with `SSHSIG`, DSSE with `DSSEv1 `, a login with the 32-bit
length of a session id. The namespace separates statements from files and commits signed by the same key.
"""

import base64
import binascii
import hashlib
import textwrap

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from bench.bundle.keys import ED25519, fingerprint, public_blob, ssh_string
from bench.errors import BundleError

NAMESPACE = "cpu-benchmark@bench-appliance.org"

_MAGIC = b"SSHSIG"
_VERSION = (1).to_bytes(4)
_HASH = "sha512"
_BEGIN = "-----BEGIN SSH SIGNATURE-----"
_END = "-----END SSH SIGNATURE-----"
_LINE_LENGTH = 70
_VALUE_BYTES = 64


def ssh_signed_bytes(message: bytes) -> bytes:
    """Return the bytes that the key signs for a message."""
    return _MAGIC + _context() + ssh_string(hashlib.sha512(message).digest())


def verify_ssh_value(message: bytes, key: Ed25519PublicKey, value: bytes) -> None:
    """Refuse a value that is not the key's SSH signature of the message.

    Raises:
        BundleError: the signature is invalid.
    """
    try:
        key.verify(value, ssh_signed_bytes(message))
    except InvalidSignature as error:
        raise BundleError(f"the SSH signature of {fingerprint(key)} is not valid for this statement") from error


def format_sshsig(key: Ed25519PublicKey, value: bytes) -> bytes:
    """Return the file that `ssh-keygen -Y sign` would write."""
    signature = ssh_string(ED25519) + ssh_string(value)
    blob = _MAGIC + _VERSION + ssh_string(public_blob(key)) + _context() + ssh_string(signature)
    lines = textwrap.wrap(base64.b64encode(blob).decode(), _LINE_LENGTH)
    return "\n".join((_BEGIN, *lines, _END, "")).encode()


def parse_ssh_value(data: bytes, *, source: str) -> bytes:
    """Return the last 64 bytes of such a file. The caller compares it with `format_sshsig`, which checks the rest.

    Raises:
        BundleError: there is no base64 between two lines, or too little.
    """
    try:
        blob = base64.b64decode(b"".join(data.split(b"\n")[1:-2]), validate=True)
    except binascii.Error as error:
        raise BundleError(f"{source}: not an SSH signature: {error}") from error
    if len(blob) < _VALUE_BYTES:
        raise BundleError(f"{source}: not an SSH signature: {len(blob)} bytes")
    return blob[-_VALUE_BYTES:]


def _context() -> bytes:
    """Return namespace, a reserved field, and the name of the hash."""
    return ssh_string(NAMESPACE.encode()) + ssh_string(b"") + ssh_string(_HASH.encode())
