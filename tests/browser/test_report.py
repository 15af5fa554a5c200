"""A report in a real Chromium: nothing is loaded, nothing is complained of, pictures are there, tables sort."""

import base64
import json
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from bench.bundle.origin import hardware_origins
from bench.cli.pages import make_page
from bench.cli.results import compare_sides
from bench.report.html.history import render_history_page
from bench.report.html.page import render_page
from bench.report.html.run import make_page_run
from bench.report.html.site import write_site
from bench.verification.verification import Verification
from bench.verification.verify import TRUST_NOBODY
from tests.browser.conftest import REPO, SCREENSHOTS
from tests.unit.compare.qualification.units import make_contents
from tests.unit.report.html.test_history import make_report

pytestmark = pytest.mark.slow

KEPT = REPO / "tests/data/bundles/2"
REFERENCE = REPO / "results/reference/20261129T173631Z-02ada243.bench.tar"
WIDTHS = {"desktop": 1280, "phone": 390}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    bundles = {
        "run": [REFERENCE],
        "pair": [KEPT / "pair.bench.tar"],
        "failures": [KEPT / "failures.bench.tar"],
        "together": [KEPT / "calibrated.bench.tar", KEPT / "reproduction.bench.tar"],
    }
    for name, paths in bundles.items():
        (folder / f"{name}.html").write_text(make_page(paths, TRUST_NOBODY, None), encoding="utf-8")
    write_site(folder / "site", (REFERENCE, *sorted(KEPT.glob("*.bench.tar"))), TRUST_NOBODY, compare_sides)
    (folder / "history.html").write_text(render_history_page(make_report()), encoding="utf-8")
    others = {"site": folder / "site/index.html", "history": folder / "history.html"}
    return {name: folder / f"{name}.html" for name in bundles} | others


@pytest.fixture
def browser(chromium: webdriver.Chrome) -> webdriver.Chrome:
    """Return the browser as each test finds it: a light desktop whose logs are empty."""
    chromium.get("about:blank")
    set_view(chromium, WIDTHS["desktop"], "light")
    chromium.get_log("browser")
    chromium.get_log("performance")
    return chromium


def set_view(browser: webdriver.Chrome, width: int, scheme: str, media: str = "") -> None:
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": features})


def take_screenshot(browser: webdriver.Chrome, name: str) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    taken = browser.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "format": "png"})
    (SCREENSHOTS / f"{name}.png").write_bytes(base64.b64decode(taken["data"]))


def find_requests(browser: webdriver.Chrome) -> set[str]:
    """Return the addresses of all that was asked for since the log was read last."""
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    return {event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"} - {
        "about:blank"
    }


@pytest.mark.parametrize("name", ["run", "pair", "failures", "together", "site", "history"])
def test_a_page_loads_itself_alone_and_without_complaint(
    name: str, pages: dict[str, Path], browser: webdriver.Chrome
) -> None:
    address = pages[name].as_uri()
    browser.get(address)
    for view, width in WIDTHS.items():
        for scheme in ("light", "dark"):
            set_view(browser, width, scheme)
            take_screenshot(browser, f"{name}-{view}-{scheme}")
    assert find_requests(browser) == {address}
    assert browser.get_log("browser") == []


def test_what_is_not_the_pages_own_is_refused(pages: dict[str, Path], browser: webdriver.Chrome) -> None:
    """The policy holds: it is no ornament."""
    browser.get(pages["run"].as_uri())
    browser.execute_script(
        "const image = document.createElement('img'); image.src = 'https://example.org/x.png'; document.body.append(image);"
        "const script = document.createElement('script'); script.textContent = 'window.intruder = true'; document.body.append(script);"
    )
    complaints = " ".join(entry["message"] for entry in browser.get_log("browser"))
    assert complaints.count("Content Security Policy") == 2
    assert browser.execute_script("return window.intruder") is None


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pictures_are_there_and_their_colours_show(
    scheme: str, pages: dict[str, Path], browser: webdriver.Chrome
) -> None:
    set_view(browser, WIDTHS["desktop"], scheme)
    browser.get(pages["run"].as_uri())
    figures = browser.find_elements(By.CSS_SELECTOR, "figure svg")
    assert len(figures) == 3
    assert all(figure.size["width"] > 600 and figure.size["height"] > 100 for figure in figures)
    paper = browser.find_element(By.TAG_NAME, "body").value_of_css_property("background-color")
    inks = {
        text.value_of_css_property("fill") for text in browser.find_elements(By.CSS_SELECTOR, "figure svg text[fill]")
    }
    assert inks
    assert not inks & {"rgba(0, 0, 0, 1)", "rgb(0, 0, 0)", "none", paper}


def read_column(browser: webdriver.Chrome, number: int) -> list[str]:
    cells = browser.find_elements(By.CSS_SELECTOR, f"#run-results tbody tr:not([hidden]) > :nth-child({number})")
    return [cell.text.split("\n")[0] for cell in cells]


def find_column(browser: webdriver.Chrome, name: str) -> int:
    headings = [head.text.split("\n")[0] for head in browser.find_elements(By.CSS_SELECTOR, "#run-results thead th")]
    return headings.index(name) + 1


def test_a_heading_sorts_by_its_numbers_by_keyboard(pages: dict[str, Path], browser: webdriver.Chrome) -> None:
    browser.get(pages["run"].as_uri())
    column = find_column(browser, "latency")
    before = read_column(browser, column)
    heading = browser.find_element(By.CSS_SELECTOR, f"#run-results thead th:nth-child({column})")
    button = heading.find_element(By.TAG_NAME, "button")
    button.send_keys(Keys.ENTER)
    assert read_column(browser, column) == sorted(before, key=float)
    assert heading.get_attribute("aria-sort") == "ascending"
    button.send_keys(Keys.ENTER)
    assert read_column(browser, column) == sorted(before, key=float, reverse=True)
    assert "descending" in browser.find_element(By.ID, "status").get_attribute("textContent")


def test_the_filter_keeps_rows_with_all_of_its_words(pages: dict[str, Path], browser: webdriver.Chrome) -> None:
    browser.get(pages["run"].as_uri())
    workloads = read_column(browser, 2)
    field = browser.find_element(By.CSS_SELECTOR, ".filter input")
    field.send_keys("RESNET50 images")
    kept = read_column(browser, 2)
    assert 0 < len(kept) < len(workloads)
    assert set(kept) <= {name for name in workloads if "resnet50" in name}
    field.send_keys(Keys.CONTROL, "a")
    field.send_keys(Keys.DELETE)
    assert read_column(browser, 2) == workloads


def test_the_page_is_whole_without_its_script(pages: dict[str, Path], browser: webdriver.Chrome) -> None:
    browser.get(pages["run"].as_uri())
    with_script = len(browser.find_elements(By.CSS_SELECTOR, "tbody tr"))
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.get(pages["run"].as_uri())
        assert len(browser.find_elements(By.CSS_SELECTOR, "tbody tr")) == with_script
        assert not browser.find_elements(By.CSS_SELECTOR, "button, input")
        assert len(browser.find_elements(By.CSS_SELECTOR, "figure svg, svg.strip")) == 17
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_the_operators_of_a_call_unfold_by_keyboard(tmp_path: Path, browser: webdriver.Chrome) -> None:
    contents = make_contents()
    verification = Verification(
        contents=contents, content_digest=f"sha256:{'0' * 64}", signers=(), origins=hardware_origins(contents.machine)
    )
    page = tmp_path / "operators.html"
    page.write_text(render_page([make_page_run(verification, None)]), encoding="utf-8")
    browser.get(page.as_uri())
    rows = browser.find_elements(By.CSS_SELECTOR, "#run-cell-1 .operators tbody tr")
    assert len(rows) == 3
    assert not rows[0].is_displayed()
    browser.find_element(By.CSS_SELECTOR, "#run-cell-1 .operators summary").send_keys(Keys.ENTER)
    assert rows[0].text == "aten::mm 9.00 90.0 53"


def test_a_phone_scrolls_tables_and_pictures_and_not_the_page(
    pages: dict[str, Path], browser: webdriver.Chrome
) -> None:
    set_view(browser, WIDTHS["phone"], "light")
    for name in ("run", "together", "site"):
        browser.get(pages[name].as_uri())
        assert browser.execute_script("return document.documentElement.scrollWidth") <= WIDTHS["phone"]


def test_paper_has_all_of_the_page_and_no_controls(pages: dict[str, Path], browser: webdriver.Chrome) -> None:
    browser.get(pages["run"].as_uri())
    set_view(browser, WIDTHS["desktop"], "dark", media="print")
    body = browser.find_element(By.TAG_NAME, "body")
    assert body.value_of_css_property("color") == "rgba(29, 39, 51, 1)"
    assert not browser.find_element(By.CSS_SELECTOR, ".filter").is_displayed()
    assert not browser.find_element(By.CSS_SELECTOR, "nav").is_displayed()
    folded = "return [...document.querySelectorAll('details > .table, details > table')].map(part => part.getBoundingClientRect().height)"
    heights = browser.execute_script(folded)
    assert heights
    assert min(heights) > 10
    take_screenshot(browser, "run-print")
    printed = browser.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})
    SCREENSHOTS.joinpath("run.pdf").write_bytes(base64.b64decode(printed["data"]))
    assert len(printed["data"]) > 10_000


def test_what_is_folded_is_open_while_it_is_printed_and_as_it_was_after(
    pages: dict[str, Path], browser: webdriver.Chrome
) -> None:
    """For browsers that print folded parts as they are on the screen."""
    browser.get(pages["run"].as_uri())
    browser.execute_script("document.querySelector('details').open = true")
    count = "return document.querySelectorAll('details[open]').length"
    browser.execute_script("window.dispatchEvent(new Event('beforeprint'))")
    assert browser.execute_script(count) == len(browser.find_elements(By.TAG_NAME, "details")) > 1
    browser.execute_script("window.dispatchEvent(new Event('afterprint'))")
    assert browser.execute_script(count) == 1


def test_links_of_the_table_lead_to_the_cards_of_cells(pages: dict[str, Path], browser: webdriver.Chrome) -> None:
    browser.get(pages["run"].as_uri())
    link = browser.find_element(By.CSS_SELECTOR, "#run-results tbody a")
    target = link.get_attribute("href").partition("#")[2]
    link.send_keys(Keys.ENTER)
    assert browser.execute_script("return document.querySelector(':target').id") == target


def test_a_site_leads_from_the_index_to_a_page_and_back(pages: dict[str, Path], browser: webdriver.Chrome) -> None:
    index = pages["site"].as_uri()
    browser.get(index)
    browser.find_element(By.CSS_SELECTOR, "#runs tbody a").click()
    assert browser.find_element(By.TAG_NAME, "h1").text.startswith("PyTorch on ")
    browser.find_element(By.CSS_SELECTOR, ".home a").click()
    assert browser.current_url == index
