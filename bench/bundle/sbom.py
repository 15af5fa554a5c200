"""Render the software bill of materials: CycloneDX 1.6 of the installed Python packages."""

import json

import bench
from bench.records.bundle import Environment
from bench.records.record import encode_json


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
            properties=[] if package.digest is None else [Property(name="bench:recordDigest", value=package.digest)],
        )
        for package in environment.distributions
    ]
    document = Bom(metadata=BomMetaData(component=program), components=components)
    document.register_dependency(program, components)
    rendered = json.loads(make_outputter(document, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string())
    del rendered["serialNumber"], rendered["metadata"]["timestamp"]
    return encode_json(rendered)
