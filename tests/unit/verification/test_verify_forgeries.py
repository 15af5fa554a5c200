"""Bundles that were tampered with, or forged by someone with another key."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.bundle.content import format_members
from bench.errors import BundleError
from tests.unit.bundle.builder import (
    CONTENTS,
    OPERATOR,
    VENDOR,
    open_parts,
    pack_content,
    refuse,
    seal,
    seal_contents,
    unpack,
    verify,
)

MEMBERS = format_members(CONTENTS)
BUNDLE = seal_contents(CONTENTS)
CO_SIGNED = seal_contents(CONTENTS, OPERATOR, VENDOR)
OUTER = unpack(BUNDLE)
STATEMENT = open_parts(BUNDLE).statement

Edit = Callable[[dict[str, bytes]], Mapping[str, bytes]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("verify")


@given(st.integers(0, len(CO_SIGNED) - 1), st.integers(0, 7))
def test_no_bit_of_a_bundle_can_be_flipped(folder: Path, position: int, bit: int) -> None:
    changed = bytearray(CO_SIGNED)
    changed[position] ^= 1 << bit
    refuse(bytes(changed), folder, "not verified, step ")


@given(st.binary(max_size=4096))
def test_arbitrary_bytes_are_refused(folder: Path, data: bytes) -> None:
    refuse(data, folder, "not verified, step 1 (outer archive)")


@given(st.data())
def test_spliced_bundles_are_refused(folder: Path, data: st.DataObject) -> None:
    start, end, target = (data.draw(st.integers(0, len(BUNDLE))) for _ in range(3))
    inserted = data.draw(st.sampled_from([b"", b"\0" * 512, BUNDLE[min(start, end) : max(start, end)]]))
    spliced = BUNDLE[:target] + inserted + BUNDLE[max(target, start) :]
    if spliced != BUNDLE:
        refuse(spliced, folder, "not verified, step ")


@given(st.sampled_from(sorted(MEMBERS)), st.data())
def test_a_forger_with_a_key_gets_a_bundle_or_a_refusal_and_never_a_crash(
    folder: Path, name: str, data: st.DataObject
) -> None:
    member = bytearray(MEMBERS[name])
    for _ in range(data.draw(st.integers(1, 3))):
        position = data.draw(st.integers(0, len(member) - 1))
        member[position : position + data.draw(st.integers(0, 2))] = data.draw(
            st.sampled_from(
                [b"", b"0", b"9", b"-", b"9e999", b".5", b'"', b"]", b"null", b"\xff", b"99999999999999999999"]
            )
        )
    try:
        verification = verify(seal(pack_content({**MEMBERS, name: bytes(member)})), folder)
    except BundleError:
        return
    assert format_members(verification.contents)[name] == member
