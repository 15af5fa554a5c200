from dataclasses import replace as replace_part
from pathlib import Path

import pytest
from msgspec.structs import replace

from bench.bundle.seal import format_sealed
from bench.records.image import StatedImage
from bench.report.verification import render_verification
from tests.builders import DIGEST
from tests.unit.bundle.builder import CONTENTS, open_parts, seal_contents, verify


@pytest.mark.parametrize(
    ("maker", "shown"), [("Maker", True), (None, False)], ids=["a maker is asked for", "none is asked for"]
)
def test_says_that_a_hidden_maker_cannot_be_checked(maker: str | None, shown: bool, tmp_path: Path) -> None:
    profile = replace(CONTENTS.profile, match=replace(CONTENTS.profile.match, system_vendor=maker))
    sealed = open_parts(seal_contents(replace(CONTENTS, profile=profile)))
    text = render_verification(verify(format_sealed(replace_part(sealed, disclosures={})), tmp_path))
    sentence = f"nobody can check that profile {profile.name} fits, which wants a machine made by {maker}"
    assert (sentence in text) == shown
    assert "hidden     firmware.bios_version, " in text


def test_names_the_image_that_was_stated_and_who_stated_it(tmp_path: Path) -> None:
    stated = StatedImage(
        id=DIGEST, repo_digests=(), layers=(DIGEST,), architecture="arm64", engine="Docker Engine 20.10.24"
    )
    contents = replace(CONTENTS, image=replace(CONTENTS.image, stated=stated))
    text = render_verification(verify(seal_contents(contents), tmp_path))
    assert f"image      of {'0' * 40} by its own labels; arm64, built on that host\n" in text
    assert f"           {DIGEST}, as Docker Engine 20.10.24 on its host states" in text


def test_an_image_that_no_host_stated_is_shown_as_such(tmp_path: Path) -> None:
    text = render_verification(verify(seal_contents(CONTENTS), tmp_path))
    assert f"image      of {'0' * 40} by its own labels; its digest is not stated" in text
    outside = replace(CONTENTS, image=replace(CONTENTS.image, inside=False, labels={}))
    assert "image " not in render_verification(verify(seal_contents(outside), tmp_path))
