"""Pictures: the page of the article from Syria, as the README and the documentation show it.

``python -m tests.pictures`` draws them anew, in both schemes, and writes into the README what they show, for whoever does not
see them; test_readme tells when that is due. Needs what :mod:`tests.browser` needs, which starts its browser by this module.
"""

from __future__ import annotations

import re
import shutil
from base64 import b64decode
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from detector import OffTopicDetector, Report
from detector.records import read_document

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
ALT = re.compile(r'(?<=<img src="docs/images/syria-light.webp" alt=")[^"]*')
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
DRIVER = shutil.which("chromedriver")
# Nothing but the page: no profile, no service that calls home.
ALONE = [
    "--headless=new",
    "--no-sandbox",  # there is none for root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_SIZE = {"width": 820, "height": 640, "deviceScaleFactor": 1.5, "mobile": False}
_QUALITY = 80  # of WebP: letters have no halo yet, and a picture has 80 kB


def started(profile: Path, arguments: Iterable[str] = (), **capabilities: object) -> Any:
    """Return a driver of Chromium, whose profile is in a folder of its own."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in (*ALONE, *arguments, f"--user-data-dir={profile}"):
        options.add_argument(argument)
    for name, value in capabilities.items():
        options.set_capability(f"goog:{name}", value)
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))


def syria() -> Report:
    """The report on the article with an earbud in it."""
    article, title = read_document(ROOT / "fixtures" / "articles" / "syria-airpod.json")
    return OffTopicDetector().check(article, title)


def alt(report: Report) -> str:
    """What the picture shows."""
    (intruder,) = report.flagged
    return (
        "Between two paragraphs about Russians killed in Syria stands one about a man in Florida whose wireless earbud blew up."
        f" It is marked in red as {intruder.kind}, with the score {intruder.score:.2f} and the reason: {intruder.reason}"
    )


def draw(report: Report, folder: Path) -> None:
    """Draw the page around what is flagged, as it looks where there is no pointer: the reason stands below it."""
    at = int(report.flags.argmax())
    with TemporaryDirectory() as held:
        page = Path(held) / "page.html"
        page.write_text(report.to_html(), "utf-8")
        driver = started(Path(held) / "profile", ["--hide-scrollbars"])
        try:
            driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", _SIZE)
            for scheme in ("light", "dark"):
                feature = {"name": "prefers-color-scheme", "value": scheme}
                driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
                driver.get(page.as_uri())
                # To the paragraph before it.
                driver.execute_script(f"document.getElementById('p{at}').scrollIntoView()")
                taken = driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "webp", "quality": _QUALITY})
                folder.joinpath(f"syria-{scheme}.webp").write_bytes(b64decode(taken["data"]))
        finally:
            driver.quit()


if __name__ == "__main__":
    shown = syria()
    draw(shown, ROOT / "docs" / "images")
    README.write_text(ALT.sub(lambda _: alt(shown), README.read_text("utf-8")), "utf-8")
