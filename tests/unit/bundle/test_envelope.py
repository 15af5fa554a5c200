import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey

from bench.bundle.envelope import (
    Signature,
    format_envelope,
    format_sigstore_bundle,
    parse_envelope,
    sign_statement,
    verify_signature,
)
from bench.bundle.keys import fingerprint
from bench.errors import BundleError
from tests.unit.bundle.builder import make_key

KEY = make_key(1)
OTHER = make_key(2)


@given(st.binary(max_size=200))
def test_a_signature_belongs_to_its_statement_and_key_only(statement: bytes) -> None:
    signature = sign_statement(statement, KEY)
    assert sign_statement(statement, KEY) == signature
    assert verify_signature(statement, signature) is None
    with pytest.raises(BundleError, match="is not valid for"):
        verify_signature(statement + b"x", signature)
    with pytest.raises(BundleError, match="is not valid for"):
        verify_signature(statement, Signature(key=OTHER.public_key(), value=signature.value))


def test_parse_inverts_format() -> None:
    signatures = (sign_statement(b"{}", KEY), sign_statement(b"{}", OTHER))
    envelope = parse_envelope(format_envelope(b"{}", signatures))
    assert envelope.payload == b"{}"
    assert [(signature.keyid, signature.sig) for signature in envelope.signatures] == [
        (fingerprint(signature.key), signature.value) for signature in signatures
    ]


def test_others_verify_the_envelope_with_their_own_code() -> None:
    data = json.loads(format_envelope(b"{}", (sign_statement(b"{}", KEY), sign_statement(b"{}", OTHER))))
    keys = [SSlibKey.from_crypto(key.public_key(), keyid=fingerprint(key.public_key())) for key in (KEY, OTHER)]
    accepted = Envelope.from_dict(data).verify(keys, 2)
    assert sorted(accepted) == sorted(key.keyid for key in keys)


def test_a_sigstore_bundle_holds_one_signature_of_the_same_bytes() -> None:
    signature = sign_statement(b"{}", KEY)
    bundle = json.loads(format_sigstore_bundle(b"{}", signature))
    assert bundle["mediaType"] == "application/vnd.dev.sigstore.bundle.v0.3+json"
    assert bundle["dsseEnvelope"] == json.loads(format_envelope(b"{}", (signature,)))
    assert len(bundle["verificationMaterial"]["publicKey"]["hint"]) == 44
