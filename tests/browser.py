"""A headless Chromium for tests of pages; `.ci/run` installs it."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver

_FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking",
          "--disable-component-update", "--disable-sync", "--no-first-run", "--window-size=1300,1000")  # fmt: skip


@contextlib.contextmanager
def browser(downloads: Path) -> Iterator[webdriver.Chrome]:
    """A browser that keeps downloads in a folder. Without Chromium the test skips; in CI that is a failure."""
    found, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (found and driver):
        if os.environ.get("CI"):
            pytest.fail("Chromium and its driver are missing: .ci/run should have installed them")
        pytest.skip("no Chromium with its driver on this machine")
    options = webdriver.ChromeOptions()
    options.binary_location = found
    for flag in _FLAGS:
        options.add_argument(flag)
    options.add_argument(f"--user-data-dir={downloads / 'profile'}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    chrome = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    try:
        yield chrome
    finally:
        chrome.quit()
