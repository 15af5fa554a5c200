import json

from cyclonedx.model.bom import Bom
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from msgspec.structs import replace

import bench
from bench.bundle.content import format_members
from bench.bundle.environment import describe_environment
from bench.bundle.inventory import Inventory, Library, SystemPackage, WheelParts, read_inventory
from bench.bundle.sbom import render_sbom
from bench.bundle.sbom_check import check_sbom
from tests.builders import DIGEST
from tests.unit.bundle.builder import CONTENTS, ENVIRONMENT


def test_lists_every_package_below_bench() -> None:
    document = json.loads(render_sbom(ENVIRONMENT))
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    assert document["metadata"]["component"]["version"] == bench.__version__
    assert [part["purl"] for part in document["components"]] == ["pkg:pypi/numpy@2.3.0", "pkg:pypi/torch@2.14.1"]
    assert document["components"][0]["properties"] == [{"name": "bench:recordDigest", "value": DIGEST}]


def test_equal_environments_give_equal_bytes() -> None:
    text = render_sbom(ENVIRONMENT)
    assert text == render_sbom(replace(ENVIRONMENT, distributions=ENVIRONMENT.distributions))
    assert b"serialNumber" not in text
    assert b"timestamp" not in text


def test_a_bundle_holds_it_unchanged() -> None:
    sbom = render_sbom(ENVIRONMENT)
    assert format_members(replace(CONTENTS, sbom=sbom))["sbom.cdx.json"] == sbom


def test_is_read_back_by_others() -> None:
    document = Bom.from_json(json.loads(render_sbom(ENVIRONMENT)))
    assert {(part.name, part.version) for part in document.components} == {("numpy", "2.3.0"), ("torch", "2.14.1")}


SHA256 = "1" * 64
INVENTORY = Inventory(
    wheels={
        "torch": WheelParts(
            license="BSD-3-Clause",
            is_expression=True,
            sha256=SHA256,
            libraries=(Library("torch/lib/libgomp.so.1", SHA256), Library("../../lib/libgomp.so.1", SHA256)),
        ),
        "numpy": WheelParts(license="BSD License"),
    },
    system=(SystemPackage("g++", "4:12.2.0-3", "amd64", SHA256, ("GPL-3+", "GPL-3+ with exception")),),
)


def validate(sbom: bytes) -> None:
    """Against CycloneDX's own schema."""
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(sbom.decode()) is None


def test_is_valid_by_the_standards_own_schema() -> None:
    validate(render_sbom(ENVIRONMENT))
    validate(render_sbom(ENVIRONMENT, INVENTORY))
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str('{"bomFormat": "CycloneDX"}') is not None


def test_of_what_is_installed_here_is_valid_and_knows_hashes_licences_and_libraries() -> None:
    sbom = render_sbom(describe_environment(cpu_evidence=dict), read_inventory(image_root=None))
    validate(sbom)
    document = json.loads(sbom)
    torch = next(part for part in document["components"] if part["name"] == "torch")
    assert torch["licenses"]
    assert {part["name"] for part in torch["components"]} >= {"libtorch_cpu.so"}
    assert document["metadata"]["component"]["licenses"] == [{"license": {"id": "BSD-3-Clause"}}]
    assert not [part for part in document["components"] if part["purl"].startswith("pkg:deb/")]


def test_states_licences_hashes_libraries_and_debian_packages() -> None:
    compiler, numpy, torch = json.loads(render_sbom(ENVIRONMENT, INVENTORY))["components"]
    assert compiler["purl"] == "pkg:deb/debian/g%2B%2B@4:12.2.0-3?arch=amd64&distro=debian-12"
    assert compiler["hashes"] == [{"alg": "SHA-256", "content": SHA256}]
    assert compiler["licenses"] == [{"license": {"name": "GPL-3+"}}, {"license": {"name": "GPL-3+ with exception"}}]
    assert numpy["licenses"] == [{"license": {"name": "BSD License"}}]
    assert torch["licenses"] == [{"expression": "BSD-3-Clause"}]
    assert torch["hashes"] == [{"alg": "SHA-256", "content": SHA256}]
    assert [part["name"] for part in torch["components"]] == ["libgomp.so.1", "libgomp.so.1"]


def test_what_is_rendered_agrees_with_its_environment() -> None:
    check_sbom(replace(CONTENTS, sbom=render_sbom(ENVIRONMENT)))


def test_what_is_no_python_package_is_not_compared() -> None:
    document = json.loads(CONTENTS.sbom)
    document["components"] += [
        {"name": "libgomp1", "version": "12.2.0", "purl": "pkg:deb/debian/libgomp1@12.2.0"},
        {"name": "bench", "version": bench.__version__, "purl": f"pkg:pypi/bench@{bench.__version__}"},
        {"name": "libgfortran", "components": [{"name": "numpy", "purl": "pkg:pypi/numpy@0"}]},
    ]
    check_sbom(replace(CONTENTS, sbom=json.dumps(document).encode()))
