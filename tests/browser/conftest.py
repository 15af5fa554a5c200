"""A real Chromium that looks at pages, and whatever it complains of."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver

REPO = Path(__file__).parents[2]
SCREENSHOTS = REPO / "build/screenshots"
"""For people to look at; nothing is compared with them."""


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """Start the Chromium of the system, without a network: it finds no name, and no proxy answers."""
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for argument in (
        "headless=new",
        "disable-gpu",
        "disable-dev-shm-usage",
        "host-resolver-rules=MAP * ~NOTFOUND",
        f"user-data-dir={tmp_path_factory.mktemp('chromium')}",
        *(("no-sandbox",) if os.getuid() == 0 else ()),  # as root, Chromium's sandbox does not start
    ):
        options.add_argument(f"--{argument}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService("/usr/bin/chromedriver"))
    yield driver
    driver.quit()
