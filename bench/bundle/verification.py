"""What a verified bundle is known to be: three answers, never one green tick."""

from typing import Literal

from bench.bundle.keys import Fingerprint
from bench.bundle.origin import Origin
from bench.records.bundle import Contents
from bench.records.digest import Digest
from bench.records.record import Record


class Signer(Record, frozen=True, kw_only=True):
    """Whose key has signed, as far as the reader's own trust store and keys know.

    Attributes:
        owner: From the trust store; None if it does not know the key.
        roles: That the key holds, if it is trusted.
        status: `ephemeral` if the key was made for the run: it can never say who ran it.
        reason: Why it is trusted or not, a phrase.
    """

    fingerprint: Fingerprint
    owner: str | None
    roles: tuple[str, ...]
    status: Literal["trusted", "untrusted", "ephemeral"]
    reason: str


class Verification(Record, frozen=True, kw_only=True):
    """Proof that a bundle passed every step of `bench.bundle.verify`; there is none of one that did not.

    Attributes:
        contents: Intact: the very records that were sealed, and summaries that follow from the samples.
        content_digest: Of `content.tar`, the signed subject.
        signers: In the order of signing; the first sealed the run.
        origins: Hardware field → measured in the run, or merely stated by firmware or hypervisor; none that is hidden.
    """

    contents: Contents
    content_digest: Digest
    signers: tuple[Signer, ...]
    origins: dict[str, Origin]
