import stat
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ecdsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from bench.bundle.keys import (
    check_point,
    file_stem,
    fingerprint,
    format_public_line,
    format_public_pem,
    generate_key,
    load_private_key,
    parse_public_key,
    read_public_key,
)
from bench.errors import BundleError, OutputError, UsageError
from tests.unit.bundle.builder import make_key

KEY = make_key(1)
PUBLIC = KEY.public_key()
ECDSA = generate_ecdsa(SECP256R1())

ENCRYPTED_OPENSSH = b"""\
-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABAAAAAAAA
-----END OPENSSH PRIVATE KEY-----
"""


def never() -> bytes:
    raise AssertionError("a key that is not encrypted needs no passphrase")


def test_the_fingerprint_is_that_of_openssh(tmp_path: Path) -> None:
    path = tmp_path / "key.pub"
    path.write_text(format_public_line(PUBLIC) + "\n")
    shown = subprocess.run(["ssh-keygen", "-lf", path], check=True, capture_output=True, text=True)  # noqa: S607 - the one on the path
    assert fingerprint(PUBLIC) in shown.stdout.split()


def test_the_stem_is_the_same_digest_in_hexadecimal() -> None:
    assert file_stem(fingerprint(PUBLIC)) == "7def39264223a3c54f7be5ea5c9187e4c6aed4430574ad4e74abc950589cc80f"
    assert "/" not in file_stem("SHA256:" + "/" * 43)


def test_a_public_key_is_read_in_both_forms() -> None:
    for data in (format_public_pem(PUBLIC), format_public_line(PUBLIC).encode()):
        assert parse_public_key(data, source="x") == PUBLIC


@pytest.mark.parametrize(
    ("data", "words"),
    [
        pytest.param(b"", "neither a PEM nor an OpenSSH", id="nothing"),
        pytest.param(b"ssh-ed25519 AAAA", "neither a PEM nor an OpenSSH", id="a cut off OpenSSH line"),
        pytest.param(b"ssh-other AAAA", "neither a PEM nor an OpenSSH", id="an unknown kind of OpenSSH key"),
        pytest.param(b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "neither a PEM", id="a PEM of nothing"),
        pytest.param(ECDSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), "only Ed25519", id="an ECDSA key"),
        pytest.param(b"ssh-ed25519 " + b"A" * 20_000, "a public key of 20012 bytes", id="20 kB"),
    ],
)  # fmt: skip
def test_refuses_public_keys(data: bytes, words: str) -> None:
    with pytest.raises(BundleError, match=words):
        parse_public_key(data, source="x")


PRIME = (1 << 255) - 19
CURVE = -121665 * pow(121666, -1, PRIME) % PRIME
Point = tuple[int, int]


def add(one: Point, other: Point) -> Point:
    """The sum of two points of edwards25519: RFC 8032, section 5.1.4."""
    (x1, y1), (x2, y2) = one, other
    both = CURVE * x1 * x2 * y1 * y2 % PRIME
    return (
        (x1 * y2 + x2 * y1) * pow(1 + both, -1, PRIME) % PRIME,
        (y1 * y2 + x1 * x2) * pow(1 - both, -1, PRIME) % PRIME,
    )


def lift(y: int) -> Point:
    """A point of this y."""
    square = (y * y - 1) * pow(CURVE * y * y + 1, -1, PRIME) % PRIME
    root = pow(square, (PRIME + 3) // 8, PRIME)
    x = root if root * root % PRIME == square else root * pow(2, (PRIME - 1) // 4, PRIME) % PRIME
    assert x * x % PRIME == square
    return x, y


ORDER_8 = 0x5FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
SMALL = [0, 1, PRIME - 1, ORDER_8, PRIME - ORDER_8]


@pytest.mark.parametrize("y", SMALL)
def test_eight_times_a_point_of_small_order_is_the_neutral_element(y: int) -> None:
    point = lift(y)
    for _ in range(3):
        point = add(point, point)
    assert point == (0, 1)


def test_a_signature_of_a_key_of_small_order_needs_no_private_key() -> None:
    neutral = Ed25519PublicKey.from_public_bytes((1).to_bytes(32, "little"))
    neutral.verify((1).to_bytes(32, "little") + bytes(32), b"whatever it says")


@pytest.mark.parametrize("sign", [0, 1 << 255], ids=["positive", "negative"])
@pytest.mark.parametrize("y", SMALL)
def test_keys_of_small_order_are_refused_in_both_signs(y: int, sign: int) -> None:
    key = Ed25519PublicKey.from_public_bytes((y | sign).to_bytes(32, "little"))
    for data in (format_public_pem(key), format_public_line(key).encode()):
        with pytest.raises(
            BundleError, match=r"of small order, for which anyone can sign|in another than its one encoding"
        ):
            parse_public_key(data, source="x.pub")


@pytest.mark.parametrize("y", range(PRIME, 1 << 255))
def test_a_second_encoding_of_a_key_is_refused(y: int) -> None:
    with pytest.raises(BundleError, match="in another than its one encoding"):
        check_point(y.to_bytes(32, "little"), source="x.pub")


def test_a_generated_key_is_encrypted_private_and_published_in_both_forms(tmp_path: Path) -> None:
    path = tmp_path / "operator.pem"
    public = generate_key(path, b"correct horse")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
    assert read_public_key(tmp_path / "operator.pem.pub") == public
    assert read_public_key(tmp_path / "operator.pem.pub.pem") == public
    assert load_private_key(path, lambda: b"correct horse").public_key() == public


def test_a_key_without_a_passphrase_asks_nobody(tmp_path: Path) -> None:
    path = tmp_path / "key"
    public = generate_key(path, None)
    assert path.read_bytes().startswith(b"-----BEGIN PRIVATE KEY-----")
    assert load_private_key(path, never).public_key() == public


def test_an_empty_passphrase_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the passphrase is empty"):
        generate_key(tmp_path / "key", b"")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["key", "key.pub", "key.pub.pem"])
def test_no_file_is_ever_overwritten(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("precious")
    with pytest.raises(OutputError, match="never overwritten"):
        generate_key(tmp_path / "key", None)
    assert [file.name for file in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "precious"


def test_an_openssh_key_is_read(tmp_path: Path) -> None:
    path = tmp_path / "id_ed25519"
    path.write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
    assert load_private_key(path, None).public_key() == PUBLIC


def test_an_encrypted_openssh_key_is_left_to_the_agent(tmp_path: Path) -> None:
    path = tmp_path / "id_ed25519"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "secret", "-f", path], check=True)  # noqa: S607 - the one on the path
    with pytest.raises(BundleError, match=r"ssh-add .*id_ed25519, and sign with --key .*id_ed25519\.pub"):
        load_private_key(path, lambda: b"secret")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        pytest.param(b"", "not a private key", id="nothing"),
        pytest.param(format_public_pem(PUBLIC), "not a private key", id="a public key"),
        pytest.param(ENCRYPTED_OPENSSH, "not a private key", id="a cut off OpenSSH key"),
        pytest.param(ECDSA.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), "only Ed25519", id="an ECDSA key"),
    ],
)  # fmt: skip
def test_refuses_private_keys(data: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(data)
    with pytest.raises(BundleError, match=words):
        load_private_key(tmp_path / "key", never)


@pytest.mark.parametrize("passphrase", [b"wrong", b""], ids=["a wrong one", "an empty one"])
def test_a_wrong_passphrase_is_reported(passphrase: bytes, tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(
        KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"right"))
    )
    with pytest.raises(BundleError, match="wrong passphrase"):
        load_private_key(tmp_path / "key", lambda: passphrase)


def test_an_encrypted_key_without_a_terminal_is_a_usage_error(tmp_path: Path) -> None:
    generate_key(tmp_path / "key", b"secret")
    with pytest.raises(UsageError, match="name a file with its passphrase"):
        load_private_key(tmp_path / "key", None)
