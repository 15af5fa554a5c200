import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.dsse import Envelope

from bench.bundle.envelope import PAYLOAD_TYPE, Signature, sign_statement, verify_signature
from bench.bundle.keys import fingerprint
from bench.bundle.sshsig import NAMESPACE, format_sshsig, parse_ssh_value, ssh_signed_bytes, verify_ssh_value
from bench.errors import BundleError
from tests.unit.bundle.agents import write_openssh_key
from tests.unit.bundle.builder import make_key

KEY, OTHER = make_key(1), make_key(2)
PUBLIC = KEY.public_key()
VALUE = KEY.sign(ssh_signed_bytes(b"{}"))


def sign_with_openssh(folder: Path, key: Ed25519PrivateKey, message: bytes) -> bytes:
    """What `ssh-keygen -Y sign` writes."""
    file = folder / "message"
    file.write_bytes(message)
    key_file = write_openssh_key(folder / "key", key)
    subprocess.run(["ssh-keygen", "-q", "-Y", "sign", "-f", key_file, "-n", NAMESPACE, file], check=True, capture_output=True)  # noqa: S607 - the one on the path  # fmt: skip
    return file.with_name("message.sig").read_bytes()


def test_the_file_is_the_one_that_openssh_writes(tmp_path: Path) -> None:
    assert format_sshsig(PUBLIC, VALUE) == sign_with_openssh(tmp_path, KEY, b"{}")


def test_parse_inverts_format() -> None:
    assert parse_ssh_value(format_sshsig(PUBLIC, VALUE), source="x") == VALUE


def test_a_signature_belongs_to_its_message_and_key_only() -> None:
    assert verify_ssh_value(b"{}", PUBLIC, VALUE) is None
    for message, key in ((b"{} ", PUBLIC), (b"{}", OTHER.public_key())):
        with pytest.raises(BundleError, match=f"SSH signature of {fingerprint(key)[:9]}.* is not valid for"):
            verify_ssh_value(message, key, VALUE)


@pytest.mark.parametrize(
    "data",
    [b"", b"x\n=\ny\n", b"x\nAAAA\ny\n", b"x\n\xff\xff\ny\n"],
    ids=["nothing", "no base64", "too little", "bytes that are no text"],
)
def test_refuses_what_is_no_signature(data: bytes) -> None:
    with pytest.raises(BundleError, match="x: not an SSH signature"):
        parse_ssh_value(data, source="x")


def test_a_signature_of_one_form_is_none_of_the_other() -> None:
    envelope = sign_statement(b"{}", KEY)
    with pytest.raises(BundleError, match="is not valid for"):
        verify_ssh_value(b"{}", PUBLIC, envelope.value)
    with pytest.raises(BundleError, match="is not valid for"):
        verify_signature(b"{}", Signature(key=PUBLIC, value=VALUE))


def test_no_bytes_can_be_what_both_forms_sign_nor_what_a_login_signs() -> None:
    session_id = (64).to_bytes(4)
    starts = {ssh_signed_bytes(b"")[:4], Envelope(b"", PAYLOAD_TYPE, {}).pae()[:4], session_id}
    assert len(starts) == 3
