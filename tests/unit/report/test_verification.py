from dataclasses import replace as replace_part
from pathlib import Path

import pytest
from msgspec.structs import replace

from bench.bundle.seal import format_sealed
from bench.report.verification import render_verification
from tests.unit.bundle.builder import CONTENTS, open_parts, seal_contents, verify


@pytest.mark.parametrize(
    ("maker", "said"), [("Maker", True), (None, False)], ids=["a maker is asked for", "none is asked for"]
)
def test_says_that_a_hidden_maker_cannot_be_checked(maker: str | None, said: bool, tmp_path: Path) -> None:
    profile = replace(CONTENTS.profile, match=replace(CONTENTS.profile.match, system_vendor=maker))
    sealed = open_parts(seal_contents(replace(CONTENTS, profile=profile)))
    text = render_verification(verify(format_sealed(replace_part(sealed, disclosures={})), tmp_path))
    sentence = f"nobody can check that profile {profile.name} fits, which wants a machine made by {maker}"
    assert (sentence in text) == said
    assert "hidden     firmware.bios_version, " in text
