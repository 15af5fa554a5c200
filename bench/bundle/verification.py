"""The result of verification: three answers, never one green tick."""

from typing import Literal

from bench.bundle.keys import Fingerprint
from bench.bundle.origin import Origin
from bench.records.bundle import Contents
from bench.records.digest import Digest
from bench.records.record import Record


class Signer(Record, frozen=True, kw_only=True):
    """A key that signed, and whether the reader trusts it.

    Attributes:
        owner: From the trust store; None if the store does not have the key.
        roles: Of the key, if it is trusted.
        status: `ephemeral` if the key was made for the run: it never shows who ran it.
        reason: Why it is trusted or not, a phrase. It is the reader's, and is never sealed.
    """

    fingerprint: Fingerprint
    owner: str | None
    roles: tuple[str, ...]
    status: Literal["trusted", "untrusted", "ephemeral"]
    reason: str


class Verification(Record, frozen=True, kw_only=True):
    """Proof that a bundle passed every step of `bench.bundle.verify`.

    Attributes:
        contents: The records that were sealed; their summaries follow from the samples.
        content_digest: Of `content.tar`, the signed subject.
        signers: In the order of signing; the first sealed the run.
        origins: Hardware field → measured in the run, or merely stated by firmware or hypervisor; hidden ones left out.
    """

    contents: Contents
    content_digest: Digest
    signers: tuple[Signer, ...]
    origins: dict[str, Origin]
