"""The result of verification: three answers, never one green tick."""

from bench.bundle.origin import Origin
from bench.bundle.signers import Signer
from bench.records.bundle import Contents
from bench.records.digest import Digest
from bench.records.reason import Reason
from bench.records.record import Record


class Verification(Record, frozen=True, kw_only=True):
    """Proof that a bundle passed every step of `bench.verification.verify`.

    Attributes:
        contents: The records that were sealed; their summaries follow from the samples.
        content_digest: Of `content.tar`, the signed subject.
        signers: In the order of signing; the first sealed the run.
        origins: Hardware field → whether the kernel measured it in the run, or firmware or hypervisor merely states it;
            hidden ones left out. It is the signer who says that there was a run: a signature shows no measurement.
        unchecked: What could not be checked here, and why: never a fault of the bundle.
    """

    contents: Contents
    content_digest: Digest
    signers: tuple[Signer, ...]
    origins: dict[str, Origin]
    unchecked: tuple[Reason, ...] = ()
