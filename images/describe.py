"""Write SBOM and provenance of an image in build/image/ARCH.

The files are bench-ARCH.sbom.cdx.json (CycloneDX 1.6) and bench-ARCH.provenance.json (an in-toto statement with SLSA
provenance v1). Neither has a time stamp, so that equal images give equal files.

Usage: describe.py ARCH FOLDER
"""

import json
import re
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from email.parser import HeaderParser
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from packageurl import PackageURL

from bench.bundle.environment import describe_environment
from bench.bundle.inventory import read_inventory
from bench.bundle.sbom import render_sbom

SITE_PACKAGES = "packages/opt/bench/venv/lib/python3.11/site-packages"
MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
BUILD_TYPE = "https://bench-appliance.org/build/image/v1"
BUILDER = "https://bench-appliance.org/build/anyone"


def describe_software(context: Path, arch: str) -> bytes:
    """Return the SBOM of an image: that which a run in it puts into its bundle."""
    program = context / "program/opt/bench"
    packages = [str(context / SITE_PACKAGES)]
    environment = describe_environment(program, variables={}, installed=distributions(path=packages), cpu_evidence=dict)
    with tempfile.TemporaryDirectory() as folder, tarfile.open(context / "base.tar") as archive:
        wanted = [member for member in archive if _is_described(member)]
        archive.extractall(folder, wanted, filter="data")
        inventory = read_inventory(
            program, image_root=Path(folder), installed=distributions(path=packages), machine=MACHINES[arch]
        )
    return render_sbom(environment, inventory)


def _is_described(member: tarfile.TarInfo) -> bool:
    return member.name == "./var/lib/dpkg/status" or (
        member.name.startswith("./usr/share/doc/") and (member.issym() or member.name.endswith("/copyright"))
    )


def read_sources(arch: str) -> Iterator[dict[str, Any]]:
    """Return each .deb in the base, with the digest from the lock."""
    for stanza in Path(f"images/base-{arch}.lock").read_text().strip().split("\n\n"):
        package = HeaderParser().parsestr(stanza)
        url = PackageURL("deb", "debian", package["Package"], package["Version"], {"arch": package["Architecture"]})
        yield {"uri": str(url), "digest": {"sha256": package["SHA256"]}}


def render_provenance(facts: dict[str, str], arch: str, manifest: str) -> dict[str, Any]:
    """Return the provenance: the image and its inputs. It names no builder, because any builder gets the same image."""
    lock = {"uri": "images/requirements.lock", "digest": {"sha256": facts["bench.lock.digest"].partition(":")[2]}}
    source = {"uri": "git+bench", "digest": {"gitCommit": facts["org.opencontainers.image.revision"]}}
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": f"bench:linux/{arch}", "digest": {"sha256": manifest.partition(":")[2]}}],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {"architecture": arch, "modified": facts["bench.source.modified"]},
                "resolvedDependencies": [source, lock, *read_sources(arch)],
            },
            "runDetails": {"builder": {"id": BUILDER}},
        },
    }


def main(arch: str, folder: Path) -> None:
    """Describe one image; build.sh has written its digests into the context."""
    context = Path("build/image") / arch
    facts = json.loads((context / "program/opt/bench/image.json").read_text())
    [manifest] = re.findall(r"^manifest (sha256:[0-9a-f]{64})$", (context / "digests").read_text(), re.MULTILINE)
    (folder / f"bench-{arch}.sbom.cdx.json").write_bytes(describe_software(context, arch))
    provenance = render_provenance(facts, arch, manifest)
    (folder / f"bench-{arch}.provenance.json").write_text(json.dumps(provenance, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
