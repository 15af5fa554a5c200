"""`bench report`: where pages go, what is refused, and with which status."""

import json
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Invoke

KEPT = Path(__file__).parents[2] / "data/bundles/2"
ONE, OTHER = KEPT / "calibrated.bench.tar", KEPT / "reproduction.bench.tar"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_page_is_named_after_its_bundle(invoke: Invoke, tmp_path: Path) -> None:
    outcome = invoke("report", str(ONE))
    assert outcome.status == 0
    assert outcome.out.startswith("report: calibrated.html, ")
    assert (tmp_path / "calibrated.html").read_text().startswith("<!doctype html>")


def test_a_page_replaces_an_older_one(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("old")
    assert invoke("report", str(ONE), str(OTHER), "-o", "page.html").status == 0
    assert "2 runs side by side" in (tmp_path / "page.html").read_text()


def test_a_site_is_counted(invoke: Invoke, tmp_path: Path) -> None:
    count = len(list(KEPT.glob("*.bench.tar")))
    first, second = invoke("report", "--site", "site", str(KEPT)), invoke("report", "--site", "site", str(KEPT))
    assert (first.status, second.status) == (0, 0)
    assert f"{count} pages: {count} made, 0 kept, 0 removed" in first.out
    assert f"{count} pages: 0 made, {count} kept, 0 removed" in second.out
    assert (tmp_path / "site/index.html").exists()


def test_the_margin_reaches_the_verdicts(invoke: Invoke, tmp_path: Path) -> None:
    assert invoke("report", str(KEPT / "pair.bench.tar"), "--margin", "7%").status == 0
    assert "Margin 7%" in (tmp_path / "pair.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        ([str(ONE), str(OTHER)], 2, "2 bundles, and no -o: name the file of the page with -o FILE.html"),
        ([str(ONE), "-o", "page.bench.tar"], 2, "name a file that ends in .html"),
        (["--site", "site", str(ONE), "-o", "page.html"], 2, "leave out one of them"),
        (["--site", "site", str(ONE), "--margin", "3%"], 2, "--margin: the pages of a site compare nothing"),
        (["nosuch.bench.tar"], 2, "nosuch.bench.tar"),
        ([str(ONE), "--trust-key", "x.pub"], 2, "--trust-key is given without --trust"),
        ([str(ONE), "--require", "vendor"], 2, "no trust store is given"),
        ([str(ONE), "-o", "nosuch/page.html"], 7, "nosuch"),
    ],
)
def test_what_cannot_be_is_refused(
    arguments: list[str], status: int, message: str, invoke: Invoke, tmp_path: Path
) -> None:
    outcome = invoke("report", *arguments)
    assert outcome.status == status
    assert message in outcome.err
    assert not list(tmp_path.glob("**/*.html"))


def test_a_run_that_is_given_twice_is_refused(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "copy.bench.tar").write_bytes(ONE.read_bytes())
    outcome = invoke("report", str(ONE), "copy.bench.tar", "-o", "page.html")
    assert outcome.status == 2
    assert "is given twice; name each run once" in outcome.err


def test_what_was_written_is_printed_as_json(invoke: Invoke, tmp_path: Path) -> None:
    page = json.loads(invoke("report", str(ONE), "--json").out)
    assert page == {"page": "calibrated.html", "bytes": (tmp_path / "calibrated.html").stat().st_size}
    site = json.loads(invoke("report", "--site", "site", str(ONE), "--json").out)
    assert site == {"index": "site/index.html", "pages": 1, "made": 1, "removed": 0, "refused": []}


def test_a_bundle_that_does_not_verify_has_no_page(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "broken.bench.tar").write_bytes(ONE.read_bytes()[:5000])
    assert invoke("report", "broken.bench.tar").status == 6
    assert not (tmp_path / "broken.html").exists()
    outcome = invoke("report", "--site", "site", str(ONE), "broken.bench.tar")
    assert outcome.status == 6
    assert "1 of 2 bundles do not verify" in outcome.err
    assert "1 pages: 1 made" in outcome.out
