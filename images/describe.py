"""Write SBOM and provenance of an image in build/image/ARCH.

The files are bench-ARCH.sbom.cdx.json (CycloneDX 1.6) and bench-ARCH.provenance.json (an in-toto statement with SLSA
provenance v1). Neither has a time stamp, so that equal images give equal files.

Usage: describe.py ARCH FOLDER
"""

import base64
import csv
import json
import re
import sys
import tarfile
from collections.abc import Iterator
from email.parser import HeaderParser
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL

SITE_PACKAGES = "packages/opt/bench/venv/lib/python3.11/site-packages"
LIBRARY = re.compile(r"\.so(\.[0-9.]+)?$")
EXTENSION = re.compile(r"\.(cpython-\d+-[a-z0-9_-]+|abi3)\.so$")
BUILD_TYPE = "https://bench-appliance.org/build/image/v1"
BUILDER = "https://bench-appliance.org/build/anyone"


def read_debian(base: Path) -> list[Component]:
    """Return the packages of a root file system, from the status file of dpkg."""
    with tarfile.open(base) as archive:
        stream = archive.extractfile("./var/lib/dpkg/status")
        text = "" if stream is None else stream.read().decode()
    packages = [HeaderParser().parsestr(stanza) for stanza in text.split("\n\n") if stanza.strip()]
    return [
        component("deb", package["Package"], package["Version"], arch=package["Architecture"]) for package in packages
    ]


def read_python(site_packages: Path) -> list[Component]:
    """Return the Python packages, each with the shared libraries in its wheel."""
    installed = sorted(distributions(path=[str(site_packages)]), key=lambda package: package.metadata["Name"].lower())
    return [
        component("pypi", package.metadata["Name"], package.version, libraries=list(read_libraries(package)))
        for package in installed
    ]


def read_libraries(distribution: Distribution) -> Iterator[Component]:
    """Return the shared libraries in a wheel that are no extension modules, with the hashes from its RECORD."""
    for row in csv.reader((distribution.read_text("RECORD") or "").splitlines()):
        path, digest = row[0], row[1]
        if LIBRARY.search(path) and not EXTENSION.search(path) and digest.startswith("sha256="):
            content = base64.urlsafe_b64decode(digest.removeprefix("sha256=") + "=").hex()
            yield Component(
                name=path.rpartition("/")[2],
                type=ComponentType.LIBRARY,
                bom_ref=f"{distribution.metadata['Name']}:{path}",
                hashes=[HashType(alg=HashAlgorithm.SHA_256, content=content)],
            )


def component(
    kind: str, name: str, version: str, *, arch: str = "", libraries: list[Component] | None = None
) -> Component:
    """Return a package as a CycloneDX component."""
    qualifiers = {"arch": arch, "distro": "debian-12"} if kind == "deb" else {}
    url = PackageURL(kind, "debian" if kind == "deb" else None, name, version, qualifiers)
    return Component(
        name=name, version=version, type=ComponentType.LIBRARY, bom_ref=str(url), purl=url, components=libraries or []
    )


def render_sbom(facts: dict[str, str], components: list[Component]) -> dict[str, Any]:
    """Return a CycloneDX document, without serial number and time stamp."""
    image = Component(
        name="bench", version=facts["org.opencontainers.image.version"], type=ComponentType.CONTAINER, bom_ref="bench"
    )
    document = Bom(metadata=BomMetaData(component=image), components=components)
    document.register_dependency(image, components)
    rendered: dict[str, Any] = json.loads(
        make_outputter(document, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string()
    )
    del rendered["serialNumber"], rendered["metadata"]["timestamp"]
    return rendered


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
    components = [*read_debian(context / "base.tar"), *read_python(context / SITE_PACKAGES)]
    for name, document in (
        ("sbom.cdx", render_sbom(facts, components)),
        ("provenance", render_provenance(facts, arch, manifest)),
    ):
        (folder / f"bench-{arch}.{name}.json").write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
