"""Hold a bundle's bill of materials against the packages that its environment states."""

import msgspec

from bench.bundle.environment import normalize_name
from bench.errors import BundleError, describe_refusal
from bench.records.bundle import Contents
from bench.records.digest import Digest

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


def check_sbom(contents: Contents) -> None:
    """Refuse a bill of materials that lists other Python packages than the environment. bench itself may be among them.

    Raises:
        BundleError: names the first package that differs.
    """
    listed = _read_packages(contents.sbom)
    installed = {
        normalize_name(package.name): (package.version, package.digest)
        for package in contents.environment.distributions
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
        raise BundleError(f"sbom.cdx.json: {describe_refusal(error)}") from error
    found: dict[str, tuple[str, Digest | None]] = {}
    for component in document.components:
        if component.purl.startswith("pkg:pypi/"):
            digests = [entry.value for entry in component.properties if entry.name == _RECORD_DIGEST]
            name = normalize_name(component.name)
            if name in found or len(digests) > 1:
                raise BundleError(f"sbom.cdx.json has package {name!r:.80}, or its digest, twice")
            found[name] = component.version, (digests[0] if digests else None)
    return found


def _describe(package: tuple[str, Digest | None] | None) -> str:
    if package is None:
        return "absent"
    version, digest = package
    return f"{version!r:.40} {'without a digest' if digest is None else f'{digest!r:.80}'}"
