import json

from cyclonedx.model.bom import Bom
from msgspec.structs import replace

import bench
from bench.bundle.content import format_members
from bench.bundle.sbom import render_sbom
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
