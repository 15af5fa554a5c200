"""Take a node's bundle into the folder of all bundles: verified there, and signed by the submitter if asked for."""

from collections.abc import Collection
from pathlib import Path

from bench.bundle.files import write_file
from bench.bundle.seal import SigningKey
from bench.bundle.write import sign_bundle
from bench.errors import BundleError
from bench.records.bundle import BUNDLE_SUFFIX
from bench.verification.verify import read_bundle, verify_bytes


def collect_bundle(folder: Path, output: Path, signer: SigningKey | None, claimed: Collection[str]) -> str | None:
    """Verify the bundle that a node has left, and copy it to where all bundles are.

    A second call does the same again, as after this process was killed between the copy and its record.

    Args:
        folder: Of the node.
        output: Where all bundles are; it gets the name of its run.
        signer: Signs the copy too; None leaves the signatures of the node alone.
        claimed: Names of other nodes' bundles.

    Returns:
        Its name; None if the node has left none.

    Raises:
        BundleError: it does not verify, there are several, or it is another node's.
        OutputError: it cannot be written.
    """
    found = _list_bundles(folder)
    if not found:
        return None
    if len(found) > 1:
        raise BundleError(f"{folder}: {len(found)} bundles, where a run leaves one")
    (path,) = found
    data = read_bundle(path)
    target = output / f"{verify_bytes(data, path).contents.info.run_id}{BUNDLE_SUFFIX}"
    if target.name in claimed:
        raise BundleError(f"{path}: another node has handed over {target.name} already, so it is none of this node's")
    write_file(target, data, replace=True)
    if signer is not None:
        sign_bundle(target, signer)
    return target.name


def drop_original(folder: Path) -> None:
    """Remove what was collected from a node's folder."""
    for path in _list_bundles(folder):
        path.unlink()


def _list_bundles(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.name.endswith(BUNDLE_SUFFIX)]
