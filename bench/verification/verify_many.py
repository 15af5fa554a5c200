"""Verify many bundles on all cores, and return the results in the order asked for."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

from bench.bundle.origin import Origin
from bench.bundle.signers import Requirements, Signer
from bench.errors import BenchError, EnvironmentUnfitError, UsageError
from bench.records.bundle import BUNDLE_SUFFIX, BundleInfo
from bench.records.digest import Digest
from bench.records.reason import Reason
from bench.records.record import Record
from bench.verification.verify import verify_bundle

ResultT = TypeVar("ResultT")

_CHUNK = 8
"""Bundles that a process is given at a time. Most take 0.1 s, so little time is lost at the end."""


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
        inside = list(path.rglob(f"*{BUNDLE_SUFFIX}")) if path.is_dir() else [path]
        if not inside:
            raise UsageError(f"{path}: no *{BUNDLE_SUFFIX} in this folder or below; name one that holds bundles")
        found.update(inside)
    return tuple(sorted(found))


def verify_many(paths: Sequence[Path], requirements: Requirements) -> Iterator[Checked]:
    """Yield the result of each bundle; as many are verified at a time as this process may use CPUs.

    Raises:
        UsageError: a role is required that nobody defines.
        EnvironmentUnfitError: a verifying process was killed, as happens when memory runs out.
    """
    requirements.check_usage()
    yield from map_bundles(partial(check_bundle, requirements=requirements), paths)


def map_bundles(function: Callable[[Path], ResultT], paths: Sequence[Path]) -> Iterator[ResultT]:
    """Yield what a function returns of each bundle, in their order, from as many processes as there are CPUs to use.

    Where processes cannot share work, as with a read-only `/dev/shm`, one bundle is read after another.

    Args:
        function: Of a module, or a partial of one: other processes import it.
        paths: The bundles.

    Raises:
        EnvironmentUnfitError: a process was killed, as happens when memory runs out.
    """
    jobs = min(len(os.sched_getaffinity(0)), -(-len(paths) // _CHUNK))
    if jobs < 2:
        yield from map(function, paths)
        return
    pool = _make_pool(jobs)
    if pool is None:
        yield from map(function, paths)
        return
    with pool:
        try:
            yield from pool.map(function, paths, chunksize=_CHUNK)
        except BrokenExecutor as error:
            raise EnvironmentUnfitError("a verifying process was killed: out of memory? Name fewer bundles") from error
        finally:
            pool.shutdown(cancel_futures=True)


def _make_pool(jobs: int) -> ProcessPoolExecutor | None:
    """Return a pool; None where its semaphores or pipes cannot be made."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["bench.verification.verify_many", "numpy", "scipy.special"])
    try:
        return ProcessPoolExecutor(jobs, mp_context=context, initializer=_leave_interrupts)
    except (OSError, NotImplementedError, ImportError):  # the last two: a C library or kernel without semaphores
        return None


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


def _leave_interrupts() -> None:
    """Ignore Ctrl-C and the end of a terminal, which reach the whole process group: the parent handles them."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
