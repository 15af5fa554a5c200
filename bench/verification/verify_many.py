"""Verify many bundles on all cores, and return the results in the order asked for."""

import os
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

from bench.bundle.origin import Origin
from bench.bundle.signers import Requirements, Signer
from bench.errors import BenchError, UsageError
from bench.records.bundle import BUNDLE_SUFFIX, BundleInfo
from bench.records.digest import Digest
from bench.records.reason import Reason
from bench.records.record import Record
from bench.verification.processes import map_bundles
from bench.verification.verify import verify_bundle


class Checked(Record, frozen=True, kw_only=True, omit_defaults=False):
    """The result for one bundle.

    Attributes:
        bundle: Its path.
        intact: It passed every step, and has the required signatures.
        error: Why not, with the path; None if it did. The rest is known of intact ones only.
        emulated: The machine's architecture was only emulated.
        unchecked: What could not be checked here, and why.
    """

    bundle: str
    intact: bool
    error: str | None = None
    content_digest: Digest | None = None
    signers: tuple[Signer, ...] = ()
    origins: dict[str, Origin] | None = None
    info: BundleInfo | None = None
    emulated: bool = False
    unchecked: tuple[Reason, ...] = ()


def find_bundles(paths: Iterable[Path]) -> tuple[Path, ...]:
    """Return the files among some paths, and the bundles in the folders among them, each once, sorted by path.

    The order in which they are named, by a person or by a file system, decides nothing.

    Raises:
        UsageError: a folder holds no bundle.
    """
    found: set[Path] = set()
    for path in paths:
        inside = _list_bundles(path) if path.is_dir() else [path]
        if not inside:
            raise UsageError(f"{path}: no *{BUNDLE_SUFFIX} in this folder or below; name one that holds bundles")
        found.update(inside)
    return tuple(sorted(found, key=lambda path: path.parts))


def _list_bundles(folder: Path) -> list[Path]:
    """Return the bundles in a folder and below; links to folders are not followed."""
    return [
        Path(parent, name) for parent, _, names in os.walk(folder) for name in names if name.endswith(BUNDLE_SUFFIX)
    ]


def verify_many(paths: Sequence[Path], requirements: Requirements) -> Iterator[Checked]:
    """Yield the result of each bundle; as many are verified at a time as this process may use CPUs.

    Raises:
        UsageError: a role is required that nobody defines.
        EnvironmentUnfitError: a process ended early, as happens when memory runs out.
    """
    requirements.check_usage()
    yield from map_bundles(partial(check_bundle, requirements=requirements), paths)


def check_bundle(path: Path, requirements: Requirements) -> Checked:
    """Return the result of one bundle."""
    try:
        verification = verify_bundle(path, requirements)
    except BenchError as error:
        return Checked(bundle=str(path), intact=False, error=str(error))
    return Checked(
        bundle=str(path),
        intact=True,
        content_digest=verification.content_digest,
        signers=verification.signers,
        origins=verification.origins,
        info=verification.contents.info,
        emulated=verification.contents.machine.cpu.emulated,
        unchecked=verification.unchecked,
    )
