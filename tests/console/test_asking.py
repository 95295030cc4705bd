"""The way from a photo to an answer and on, in a real browser."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from console.browser import DESKTOP, PHONE, visit
from harness import PATIENCE_S, PHOTOS, Daemon
from needs import needs

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.guests]

COFFEE, LAUNCH = PHOTOS / "coffee-cup.jpg", PHOTOS / "launch-pad.jpg"


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("desktop-light", {**DESKTOP, "color_scheme": "light"}),
        ("desktop-dark", {**DESKTOP, "color_scheme": "dark"}),
        ("phone-light", {**PHONE, "color_scheme": "light"}),
        ("phone-dark", {**PHONE, "color_scheme": "dark"}),
    ],
)
async def test_a_photo_is_asked_about_and_asked_about_again(
    browser: Browser, paced: Daemon, name: str, options: dict[str, object]
) -> None:
    async with visit(browser, paced.url, **options) as seen:
        page = seen.page
        await page.wait_for_selector("[data-mood=good]")
        await seen.shot(f"{name}-1-empty")
        assert await seen.violations() == []

        await page.set_input_files("#files", COFFEE)
        await page.wait_for_selector(".tray-item")
        assert await seen.text(".tray-item .small") == "600 × 400, 72 kB, sent as it is"
        await page.click("text=Describe")
        assert await page.input_value("#question") == "Describe this picture."
        await seen.shot(f"{name}-2-picture")
        assert await seen.violations() == []

        await page.click("#submit")
        # A part of the answer is there while the rest is still to come.
        answering = page.locator("body:has(#stop:not([hidden])) .answer")
        await answering.filter(has_text=re.compile(".{20}")).wait_for()
        await seen.shot(f"{name}-3-streaming")
        whole = await seen.answer()
        assert "red" in whole
        facts = await seen.text(".exchange .facts")
        assert re.search(r"first token after (\d+ ms|\d\.\d\d s) · [\d.]+ tokens/s · \d+ tokens", facts)
        assert "Simulated: no model looked at this picture" in facts
        assert await page.is_visible("#simulated")
        assert re.fullmatch(r"\d+ ms|\d\.\d\d s", await seen.text("#first-token"))
        assert re.fullmatch(r"[\d.]+ tokens/s", await seen.text("#speed"))
        assert re.fullmatch(r"\d+ of 2,048 tokens", await seen.text("#context"))

        assert "red" in await seen.ask("Is there anything red?")
        first, second = seen.asked
        assert first["messages"] == second["messages"][:1]
        assert second["messages"][1:] == [
            {"role": "assistant", "content": whole},
            {"role": "user", "content": "Is there anything red?"},
        ]
        assert await page.is_visible(".exchange:last-child .facts")
        await seen.shot(f"{name}-4-answered")
        await seen.shot(f"{name}-5-whole", whole=True)
        assert await seen.violations() == []
        assert await page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")


async def test_a_conversation_that_goes_on_keeps_what_the_device_holds(browser: Browser, paced: Daemon) -> None:
    async with visit(browser, paced.url) as seen:
        before = paced.get("/health")[1]["tokens"]["cached"]
        await seen.page.set_input_files("#files", COFFEE)
        await seen.page.wait_for_selector(".tray-item")
        await seen.ask("What colours are there?")
        await seen.ask("How bright is it?")
        assert paced.get("/health")[1]["tokens"]["cached"] > before


async def test_an_answer_is_stopped_and_the_next_one_comes(browser: Browser, start: Callable[..., Daemon]) -> None:
    daemon = start(simulator={"tokens_per_s": 5}).wait_until_ready()
    async with visit(browser, daemon.url) as seen:
        page = seen.page
        await page.set_input_files("#files", COFFEE)
        await page.wait_for_selector(".tray-item")
        await page.fill("#question", "Describe this picture in detail.")
        await page.click("#submit")
        await page.wait_for_selector(".answer:not(:empty)")
        await page.click("#stop")
        kept = await seen.answer()
        assert kept
        assert "stopped" in await seen.text(".exchange .facts")
        daemon.wait_for(lambda: daemon.get("/health")[1]["queue"]["running"] == 0)
        assert await seen.ask("How many pictures are there?")
        said = seen.asked[1]["messages"][1]
        assert (said["role"], said["content"].strip()) == ("assistant", kept)  # cut anywhere, also after a blank


async def test_stopped_before_the_first_word_the_question_comes_back(
    browser: Browser, start: Callable[..., Daemon]
) -> None:
    daemon = start(simulator={"prefill_s": 600}).wait_until_ready()
    async with visit(browser, daemon.url) as seen:
        page = seen.page
        await page.set_input_files("#files", COFFEE)
        await page.wait_for_selector(".tray-item")
        await page.fill("#question", "What is this?")
        await page.press("#question", "Enter")
        await page.wait_for_selector(".waiting")
        await seen.shot("waiting")
        await page.keyboard.press("Escape")
        await page.wait_for_selector(".exchange", state="detached")
        assert await page.input_value("#question") == "What is this?"
        assert await page.locator(".tray-item").count() == 1


async def test_several_pictures_are_sent_in_order_and_can_be_taken_away(browser: Browser, paced: Daemon) -> None:
    async with visit(browser, paced.url) as seen:
        page = seen.page
        await page.set_input_files("#files", [COFFEE, LAUNCH, COFFEE])
        await page.wait_for_selector(".tray-item:nth-child(3)")
        await page.click("[aria-label='Remove picture 1, coffee-cup.jpg']")
        await expect(page.locator(".tray-name")).to_have_text(["launch-pad.jpg", "coffee-cup.jpg"])
        await page.click("[aria-label^='Move picture 2']")
        await expect(page.locator(".tray-name")).to_have_text(["coffee-cup.jpg", "launch-pad.jpg"])
        assert await seen.violations() == []
        await seen.shot("several-pictures")
        assert "2" in await seen.ask("How many pictures are there?")
        *pictures, question = seen.asked[0]["messages"][0]["content"]
        sizes = [len(part["image_url"]["url"]) for part in pictures]
        assert [size * 3 // 4 // 1000 for size in sizes] == [
            COFFEE.stat().st_size // 1000,
            LAUNCH.stat().st_size // 1000,
        ]
        assert question["text"] == "How many pictures are there?"


async def test_the_same_pictures_start_a_new_conversation(browser: Browser, paced: Daemon) -> None:
    async with visit(browser, paced.url) as seen:
        page = seen.page
        await page.set_input_files("#files", COFFEE)
        await page.wait_for_selector(".tray-item")
        await seen.ask("Is there anything red?")
        await page.click("#same-pictures")
        assert await page.locator(".exchange").count() == 0
        await page.check("#fine")
        await seen.ask("What colours are there?")
        ((message,),) = [asked["messages"] for asked in seen.asked[1:]]
        assert message["content"][0]["image_url"]["detail"] == "high"
        await page.click("#start-over")
        assert await page.is_visible("#welcome")
        assert not await page.is_visible("#code")


async def test_a_question_without_a_picture_is_answered(browser: Browser, paced: Daemon) -> None:
    async with visit(browser, paced.url) as seen:
        assert await seen.ask("Hello!")
        assert seen.asked[0]["messages"] == [{"role": "user", "content": "Hello!"}]


@pytest.mark.parametrize(
    ("preset", "question", "chosen"),
    [
        ("Read the text", "Read the text in this picture.", ""),
        ("Count", "How many things are there in this picture?", "things"),
        ("Is there …", "Is there something in this picture?", "something"),
    ],
)
async def test_a_preset_is_a_question_to_start_from(
    browser: Browser, paced: Daemon, preset: str, question: str, chosen: str
) -> None:
    async with visit(browser, paced.url) as seen:
        await seen.page.click(f"text={preset}")
        field = "document.activeElement"
        assert await seen.page.evaluate(f"{field}.value") == question
        selection = f"{field}.value.slice({field}.selectionStart, {field}.selectionEnd)"
        assert await seen.page.evaluate(selection) == chosen


async def test_it_works_by_keyboard_alone(browser: Browser, paced: Daemon) -> None:
    async with visit(browser, paced.url, reduced_motion="reduce") as seen:
        keys = seen.page.keyboard
        await seen.page.wait_for_selector("[data-mood=good]")
        await keys.press("Tab")
        assert await seen.page.evaluate("document.activeElement.className") == "skip"
        await seen.shot("keyboard-skip")
        await keys.press("Enter")
        await keys.press("Tab")
        assert await seen.page.evaluate("document.activeElement.id") in ("question", "submit")
        await seen.page.focus("#question")
        outline = "getComputedStyle(document.activeElement).outlineStyle"
        assert await seen.page.evaluate(outline) == "solid"
        await keys.type("Describe")
        await keys.press("Shift+Enter")
        await keys.type("yourself.")
        await keys.press("Tab")
        assert await seen.page.evaluate("document.activeElement.id") == "submit"
        await keys.press("Enter")
        assert await seen.page.evaluate("document.activeElement.id") in ("stop", "submit")
        assert await seen.page.evaluate("document.getAnimations().length") == 0
        assert await seen.answer()
        assert seen.asked[0]["messages"][0]["content"] == "Describe\nyourself."
        assert await seen.page.evaluate("document.activeElement.id") == "submit"
        assert (await seen.text("#said")).startswith("Answer: ")


@needs("curl")
async def test_the_examples_ask_what_was_asked(browser: Browser, paced: Daemon, tmp_path: Path) -> None:
    nasty = """It's "red", isn't it? $HOME `ls` \\u0041 \\ PICTURE %s é 🚀\nIs there anything red?"""
    async with visit(browser, paced.url, accept_downloads=True) as seen:
        page = seen.page
        await page.set_input_files("#files", COFFEE)
        await page.wait_for_selector(".tray-item")
        await seen.ask("What colours are there?")
        answer = await seen.ask(nasty)
        async with page.expect_download() as download:
            await page.click("#saves a")
        saved = await download.value
        assert saved.suggested_filename == "photo-1.jpg"
        await saved.save_as(tmp_path / saved.suggested_filename)
        assert (tmp_path / saved.suggested_filename).read_bytes() == COFFEE.read_bytes()
        curl = await page.text_content("#snippet")
        await page.check("input[value=python]", force=True)
        python = await page.text_content("#snippet")
        await page.click("#copy")
    assert run_example(["sh", "-c", str(curl)], tmp_path) == answer
    assert run_example([sys.executable, "-W", "error", "-c", str(python)], tmp_path) == answer


def run_example(command: list[str], folder: Path) -> str:
    """What an example gets for an answer: as the server's JSON, or printed."""
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=PATIENCE_S, text=True, check=False)
    assert done.returncode == 0, done.stderr
    if done.stdout.startswith("{"):
        return str(json.loads(done.stdout)["choices"][0]["message"]["content"])
    return done.stdout.strip()
