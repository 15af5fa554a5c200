"""A few random alterations in every test run; `python -m tests.fuzz.alterations` makes ten thousand."""

import pytest

from tests.fuzz.alterations import KEPT, main


def test_altered_bundles_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(200, sorted(KEPT.glob("*.bench.tar"))) == 0
    assert "refused: step 1" in capsys.readouterr().out
