"""The software bill of materials, CycloneDX 1.6: render that of the installed Python packages, and check a bundle's."""

import json
import re

import msgspec

import bench
from bench.errors import BundleError
from bench.records.bundle import Contents, Environment
from bench.records.digest import Digest
from bench.records.record import encode_json

_RECORD_DIGEST = "bench:recordDigest"


class _Property(msgspec.Struct, frozen=True):
    name: str = ""
    value: str = ""


class _Component(msgspec.Struct, frozen=True):
    """What is compared of a component; all else is left to the standard."""

    name: str = ""
    version: str = ""
    purl: str = ""
    properties: tuple[_Property, ...] = ()


class _Document(msgspec.Struct, frozen=True):
    components: tuple[_Component, ...] = ()


def render_sbom(environment: Environment) -> bytes:
    """Return a CycloneDX 1.6 document in the one form of the bundle's JSON; equal environments give equal bytes.

    Serial number and time, which CycloneDX leaves optional, are removed: they differ each time.
    """
    from cyclonedx.model import Property
    from cyclonedx.model.bom import Bom, BomMetaData
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.output import make_outputter
    from cyclonedx.schema import OutputFormat, SchemaVersion
    from packageurl import PackageURL

    program = Component(
        name="bench", version=bench.__version__, type=ComponentType.APPLICATION, bom_ref=f"bench=={bench.__version__}"
    )
    components = [
        Component(
            name=package.name,
            version=package.version,
            type=ComponentType.LIBRARY,
            bom_ref=f"{package.name}=={package.version}",
            purl=PackageURL("pypi", name=package.name, version=package.version),
            properties=[] if package.digest is None else [Property(name=_RECORD_DIGEST, value=package.digest)],
        )
        for package in environment.distributions
    ]
    document = Bom(metadata=BomMetaData(component=program), components=components)
    document.register_dependency(program, components)
    rendered = json.loads(make_outputter(document, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string())
    del rendered["serialNumber"], rendered["metadata"]["timestamp"]
    return encode_json(rendered)


def check_sbom(contents: Contents) -> None:
    """Refuse a bill of materials that lists other Python packages than the environment. bench itself may be among them.

    Raises:
        BundleError: names the first package that differs.
    """
    listed = _read_packages(contents.sbom)
    installed = {
        _normalize(package.name): (package.version, package.digest) for package in contents.environment.distributions
    }
    for name in sorted((listed.keys() | installed.keys()) - {"bench"}):
        if listed.get(name) != installed.get(name):
            raise BundleError(
                f"sbom.cdx.json has package {name!r:.80} as {_describe(listed.get(name))}, environment.json as "
                f"{_describe(installed.get(name))}"
            )


def _read_packages(sbom: bytes) -> dict[str, tuple[str, Digest | None]]:
    """Return the Python packages among the components: normalized name → version and digest."""
    try:
        document = msgspec.json.decode(sbom, type=_Document)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise BundleError(f"sbom.cdx.json: {error}") from error
    found: dict[str, tuple[str, Digest | None]] = {}
    for component in document.components:
        if component.purl.startswith("pkg:pypi/"):
            digests = [entry.value for entry in component.properties if entry.name == _RECORD_DIGEST]
            name = _normalize(component.name)
            if name in found or len(digests) > 1:
                raise BundleError(f"sbom.cdx.json has package {name!r:.80}, or its digest, twice")
            found[name] = component.version, (digests[0] if digests else None)
    return found


def _normalize(name: str) -> str:
    """Return a package's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _describe(package: tuple[str, Digest | None] | None) -> str:
    if package is None:
        return "absent"
    version, digest = package
    return f"{version!r:.40} {'without a digest' if digest is None else f'{digest!r:.80}'}"
