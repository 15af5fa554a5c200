"""Private fields: a salted digest of each is signed, and the values are stored beside the signed part.

So a value can be removed from a bundle, and every signature still holds; a value that is present cannot be changed.
The scheme is that of SD-JWT (RFC 9901, section 4.2). Every field has a new salt of 128 bits, so that nobody finds a
host name by trying them all. The digest covers the field's name, so that a value cannot be moved to another field.

Every field has a digest in every bundle, also one without a value: whether there was a note is private too.
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import Annotated, get_args

from msgspec import Meta
from msgspec.structs import asdict, replace

from bench.errors import BundleError
from bench.records.bundle import BundleInfo, Contents, PrivateField
from bench.records.digest import Digest
from bench.records.machine import Firmware
from bench.records.record import Record, decode_json, encode_json, encode_json_line

SALT_BYTES = 16
PRIVATE_FIELDS: tuple[PrivateField, ...] = get_args(PrivateField)


class Disclosure(Record, frozen=True, kw_only=True):
    """The value of a private field and the salt of its digest; JSON has the salt in base64."""

    salt: Annotated[bytes, Meta(min_length=SALT_BYTES, max_length=SALT_BYTES)]
    value: str | None


Disclosures = dict[PrivateField, Disclosure]


def digest_disclosure(field: PrivateField, disclosure: Disclosure) -> Digest:
    """Return what is signed in place of a value: SHA-256 of its line."""
    return f"sha256:{hashlib.sha256(format_line(field, disclosure)).hexdigest()}"


def format_line(field: PrivateField, disclosure: Disclosure) -> bytes:
    """Return `["<salt>","<field>","<value>"]` with a newline."""
    return encode_json_line((disclosure.salt, field, disclosure.value))


def commit(contents: Contents, new_salt: Callable[[int], bytes]) -> tuple[Contents, Disclosures]:
    """Return the contents with a digest of each private field, and the disclosures of all of them.

    Args:
        contents: Of a run that is about to be sealed.
        new_salt: Returns that many unpredictable bytes, different each time.
    """
    disclosures: Disclosures = {
        field: Disclosure(salt=new_salt(SALT_BYTES), value=value) for field, value in _values(contents).items()
    }
    commitments = {field: digest_disclosure(field, disclosure) for field, disclosure in disclosures.items()}
    return replace(contents, commitments=commitments), disclosures


def withhold(contents: Contents) -> Contents:
    """Return the contents as they are signed: without the value of any private field."""
    return _with_values(contents, {})


def disclose(contents: Contents, disclosures: Disclosures) -> Contents:
    """Return the contents with the disclosed values; the inverse of `withhold`.

    Args:
        contents: As they are signed.
        disclosures: Of all private fields, or of those that were not removed.

    Raises:
        BundleError: a value is not what was signed, or the contents state a private field themselves.
    """
    withheld = withhold(contents)
    if (withheld.machine, withheld.info) != (contents.machine, contents.info):
        raise BundleError("machine.json or bundle.json states a private field; these belong in disclosures.json")
    lacking = sorted(set(PRIVATE_FIELDS) - contents.commitments.keys())
    if lacking:
        raise BundleError(f"private.json has no digest of {', '.join(lacking)}")
    for field, disclosure in disclosures.items():
        digest = digest_disclosure(field, disclosure)
        if digest != contents.commitments[field]:
            raise BundleError(
                f"disclosures.json: {field} {disclosure.value!r:.100} has the digest {digest}, "
                f"but {contents.commitments[field]} was signed"
            )
    disclosed = _with_values(contents, {field: disclosure.value for field, disclosure in disclosures.items()})
    decode_json(encode_json(disclosed.info), BundleInfo, source="disclosures.json: note")
    return disclosed


def _values(contents: Contents) -> dict[PrivateField, str | None]:
    firmware = asdict(contents.machine.firmware)
    found = {f"firmware.{name}": value for name, value in firmware.items()}
    found |= {"host_name": contents.machine.host_name, "note": contents.info.note}
    return {field: found[field] for field in PRIVATE_FIELDS}


def _with_values(contents: Contents, values: Mapping[PrivateField, str | None]) -> Contents:
    """Return the contents with these values of private fields, and no others."""
    firmware = Firmware(
        system_vendor=values.get("firmware.system_vendor"),
        product_name=values.get("firmware.product_name"),
        board_vendor=values.get("firmware.board_vendor"),
        bios_version=values.get("firmware.bios_version"),
    )
    return replace(
        contents,
        info=replace(contents.info, note=values.get("note")),
        machine=replace(contents.machine, firmware=firmware, host_name=values.get("host_name") or ""),
        hidden=tuple(field for field in PRIVATE_FIELDS if field not in values),
    )
