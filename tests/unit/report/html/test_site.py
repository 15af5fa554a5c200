"""A site has a page for each bundle that verifies, makes only what is new, and removes only what it made."""

import json
import shutil
from pathlib import Path

import pytest

from bench.bundle.signers import Requirements
from bench.cli.results import compare_sides
from bench.errors import OutputError
from bench.report.html.site import SiteResult, write_site
from bench.verification.verify import TRUST_NOBODY
from tests.unit.report.html.page_reader import Page

KEPT = Path(__file__).parents[3] / "data/bundles/2"
PATHS = tuple(sorted(KEPT.glob("*.bench.tar")))


def write(site: Path, paths: tuple[Path, ...] = PATHS, requirements: Requirements = TRUST_NOBODY) -> SiteResult:
    return write_site(site, paths, requirements, compare_sides)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    site = tmp_path_factory.mktemp("site")
    result = write(site)
    assert (result.pages, result.made, result.removed, result.refused) == (len(PATHS), len(PATHS), 0, ())
    return site


@pytest.fixture
def site(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "site"))


def test_the_index_leads_to_each_page_and_each_page_back(site: Path) -> None:
    index = Page((site / "index.html").read_text())
    targets = {element.attributes["href"].partition("#")[0] for element in index.find("a")} - {""}
    pages = {path.name for path in site.glob("*.html")} - {"index.html"}
    assert targets == pages
    assert len(pages) == len(PATHS)
    for name in pages:
        assert "index.html" in {element.attributes["href"] for element in Page((site / name).read_text()).find("a")}


def test_links_to_cells_lead_to_their_cards(site: Path) -> None:
    for element in Page((site / "index.html").read_text()).find("a"):
        name, _, target = element.attributes["href"].partition("#")
        if name and target:
            assert f'id="{target}"' in (site / name).read_text()


def test_a_second_call_makes_nothing_and_changes_no_byte(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {path.name: path.read_bytes() for path in site.iterdir()}
    monkeypatch.setattr("bench.report.html.site.verify_bytes", lambda *_: pytest.fail("verified again"))
    result = write(site)
    assert (result.made, result.pages) == (0, len(PATHS))
    assert {path.name: path.read_bytes() for path in site.iterdir()} == before


def test_only_what_is_new_is_made(site: Path) -> None:
    write(site, PATHS[:-1])
    assert write(site).made == 1


def test_a_page_that_was_deleted_is_made_again(site: Path) -> None:
    page = next(path for path in site.glob("*.html") if path.name != "index.html")
    content = page.read_bytes()
    page.unlink()
    assert write(site).made == 1
    assert page.read_bytes() == content


def test_pages_of_bundles_that_are_not_named_are_removed_and_nothing_else(site: Path) -> None:
    (site / "mine.html").write_text("mine")
    result = write(site, PATHS[:1])
    assert (result.pages, result.removed) == (1, len(PATHS) - 1)
    assert len(list(site.glob("2*.html"))) == 1
    assert (site / "mine.html").exists()


@pytest.mark.parametrize(
    "damage", [b"", b"{}", b'{"maker": 1}', b"\xff"], ids=["empty", "no field", "a type", "no text"]
)
def test_a_damaged_state_makes_all_again(damage: bytes, site: Path) -> None:
    (site / "site.json").write_bytes(damage)
    assert write(site).made == len(PATHS)


def test_a_state_that_names_other_files_removes_none(site: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.html"
    outside.write_text("keep")
    state = json.loads((site / "site.json").read_text())
    next(iter(state["pages"].values()))["page"] = "../outside.html"
    (site / "site.json").write_text(json.dumps(state))
    write(site, PATHS[:1])
    assert outside.read_text() == "keep"


def test_a_bundle_that_does_not_verify_has_no_page(site: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.bench.tar"
    broken.write_bytes(PATHS[0].read_bytes()[:-1024] + bytes(1024))
    broken.write_bytes(PATHS[0].read_bytes()[:5000])
    result = write(site, (*PATHS, broken))
    assert len(result.refused) == 1
    assert "broken.bench.tar" in result.refused[0]
    assert result.pages == len(PATHS)


def test_whom_the_reader_trusts_changes_the_pages(site: Path) -> None:
    assert write(site, requirements=Requirements(demand=False, roles=())).made == 0
    result = write(site, requirements=Requirements(keys=frozenset({"SHA256:" + "A" * 43})))
    assert (result.made, len(result.refused)) == (0, len(PATHS))


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="file"):
        write(tmp_path / "file")
