"""Chromium as these tests drive it: Debian's, without a window, with a camera that is none."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

import pytest
from playwright.async_api import Browser, Page, Request, async_playwright

from harness import ROOT
from needs import has_library

SCREENSHOTS = ROOT / ".cache" / "screenshots"
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 900}}
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}
NO_BROWSER = "no Chromium or no libatomic1 here; scripts/browser installs Debian's"
AXE = (files("axe_playwright_python") / "axe.min.js").read_text()


def chromium() -> str:
    """The path of the browser. Without one the test is skipped, but fails in CI."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None or not has_library("libatomic.so.1"):  # which playwright's Node.js needs
        (pytest.fail if os.environ.get("CI") else pytest.skip)(NO_BROWSER)
    return found


@asynccontextmanager
async def running_browser() -> AsyncIterator[Browser]:
    path = chromium()
    async with async_playwright() as playwright:
        camera = ["--use-fake-device-for-media-stream"]
        browser = await playwright.chromium.launch(executable_path=path, args=camera)
        try:
            yield browser
        finally:
            await browser.close()


@dataclass(kw_only=True)
class Visit:
    """A page in a browser profile of its own, and all that it asked for and complained of."""

    page: Page
    url: str
    requests: list[Request] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    @property
    def asked(self) -> list[dict[str, Any]]:
        """The bodies of all questions so far."""
        return [request.post_data_json for request in self.requests if request.url.endswith("/v1/chat/completions")]

    async def shot(self, name: str, *, whole: bool = False) -> None:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        await self.page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=whole)

    async def text(self, selector: str) -> str:
        return (await self.page.inner_text(selector)).strip()

    async def ask(self, question: str) -> str:
        """Type, press Enter, wait for the end, and give the last answer."""
        await self.page.fill("#question", question)
        await self.page.press("#question", "Enter")
        return await self.answer()

    async def answer(self) -> str:
        await self.page.wait_for_selector(".exchange:last-child .facts:not(:empty)")
        return await self.text(".exchange:last-child .answer")

    async def violations(self) -> list[str]:
        """What axe-core says of the page as it is, from serious on."""
        await self.page.evaluate(AXE)
        result = await self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{found['id']} ({found['impact']}): {[node['html'][:120] for node in found['nodes']]}"
            for found in result["violations"]
            if found["impact"] in ("serious", "critical")
        ]


@asynccontextmanager
async def visit(browser: Browser, url: str, *, refused: bool = False, **options: Any) -> AsyncIterator[Visit]:
    """Open the console. At the end nothing was fetched from elsewhere, and the browser has complained of nothing.

    With `refused` the server's errors, which the browser writes down too, are no complaints.
    """
    context = await browser.new_context(**{**DESKTOP, **options})
    visited = Visit(page=await context.new_page(), url=url)
    visited.page.set_default_timeout(20_000)
    visited.page.on("request", lambda request: visited.requests.append(request))
    visited.page.on("pageerror", lambda error: visited.complaints.append(str(error)))
    visited.page.on(
        "console",
        lambda message: message.type in ("error", "warning") and visited.complaints.append(message.text),
    )
    try:
        await visited.page.goto(url)
        yield visited
        assert {request.url.split("/")[2] for request in visited.requests if request.url.startswith("http")} == {
            url.split("/")[2]
        }
        complaints = [text for text in visited.complaints if not (refused and text.startswith("Failed to load"))]
        assert complaints == []
    finally:
        await context.close()
