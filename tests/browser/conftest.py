"""A real Chromium that looks at pages, and whatever it complains of."""

import os
import platform
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver

REPO = Path(__file__).parents[2]
CHROMIUM, CHROMEDRIVER = Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver")
SCREENSHOTS = REPO / "build/screenshots"
"""For people to look at; nothing is compared with them."""


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """Start the Chromium of the system, without a network: it finds no name, and no proxy answers.

    Ubuntu's package only asks for a snap, which would not be allowed to read what tests write.
    """
    if not CHROMIUM.exists() and platform.freedesktop_os_release()["ID"] == "ubuntu":
        pytest.skip(f"Ubuntu's Chromium is a snap, which cannot read files of tests; {CHROMIUM} is another one")
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
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
    driver = webdriver.Chrome(options, webdriver.ChromeService(str(CHROMEDRIVER)))
    yield driver
    driver.quit()
