"""Which model is asked, and that nothing is offered that it can't do."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from console.browser import PHONE, visit
from console.test_pictures import hand_over
from harness import MODEL, PHOTOS, Daemon

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.guests]

COFFEE = PHOTOS / "coffee-cup.jpg"


@pytest.fixture(scope="module")
def several(paced: Daemon, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """The chip's model with two names, and one that reads text alone."""
    there = {"engine": "remote", "base_url": f"{paced.url}/v1", "remote_name": MODEL}
    models: list[dict[str, Any]] = [
        {"name": "chip", "aliases": ["gpt-4o"], "engine": "simulated"},
        {"name": "words", "kind": "text", **there},
    ]
    running = Daemon(tmp_path_factory.mktemp("several"), {"models": models})
    running.wait_for(lambda: all(one["state"] == "ready" for one in running.get("/health")[1]["models"]))
    yield running
    assert running.stop() == 0, running.log


@pytest.mark.parametrize(
    "options", [{}, {**PHONE, "viewport": {"width": 320, "height": 640}}], ids=["desktop", "phone"]
)
async def test_a_model_is_chosen_and_what_it_can_not_do_is_not_offered(
    browser: Browser, several: Daemon, options: dict[str, Any]
) -> None:
    async with visit(browser, several.url, **options) as seen:
        page = seen.page
        await page.wait_for_selector("#model-choice:not([hidden])")
        assert await page.locator("#model-choice option").all_inner_texts() == ["chip", "words"]
        assert await page.input_value("#model-choice") == "chip"
        assert await page.is_visible("#choose")
        await expect(page.locator("#welcome")).to_contain_text("goes to this server and nowhere else")
        await seen.ask("Hello!")
        assert "answered by chip on the engine simulated" in await seen.text(".exchange .facts")
        await page.click("#start-over")

        await page.select_option("#model-choice", "words")
        for hidden in ("#choose", "#take", "#fine", "#presets", "#welcome"):
            assert await page.is_hidden(hidden), hidden
        await expect(page.locator("#welcome-text")).to_contain_text("reads text alone")
        await expect(page.locator("#welcome-text")).to_contain_text("which may ask another server")
        await seen.shot(f"text-alone-{'phone' if options else 'desktop'}")
        assert await seen.violations() == []
        assert await page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
        await hand_over(page, "drop", COFFEE)
        await expect(page.locator("#trouble")).to_contain_text("takes no pictures")
        assert await page.locator(".tray-item").count() == 0
        await seen.ask("Hello!")
        assert [asked["model"] for asked in seen.asked] == ["chip", "words"]
        assert "answered by words on the engine remote" in await seen.text(".exchange .facts")
        assert '"model":"words"' in await seen.text("#snippet")


async def test_an_engine_without_a_chip_has_no_temperature(browser: Browser, several: Daemon) -> None:
    async with visit(browser, several.url) as seen:
        await seen.page.context.route("**/health", lambda route: _without_chip(route, several))
        await seen.page.reload()
        await expect(seen.page.locator("#state")).to_have_text("Ready")
        charts = seen.page.locator("#charts .chart")
        await expect(charts.nth(0)).to_be_visible()
        await expect(charts.nth(2)).to_be_hidden()
        assert await seen.page.is_hidden("#temperature")


async def _without_chip(route: Any, daemon: Daemon) -> None:
    await route.fulfill(json={**daemon.get("/health")[1], "chip": None})
