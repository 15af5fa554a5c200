import math

import pytest
from msgspec.structs import replace

from bench.bundle.content import format_members, parse_members
from bench.bundle.disclosure import withhold
from bench.errors import BundleError
from tests.unit.bundle.builder import CONTENTS, pack_content, unpack_content

MEMBERS = format_members(CONTENTS)


def test_parse_inverts_format() -> None:
    assert parse_members({name: memoryview(data) for name, data in MEMBERS.items()}) == withhold(CONTENTS)


def test_members_survive_the_archive() -> None:
    assert unpack_content(pack_content(MEMBERS)) == MEMBERS


def test_has_a_file_for_each_record() -> None:
    assert sorted(MEMBERS) == [
        "bundle.json",
        "environment.json",
        "image.json",
        "log/0002-resnet50-fp32-latency.txt",
        "machine.json",
        "measurements/0000-resnet50-fp32-latency.json",
        "measurements/0001-resnet50-fp32-throughput.json",
        "measurements/0002-resnet50-fp32-latency.json",
        "plan.json",
        "private.json",
        "probes.json",
        "profile.json",
        "sbom.cdx.json",
        "summary.json",
    ]


def test_an_integer_in_a_field_of_reals_is_written_as_a_real() -> None:
    contents = replace(CONTENTS, plan=replace(CONTENTS.plan, estimate_s=60))
    assert b'"estimate_s": 60.0' in format_members(contents)["plan.json"]


def test_a_nan_is_never_sealed() -> None:
    contents = replace(CONTENTS, plan=replace(CONTENTS.plan, estimate_s=math.nan))
    with pytest.raises(BundleError, match=r"plan\.json: not a valid Plan.*estimate_s"):
        format_members(contents)


def test_two_measurements_of_a_cell_are_never_sealed() -> None:
    contents = replace(CONTENTS, measurements=CONTENTS.measurements[:1] * 2)
    with pytest.raises(BundleError, match="the cell has two measurements"):
        format_members(contents)


def test_a_bill_of_materials_in_another_layout_is_never_sealed() -> None:
    with pytest.raises(BundleError, match=r"sbom\.cdx\.json"):
        format_members(replace(CONTENTS, sbom=b"{}"))
