"""Ed25519 keys: generate, store and read them; their names are OpenSSH fingerprints.

`ssh-keygen -lf` prints the fingerprint (`SHA256:...`); cosign skips signatures whose key id is anything else.
"""

import base64
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Protocol

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
    load_ssh_private_key,
    load_ssh_public_key,
)
from msgspec import Meta

from bench.bundle.files import read_file, require_writable, write_new_file
from bench.errors import BundleError, OutputError, UsageError

Fingerprint = Annotated[str, Meta(pattern=r"^SHA256:[A-Za-z0-9+/]{43}\Z")]

ED25519 = b"ssh-ed25519"
"""OpenSSH's name of this kind of key and signature (RFC 8709)."""

MAX_KEY_BYTES = 16_384
"""Far more than any key file; bounds what is parsed."""

_PRIME = (1 << 255) - 19
_Y_BITS = (1 << 255) - 1

_ORDER_8 = int.from_bytes(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little")
_SMALL_ORDER = frozenset({0, 1, _PRIME - 1, _ORDER_8, _PRIME - _ORDER_8})
"""The y of all points whose order divides 8."""

_OPENSSH_PRIVATE = b"-----BEGIN OPENSSH PRIVATE KEY-----"
_PEM = b"-----BEGIN "
_PUBLIC_PEM = b"-----BEGIN PUBLIC KEY-----"


class PrivateKey(Protocol):
    """An Ed25519 private key: read from a file, or held by an agent."""

    def public_key(self) -> Ed25519PublicKey:
        """Return the public key."""
        ...

    def sign(self, data: bytes) -> bytes:
        """Return the 64 bytes of the signature of these data."""
        ...


def fingerprint(key: Ed25519PublicKey) -> Fingerprint:
    """Return the OpenSSH fingerprint: `SHA256:` and 43 characters of base64."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(public_blob(key)).digest()).decode().rstrip("=")


def public_blob(key: Ed25519PublicKey) -> bytes:
    """Return the key in OpenSSH's binary form: its type and its 32 bytes, each with its length before it."""
    return ssh_string(ED25519) + ssh_string(key.public_bytes_raw())


def ssh_string(data: bytes) -> bytes:
    """Return a string of RFC 4251, section 5: a 32-bit length, then that many bytes."""
    return len(data).to_bytes(4) + data


def file_stem(of: Fingerprint) -> str:
    """Return a fingerprint's 32 bytes as 64 hexadecimal digits: base64 may hold a slash."""
    return base64.b64decode(of.removeprefix("SHA256:") + "=").hex()


def format_public_line(key: Ed25519PublicKey) -> str:
    """Return the key as a line of OpenSSH, without the newline."""
    return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def format_public_pem(key: Ed25519PublicKey) -> bytes:
    """Return the key as PEM, for openssl and cosign."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def parse_public_key(data: bytes, *, source: str) -> Ed25519PublicKey:
    """Return a public key, given as PEM or an OpenSSH line.

    Raises:
        BundleError: it is neither, too long, or not Ed25519.
    """
    if len(data) > MAX_KEY_BYTES:
        raise BundleError(f"{source}: a public key of {len(data)} bytes; at most {MAX_KEY_BYTES} are read")
    load = load_pem_public_key if data.startswith(_PEM) else load_ssh_public_key
    try:
        key = load(data)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BundleError(f"{source}: neither a PEM nor an OpenSSH public key: {error}") from error
    if not isinstance(key, Ed25519PublicKey):
        raise BundleError(f"{source}: a key of another type; only Ed25519 is used")
    check_point(key.public_bytes_raw(), source=source)
    return key


def check_point(key: bytes, *, source: str) -> None:
    """Refuse a public key for which signatures can be made without a private key, or that has a second encoding.

    Points of small order lie outside the group that private keys multiply in: with the neutral element as key, every
    signature of nothing but a random point is valid. Method: RFC 8032, section 5.1.3, for the encoding; the list of points
    is that of libsodium (`ge25519_has_small_order`), by their y.

    Args:
        key: 32 bytes.
        source: What to call it in an error.

    Raises:
        BundleError: it is such a key.
    """
    encoded = int.from_bytes(key, "little")
    y, sign = encoded & _Y_BITS, encoded >> 255
    if y >= _PRIME or (sign and y in {1, _PRIME - 1}):
        raise BundleError(f"{source}: an Ed25519 key in another than its one encoding; make a key with bench keygen")
    if y in _SMALL_ORDER:
        raise BundleError(
            f"{source}: an Ed25519 key of small order, for which anyone can sign; make a key with bench keygen"
        )


def read_public_key(path: Path) -> Ed25519PublicKey:
    """Return the public key in a file.

    Raises:
        UsageError: no such file.
        BundleError: it holds no Ed25519 public key.
    """
    return parse_public_key(read_file(path, limit=MAX_KEY_BYTES), source=str(path))


def is_public_key(path: Path) -> bool:
    """Return whether a file holds a public key, by its first bytes.

    Raises:
        UsageError: no such file.
    """
    return read_file(path, limit=MAX_KEY_BYTES).startswith((ED25519 + b" ", _PUBLIC_PEM))


def require_new_key(path: Path) -> tuple[Path, Path]:
    """Return where the two forms of the public key of a new key are written.

    Raises:
        OutputError: one of the three files exists, or cannot be made in that folder.
    """
    if path.is_dir():
        raise OutputError(f"{path}: a folder; give the key a name in it")
    public = path.with_name(f"{path.name}.pub"), path.with_name(f"{path.name}.pub.pem")
    for file in (path, *public):
        if os.path.lexists(file):
            raise OutputError(f"{file}: exists already; keys are never overwritten, choose another name")
        require_writable(file, replace=False)
    return public


def generate_key(path: Path, passphrase: bytes | None) -> Ed25519PublicKey:
    """Generate a key: `path` (PKCS#8, mode 0600), `path`.pub (OpenSSH) and `path`.pub.pem (PEM).

    Args:
        path: A new name; nothing is ever overwritten.
        passphrase: Encrypts the private key; None leaves it unencrypted.

    Raises:
        UsageError: the passphrase is empty.
        OutputError: one of the files exists, or cannot be written.
    """
    if passphrase is not None and not passphrase:
        raise UsageError("the passphrase is empty; give one, or use --no-passphrase")
    public_line, public_pem = require_new_key(path)
    key = Ed25519PrivateKey.generate()
    encryption = NoEncryption() if passphrase is None else BestAvailableEncryption(passphrase)
    write_new_file(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption), mode=0o600)
    write_new_file(public_line, f"{format_public_line(key.public_key())}\n".encode(), mode=0o644)
    write_new_file(public_pem, format_public_pem(key.public_key()), mode=0o644)
    return key.public_key()


def load_private_key(path: Path, passphrase_source: Callable[[], bytes] | None) -> Ed25519PrivateKey:
    """Return the private key in a file, PKCS#8 PEM or OpenSSH.

    Args:
        path: The file.
        passphrase_source: Called once, and only if the key is encrypted; None where nobody can be asked.

    Raises:
        UsageError: no such file, or a passphrase is needed and cannot be asked for.
        BundleError: no Ed25519 private key, the wrong passphrase, or an OpenSSH key whose encryption
            only OpenSSH can decrypt.
    """
    data = read_file(path, limit=MAX_KEY_BYTES)
    try:
        key = _decrypt(data, None)
    except TypeError as error:
        if passphrase_source is None:
            raise UsageError(f"{path}: the key is encrypted; name a file with its passphrase") from error
        key = _decrypt_asking(data, passphrase_source, path)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BundleError(f"{path}: not a private key in PKCS#8 PEM or OpenSSH form: {error}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise BundleError(f"{path}: a key of another type; only Ed25519 is used, `bench keygen` makes one")
    return key


def _decrypt_asking(data: bytes, passphrase_source: Callable[[], bytes], path: Path) -> object:
    try:
        return _decrypt(data, passphrase_source())
    except UnsupportedAlgorithm as error:
        raise BundleError(
            f"{path}: only OpenSSH can decrypt this key; add it to your agent with "
            f"ssh-add {path}, and sign with --key {path}.pub"
        ) from error
    except (ValueError, TypeError) as error:
        raise BundleError(f"{path}: wrong passphrase") from error


def _decrypt(data: bytes, passphrase: bytes | None) -> object:
    """Return the private key. TypeError: a passphrase is needed; ValueError: it is wrong, or the data are."""
    load = load_ssh_private_key if data.startswith(_OPENSSH_PRIVATE) else load_pem_private_key
    return load(data, passphrase)
