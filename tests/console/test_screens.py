"""The page on small screens, and its first look."""

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from console.browser import PHONE, visit
from harness import PHOTOS, Daemon

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.guests]

COFFEE = PHOTOS / "coffee-cup.jpg"
IS_INSIDE = "document.scrollingElement.scrollWidth <= innerWidth"


def phone(width: int, height: int) -> dict[str, Any]:
    return {**PHONE, "viewport": {"width": width, "height": height}}


@pytest.mark.parametrize(("width", "height"), [(320, 640), (390, 844), (844, 390)])
async def test_a_phone_shows_everything_within_its_width(
    browser: Browser, paced: Daemon, width: int, height: int
) -> None:
    async with visit(browser, paced.url, **phone(width, height)) as seen:
        page = seen.page
        await expect(page.locator("#state")).to_have_text("Ready")
        await expect(page.locator("#temperature")).to_be_visible()
        assert await page.evaluate(IS_INSIDE)
        await expect(page.locator("#state")).to_be_in_viewport(ratio=1)
        assert not await page.evaluate("document.querySelector('#server').open")
        await page.set_input_files("#files", COFFEE)
        await page.wait_for_selector(".tray-item")
        await page.click("#options summary")
        assert await page.evaluate(IS_INSIDE)
        await page.click("#options summary")
        await seen.ask("What colours are there?")
        assert await page.evaluate(IS_INSIDE)
        await seen.shot(f"screen-{width}", whole=True)
        await page.click("#server summary")
        await expect(page.locator("#charts")).to_be_visible()
        assert await page.evaluate(IS_INSIDE)
        assert await seen.violations() == []


async def test_the_dashed_field_opens_the_files_and_several_bad_ones_are_all_named_once(
    browser: Browser, paced: Daemon, tmp_path: Path
) -> None:
    bad = [tmp_path / "one.heic", tmp_path / "two.txt"]
    for path in bad:
        path.write_text("no picture")
    async with visit(browser, paced.url) as seen:
        page = seen.page
        assert await page.evaluate("document.querySelector('#server').open")
        async with page.expect_file_chooser() as asked:
            await page.click("#welcome")
        await (await asked.value).set_files(bad)
        await expect(page.locator("#trouble-message")).to_contain_text("one.heic")
        await expect(page.locator("#trouble-message")).to_contain_text("two.txt")
        await page.set_input_files("#files", COFFEE)
        await page.wait_for_selector(".tray-item")
        await expect(page.locator("#trouble")).to_be_hidden()  # a good one came: that is over


async def test_a_picture_that_takes_long_to_open_is_named_meanwhile(browser: Browser, paced: Daemon) -> None:
    async with visit(browser, paced.url) as seen:
        opening = "window.createImageBitmap = () => new Promise((_, fail) => { window.give_up = fail; });"
        await seen.page.evaluate(f"() => {{ {opening} }}")
        await seen.page.set_input_files("#files", COFFEE)
        await expect(seen.page.locator("#tray")).to_have_text("Opening coffee-cup.jpg …")
        await seen.page.evaluate("() => window.give_up(new Error('too large'))")
        await expect(seen.page.locator("#tray")).to_be_hidden()
        await expect(seen.page.locator("#trouble-message")).to_contain_text("can't open coffee-cup.jpg")


async def test_more_pictures_than_the_model_takes_are_said_before_the_question_is_asked(
    browser: Browser, paced: Daemon
) -> None:
    async with visit(browser, paced.url) as seen:
        page = seen.page
        await expect(page.locator("#state")).to_have_text("Ready")
        await page.set_input_files("#files", COFFEE)
        await page.wait_for_selector(".tray-item")
        await seen.ask("What colours are there?")
        await page.set_input_files("#files", [COFFEE] * 4)
        await page.wait_for_selector(".tray-item:nth-child(4)")
        assert await page.is_hidden("#too-many")
        await page.set_input_files("#files", COFFEE)
        await expect(page.locator("#too-many")).to_have_text(
            "The model takes 5 pictures in a conversation, and there are 6. Remove some, or start over."
        )
        await seen.shot("too-many")
        assert await seen.violations() == []
        await page.click("[aria-label^='Remove picture 1']")
        await expect(page.locator("#too-many")).to_be_hidden()


async def test_the_page_leads_to_the_documentation_and_to_a_real_model(browser: Browser, paced: Daemon) -> None:
    async with visit(browser, paced.url) as seen:
        await seen.page.click("#simulated summary")
        assert "hailo-vision models pull" in await seen.text("#simulated")
        assert await seen.violations() == []
        await seen.page.click("a[href=docs]")
        await seen.page.click("text=The console")
        await seen.page.click("a[href=docs]")
        await expect(seen.page.locator("h1")).to_contain_text("hailo-vision")
