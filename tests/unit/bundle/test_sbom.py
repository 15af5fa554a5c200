import json

from cyclonedx.model.bom import Bom
from msgspec.structs import replace

import bench
from bench.bundle.content import format_members
from bench.bundle.sbom import check_sbom, render_sbom
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
