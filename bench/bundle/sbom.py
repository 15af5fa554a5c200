"""Render the software bill of materials: CycloneDX 1.6 of bench, its Python packages, and its image."""

import json
from typing import TYPE_CHECKING, Any

import bench
from bench.bundle.environment import normalize_name
from bench.bundle.inventory import Inventory, SystemPackage, WheelParts
from bench.records.bundle import Distribution, Environment
from bench.records.record import encode_json

if TYPE_CHECKING:
    from cyclonedx.model.component import Component

_LICENSE = "BSD-3-Clause"
_NOTHING = Inventory()


def render_sbom(environment: Environment, inventory: Inventory = _NOTHING) -> bytes:
    """Return a CycloneDX 1.6 document in the one form of the bundle's JSON; equal software gives equal bytes.

    Serial number and time, which CycloneDX leaves optional, are removed: they differ each time.

    Args:
        environment: The Python packages, and bench itself.
        inventory: Licences, hashes, libraries and Debian packages; by default none are known.
    """
    from cyclonedx.model.bom import Bom, BomMetaData
    from cyclonedx.output import make_outputter
    from cyclonedx.schema import OutputFormat, SchemaVersion

    program = _describe_bench(environment)
    components = [
        *(_describe_system_package(package) for package in inventory.system),
        *(
            _describe_wheel(package, inventory.wheels.get(normalize_name(package.name), WheelParts()))
            for package in environment.distributions
        ),
    ]
    document = Bom(metadata=BomMetaData(component=program), components=components)
    document.register_dependency(program, components)
    rendered = json.loads(make_outputter(document, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string())
    del rendered["serialNumber"], rendered["metadata"]["timestamp"]
    return encode_json(rendered)


def _describe_bench(environment: Environment) -> "Component":
    from cyclonedx.model import Property
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.model.license import DisjunctiveLicense

    return Component(
        name="bench",
        version=bench.__version__,
        type=ComponentType.APPLICATION,
        bom_ref=f"bench=={bench.__version__}",
        licenses=[DisjunctiveLicense(id=_LICENSE)],
        properties=[Property(name="bench:sourceDigest", value=environment.source_digest)],
    )


def _describe_wheel(package: Distribution, parts: WheelParts) -> "Component":
    """Return a Python package, with the shared libraries in it; they may be those of another project."""
    from cyclonedx.model import Property
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.model.license import DisjunctiveLicense, LicenseExpression
    from packageurl import PackageURL

    reference = f"{package.name}=={package.version}"
    name, expression = parts.license, parts.is_expression
    license_ = LicenseExpression(name) if expression else DisjunctiveLicense(name=name) if name else None
    return Component(
        name=package.name,
        version=package.version,
        type=ComponentType.LIBRARY,
        bom_ref=reference,
        purl=PackageURL("pypi", name=package.name, version=package.version),
        licenses=[] if license_ is None else [license_],
        hashes=_describe_hash(parts.sha256),
        properties=[] if package.digest is None else [Property(name="bench:recordDigest", value=package.digest)],
        components=[
            Component(
                name=library.path.rpartition("/")[2],
                type=ComponentType.FILE,
                bom_ref=f"{reference}/{library.path}",
                hashes=_describe_hash(library.sha256),
            )
            for library in parts.libraries
        ],
    )


def _describe_system_package(package: SystemPackage) -> "Component":
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.model.license import DisjunctiveLicense
    from packageurl import PackageURL

    url = PackageURL(
        "deb", "debian", package.name, package.version, {"arch": package.architecture, "distro": "debian-12"}
    )
    return Component(
        name=package.name,
        version=package.version,
        type=ComponentType.LIBRARY,
        bom_ref=str(url),
        purl=url,
        licenses=[DisjunctiveLicense(name=name) for name in package.licenses],
        hashes=_describe_hash(package.sha256),
    )


def _describe_hash(sha256: str) -> list[Any]:
    from cyclonedx.model import HashAlgorithm, HashType

    return [HashType(alg=HashAlgorithm.SHA_256, content=sha256)] if sha256 else []
