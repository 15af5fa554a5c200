"""DSSE envelopes with the signatures of a statement, and a Sigstore bundle for each signature.

Source: secure-systems-lab/dsse protocol.md and envelope.md 1.0.2; sigstore protobuf-specs bundle v0.3.
A Sigstore bundle holds one signature, so there is one for each signer beside the envelope.
"""

import base64
import hashlib
from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from msgspec import Meta
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import UnverifiedSignatureError
from securesystemslib.signer import Signature as SSlibSignature
from securesystemslib.signer import SSlibKey

from bench.bundle.keys import Fingerprint, PrivateKey, fingerprint
from bench.errors import BundleError
from bench.records.record import Record, decode_json, encode_json

PayloadType = Literal["application/vnd.in-toto+json"]
PAYLOAD_TYPE: PayloadType = get_args(PayloadType)[0]
MAX_SIGNATURES = 16
ENVELOPE_SUFFIX = ".dsse.json"

_SIGSTORE_MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"


@dataclass(frozen=True, kw_only=True)
class Signature:
    """An Ed25519 signature with the key that claims to have made it."""

    key: Ed25519PublicKey
    value: bytes


class EnvelopeSignature(Record, frozen=True, kw_only=True):
    """A signature in an envelope; JSON has the bytes in base64."""

    keyid: Fingerprint
    sig: Annotated[bytes, Meta(min_length=64, max_length=64)]


class EnvelopeFile(Record, frozen=True, kw_only=True, rename="camel"):
    """`statement.dsse.json`."""

    payload: bytes
    payload_type: PayloadType
    signatures: Annotated[tuple[EnvelopeSignature, ...], Meta(min_length=1, max_length=MAX_SIGNATURES)]


class _KeyHint(Record, frozen=True, kw_only=True):
    hint: str


class _VerificationMaterial(Record, frozen=True, kw_only=True, rename="camel"):
    public_key: _KeyHint


class _SigstoreBundle(Record, frozen=True, kw_only=True, rename="camel"):
    media_type: str
    verification_material: _VerificationMaterial
    dsse_envelope: EnvelopeFile


def sign_statement(statement: bytes, key: PrivateKey, payload_type: str = PAYLOAD_TYPE) -> Signature:
    """Return the signature of a statement; the same key and bytes always give the same signature.

    Args:
        statement: The bytes to sign.
        key: The private key.
        payload_type: Signed as well, so that a signature is never valid for another type of payload.
    """
    return Signature(key=key.public_key(), value=key.sign(Envelope(statement, payload_type, {}).pae()))


def verify_signature(statement: bytes, signature: Signature, payload_type: str = PAYLOAD_TYPE) -> None:
    """Refuse a signature that is not by its key over this statement.

    Raises:
        BundleError: the signature is invalid.
    """
    key = _library_key(signature.key)
    signed = SSlibSignature(key.keyid, signature.value.hex())
    try:
        key.verify_signature(signed, Envelope(statement, payload_type, {}).pae())
    except UnverifiedSignatureError as error:
        raise BundleError(f"the signature of {key.keyid} is not valid for this statement") from error


def format_envelope(statement: bytes, signatures: tuple[Signature, ...]) -> bytes:
    """Return the bytes of `statement.dsse.json`; the inverse of `parse_envelope`, which reads no keys but their ids."""
    return encode_json(_envelope(statement, signatures))


def parse_envelope(data: bytes) -> EnvelopeFile:
    """Return the envelope in `statement.dsse.json`. Nothing in it is verified yet.

    Raises:
        BundleError: it is malformed, of another payload type, or names a key twice.
    """
    envelope = decode_json(data, EnvelopeFile, source="statement.dsse.json")
    keys = [signature.keyid for signature in envelope.signatures]
    if len(set(keys)) != len(keys):
        raise BundleError(f"statement.dsse.json: a key has signed twice: {', '.join(keys)}")
    return envelope


def format_sigstore_bundle(statement: bytes, signature: Signature) -> bytes:
    """Return the Sigstore bundle of one signature, for `cosign verify-blob-attestation --bundle`."""
    der = signature.key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    hint = base64.b64encode(hashlib.sha256(der).digest()).decode()
    bundle = _SigstoreBundle(
        media_type=_SIGSTORE_MEDIA_TYPE,
        verification_material=_VerificationMaterial(public_key=_KeyHint(hint=hint)),
        dsse_envelope=_envelope(statement, (signature,)),
    )
    return encode_json(bundle)


def _envelope(statement: bytes, signatures: tuple[Signature, ...]) -> EnvelopeFile:
    stated = tuple(EnvelopeSignature(keyid=fingerprint(signature.key), sig=signature.value) for signature in signatures)
    return EnvelopeFile(payload=statement, payload_type=PAYLOAD_TYPE, signatures=stated)


def _library_key(key: Ed25519PublicKey) -> SSlibKey:
    """Return the key in the library's type; cosign skips signatures with the library's default key id."""
    return SSlibKey.from_crypto(key, keyid=fingerprint(key))
