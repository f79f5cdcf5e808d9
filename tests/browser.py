"""A browser for tests: Debian's Chromium, headless, opens a page from disk; what it complains about and asks for is told.

Needs chromium, chromedriver and selenium; for the accessibility rules npm too, which brings axe-core. A module that uses it
imports the fixtures that it needs, and marks itself: ``pytestmark = BROWSER``.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from test_page import NASTY

pytest.importorskip("selenium", reason="selenium is not installed")

from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from tests.pictures import CHROMIUM, DRIVER, started

BROWSER = [
    pytest.mark.browser,
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="there is no Chromium with its driver"),
]
# Headless has neither pointer nor finger: a mouse, that the reasons are shown by hovering.
MOUSE = "--blink-settings=primaryHoverType=2,availableHoverTypes=2,primaryPointerType=4,availablePointerTypes=4"
# What would show that something of an article has run.
PAYLOADS = [
    *NASTY,
    "<img src=http://127.0.0.1:9/x onerror=\"document.title='owned'\">",
    "<svg><script>document.title='owned'</script></svg>",
    "<iframe srcdoc=\"<script>parent.document.title='owned'</script>\"></iframe>",
    "<body onload=document.title='owned'><input autofocus onfocus=document.title='owned'>",
    "<base href=http://127.0.0.1:9/><link rel=stylesheet href=//127.0.0.1:9/x.css><meta http-equiv=refresh content=0;url=//x>",
    "<a href=\"javascript:document.title='owned'\">x</a><form action=//127.0.0.1:9><button autofocus>x</button></form>",
    "<p id=sum class=sum>0 of 0</p><input id=tolerance><div class=row data-score=1>",
    "{{constructor.constructor('alert(1)')()}} ${alert(1)} \\u003cscript\\u003ealert(1)\\u003c/script\\u003e",
    "--><plaintext><textarea><title><xmp><noscript><template>",
]


SEEN = (
    "const note = document.querySelector('.note:not([hidden])'), box = note.getBoundingClientRect();"
    "return document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2) === note"
)


class Shown:
    """A page in the browser."""

    def __init__(self, driver: Any, folder: Path) -> None:
        self.driver, self._folder = driver, folder

    def open(self, html: str, scheme: str = "light", width: int = 1280, fragment: str = "", height: int = 900) -> None:
        """Write a page and open it, at a fragment of its address; what earlier pages logged is forgotten."""
        path = self._folder / "page.html"
        path.write_bytes(html.encode("utf-8", "xmlcharrefreplace"))
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        self.driver.execute_cdp_cmd("Emulation.setFocusEmulationEnabled", {"enabled": True})
        self.driver.get("about:blank")
        for log in ("browser", "performance"):
            self.driver.get_log(log)
        self.driver.get(path.as_uri() + fragment)

    def run(self, script: str, *arguments: object) -> Any:
        """Run a script in the page and return what it returns."""
        return self.driver.execute_script(script, *arguments)

    def until(self, script: str) -> Any:
        """Wait for what a script in the page returns to be true, and return it."""
        return WebDriverWait(self.driver, 20, 0.02).until(lambda _: self.run(script))

    def find(self, selector: str) -> Any:
        """The first element."""
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    @property
    def flags(self) -> list[bool]:
        """Which paragraphs are marked, by the class that the style marks them by."""
        return self.run("return Array.from(document.querySelectorAll('.row'), row => row.classList.contains('flagged'))")

    @property
    def reasons(self) -> list[str]:
        """The reasons of what is flagged that are there for a reader, on the screen or read aloud."""
        return self.run(
            "return Array.from(document.querySelectorAll('.flagged .note:not([hidden])'), note => note.textContent)"
        )

    @property
    def seen(self) -> bool:
        """Whether the first reason is on the screen: whether there is something of it where it stands."""
        return self.run(SEEN)

    @property
    def complaints(self) -> list[str]:
        """What the console holds: errors of the script, and all that the policy kept from being loaded or run."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    @property
    def requests(self) -> list[str]:
        """The addresses that were asked for since the page was opened, the page's own and what it holds itself aside."""
        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        asked = [each["params"]["request"]["url"] for each in events if each["method"] == "Network.requestWillBeSent"]
        return [address for address in asked if not (address.endswith("/page.html") or address.startswith("data:"))]


DRIVEN: pytest.StashKey[Any] = pytest.StashKey()
AXE: pytest.StashKey[str] = pytest.StashKey()


@pytest.fixture(scope="session", name="driver")
def chromium(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    held = request.config.stash  # each module that imports a fixture has one of its own: the browser is the same
    if DRIVEN not in held:
        logs = {"browser": "ALL", "performance": "ALL"}
        held[DRIVEN] = started(tmp_path_factory.mktemp("profile"), [MOUSE], loggingPrefs=logs)
        request.config.add_cleanup(held[DRIVEN].quit)
    return held[DRIVEN]


@pytest.fixture(name="shown")
def page_in_chromium(driver: Any, tmp_path: Path) -> Shown:
    return Shown(driver, tmp_path)


def faults(shown: Shown, axe: str) -> list[tuple[str, list[str]]]:
    """What axe-core finds wrong with the page: a rule and some of the markup that breaks it."""
    shown.run(axe)
    # Of what breaks no rule it need not find out where it stands.
    found = shown.driver.execute_async_script("axe.run({resultTypes: ['violations']}).then(arguments[0])")
    assert len(found["passes"]) > 15
    return [(each["id"], [node["html"] for node in each["nodes"]][:3]) for each in found["violations"]]


@pytest.fixture(scope="session", name="axe")
def axe_core(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """axe-core, which holds a page against the rules of accessibility."""
    held = request.config.stash
    if AXE not in held:
        held[AXE] = brought(tmp_path_factory.mktemp("axe"))
    return held[AXE]


def brought(folder: Path) -> str:
    """Have npm bring axe-core."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("there is no npm to bring axe-core")
    command = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--cache", str(folder / "cache"), "axe-core@4"]
    try:
        found = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=90, check=False, env=dict(os.environ)
        )
    except subprocess.TimeoutExpired:
        pytest.skip("npm does not reach its registry")
    path = folder / "node_modules" / "axe-core" / "axe.min.js"
    if not path.exists():
        pytest.skip(f"npm brought no axe-core: {found.stderr.strip()[-200:]}")
    return path.read_text("utf-8")
