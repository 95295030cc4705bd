"""What the page says when something is wrong, and what it says of the server all the time."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import Browser, Route, expect

from console.browser import PHONE, visit
from harness import MODEL, PHOTOS, Daemon, ask, posting

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.guests]

COFFEE = PHOTOS / "coffee-cup.jpg"


async def test_a_refusal_is_told_with_the_next_step_and_can_be_tried_again(
    browser: Browser, start: Callable[..., Daemon]
) -> None:
    daemon = start(queue={"depth": 0}, simulator={"tokens_per_s": 5}).wait_until_ready()
    async with visit(browser, daemon.url, refused=True) as seen:
        page = seen.page
        await page.set_input_files("#files", COFFEE)
        await page.wait_for_selector(".tray-item")
        with posting(daemon, ask("Describe yourself at length, please.")) as other:
            daemon.wait_for(lambda: daemon.get("/health")[1]["queue"]["running"] == 1)
            await page.fill("#question", "Is there anything red?")
            await page.press("#question", "Enter")
            await page.wait_for_selector("#trouble:not([hidden])")
            assert other.result()[0] == 200
        assert "The queue is full" in await seen.text("#trouble-message")
        assert "Others are being answered. Try again in" in await seen.text("#trouble-next")
        await seen.shot("refused")
        assert await seen.violations() == []
        assert await page.input_value("#question") == "Is there anything red?"
        assert await page.locator(".tray-item").count() == 1
        await page.click("#again")
        assert "red" in await seen.answer()
        assert not await page.is_visible("#trouble")


async def test_a_question_over_the_context_says_what_to_do(browser: Browser, daemon: Daemon) -> None:
    async with visit(browser, daemon.url, refused=True) as seen:
        await seen.page.fill("#question", "word and " * 2000)
        await seen.page.press("#question", "Enter")
        await seen.page.wait_for_selector("#trouble:not([hidden])")
        assert "2048 tokens" in await seen.text("#trouble-message")
        assert "a new question about the same pictures" in await seen.text("#trouble-next")


async def test_an_answer_that_breaks_off_says_so_and_gives_the_question_back(
    browser: Browser, start: Callable[..., Daemon]
) -> None:
    daemon = start(simulator={"tokens_per_s": 5}).wait_until_ready()
    async with visit(browser, daemon.url, refused=True) as seen:
        await seen.page.fill("#question", "Describe yourself at length, please.")
        await seen.page.click("#submit")
        await seen.page.wait_for_selector(".answer:not(:empty)")
        daemon.kill_worker()
        await seen.page.wait_for_selector("#trouble:not([hidden])")
        assert "broken off" in await seen.text(".exchange .facts")
        assert "The process that owns the device ended" in await seen.text("#trouble-message")
        assert await seen.page.input_value("#question") == "Describe yourself at length, please."


async def test_a_server_that_is_gone_is_named_and_met_again(browser: Browser, start: Callable[..., Daemon]) -> None:
    daemon = start().wait_until_ready()
    port = int(daemon.url.rpartition(":")[2])
    async with visit(browser, daemon.url, refused=True) as seen:
        await seen.page.wait_for_selector("[data-mood=good]")
        daemon.stop()
        await expect(seen.page.locator("#state")).to_have_text("No answer")
        await seen.page.fill("#question", "Hello?")
        await seen.page.click("#submit")
        assert "The server did not answer." in await seen.text("#trouble-message")
        assert "Look whether the daemon runs" in await seen.text("#trouble-next")
        await seen.shot("gone")
        start(server={"port": port}).wait_until_ready()
        await expect(seen.page.locator("#state")).to_have_text("Ready")
        await seen.page.click("#again")
        assert await seen.answer()


async def test_a_question_waits_for_the_model_and_is_then_asked_by_itself(
    browser: Browser, start: Callable[..., Daemon]
) -> None:
    daemon = start(simulator={"load_s": 6})
    async with visit(browser, daemon.url, refused=True) as seen:
        await expect(seen.page.locator("#state")).to_have_text("Loading the model")
        await seen.page.fill("#question", "Hello?")
        await seen.page.click("#submit")
        await expect(seen.page.locator(".waiting")).to_contain_text("The model is being loaded; your question is asked")
        await expect(seen.page.locator(".waiting")).to_contain_text(re.compile(r", \d+ s$"))
        assert await seen.page.is_hidden("#trouble")
        await seen.shot("loading")
        assert await seen.violations() == []
        assert await seen.answer()
        await expect(seen.page.locator("#state")).to_have_text("Ready")
        assert await seen.page.is_hidden("#state-message")
        assert len(seen.asked) >= 2
        assert seen.asked[0] == seen.asked[-1]


async def test_a_question_that_waits_for_the_model_is_told_when_it_fails_and_can_be_stopped(
    browser: Browser, start: Callable[..., Daemon]
) -> None:
    daemon = start(simulator={"load_s": 600})
    async with visit(browser, daemon.url, refused=True, **PHONE) as seen:
        for stop in ("Escape", None):
            await seen.page.fill("#question", "Hello?")
            await seen.page.click("#submit")
            await expect(seen.page.locator(".waiting")).to_contain_text("The model is being loaded")
            if stop:
                await seen.page.keyboard.press(stop)
            else:
                daemon.stop()
            await seen.page.wait_for_selector(".exchange", state="detached")
            assert await seen.page.input_value("#question") == "Hello?"
        await expect(seen.page.locator("#trouble-message")).to_have_text("The server did not answer.")
        await expect(seen.page.locator("#trouble")).to_be_in_viewport(ratio=1)
        await seen.shot("gone-phone")


async def test_a_chip_that_fails_is_shown_with_its_reason(browser: Browser, start: Callable[..., Daemon]) -> None:
    daemon = start(simulator={"fault": "hef_missing"})
    async with visit(browser, daemon.url, **PHONE, color_scheme="dark") as seen:
        await expect(seen.page.locator("#state")).to_have_text("Not available")
        message = daemon.get("/health")[1]["message"]
        await expect(seen.page.locator("#state-message")).to_have_text(message)
        await seen.shot("not-available")
        assert await seen.violations() == []


async def test_a_fallback_that_answers_for_the_chip_is_shown(
    browser: Browser, daemon: Daemon, start: Callable[..., Daemon]
) -> None:
    remote = {"base_url": f"{daemon.url}/v1", "model": MODEL}
    routing = {"fallback": "remote", "send_pictures_away": True}
    running = start(simulator={"fault": "hef_missing"}, remote=remote, routing=routing).wait_until_ready()
    async with visit(browser, running.url) as seen:
        await expect(seen.page.locator("#state")).to_have_text("Ready, by the fallback")
        assert await seen.ask("Hello!")


async def test_the_charts_follow_the_server(browser: Browser, paced: Daemon) -> None:
    async with visit(browser, paced.url) as seen:
        charts = seen.page.locator("#charts svg")
        await expect(seen.page.locator("#temperature")).to_have_text(re.compile(r"\d+ °C"))
        await expect(charts.nth(2)).to_have_attribute("aria-label", re.compile(r"Chip temperature, .* now \d+ °C"))
        question = ask("Describe yourself at length, please.")  # three of them outlast the page's pause of 2 s
        with posting(paced, question) as one, posting(paced, question) as two, posting(paced, question) as three:
            await expect(seen.page.locator("#state")).to_have_text("Answering")
            await expect(charts.nth(0)).to_have_attribute(
                "aria-label", re.compile("Requests running and waiting, .* most [123]")
            )
            assert [other.result()[0] for other in (one, two, three)] == [200] * 3
        tokens = re.compile(r"Tokens a second, over a minute, last 5 minutes: now [1-9\d.]*[1-9]")
        await expect(charts.nth(1)).to_have_attribute("aria-label", tokens)
        for index in range(3):
            line = await charts.nth(index).locator(".chart-line").get_attribute("d")
            assert re.fullmatch(r"M[\d.]+ [\d.]+(L[\d.]+ [\d.]+)+", str(line))


async def stripped(route: Route) -> None:
    """A reverse proxy that has the server under a path of its own."""
    await route.fulfill(response=await route.fetch(url=route.request.url.replace("/vision/", "/")))


async def test_it_works_under_a_path_of_a_reverse_proxy(browser: Browser, daemon: Daemon) -> None:
    async with visit(browser, daemon.url) as seen:
        await seen.page.context.route("**/vision/**", stripped)
        await seen.page.goto(f"{daemon.url}/vision/")
        await expect(seen.page.locator("#state")).to_have_text("Ready")
        assert await seen.ask("Hello!")
        assert seen.requests[-1].url.startswith(f"{daemon.url}/vision/")
        assert f"{daemon.url}/vision/v1/chat/completions" in await seen.text("#snippet")


async def guarded(route: Route) -> None:
    """A server with keys: what /v1 says to who has none, or another."""
    if await route.request.header_value("Authorization") == "Bearer sesame":
        await route.continue_()
        return
    error: dict[str, Any] = {
        "message": "Incorrect API key provided.",
        "type": "invalid_request_error",
        "param": None,
        "code": "invalid_api_key",
    }
    await route.fulfill(status=401, content_type="application/json", body=json.dumps({"error": error}))


async def test_with_keys_on_it_asks_for_one_and_keeps_it_in_the_session(browser: Browser, daemon: Daemon) -> None:
    async with visit(browser, daemon.url, refused=True) as seen:
        page = seen.page
        await page.context.route("**/v1/**", guarded)
        await page.reload()
        await page.wait_for_selector("#key[open]")
        await seen.shot("key")
        assert await seen.violations() == []
        await page.click("#key-close")

        await page.fill("#question", "Hello!")
        await page.press("#question", "Enter")
        await page.wait_for_selector("#key[open]")
        await page.fill("#key-text", "wrong")
        await page.keyboard.press("Enter")
        await page.wait_for_selector("#key:not([open])", state="attached")
        await page.click("#again")
        await page.wait_for_selector("#key[open]")
        assert "Incorrect API key provided." in await seen.text("#key-said")
        await page.fill("#key-text", "sesame")
        await page.keyboard.press("Enter")
        await page.click("#again")
        assert await seen.answer()

        assert await page.evaluate("[sessionStorage.length, localStorage.length, document.cookie]") == [1, 0, ""]
        assert "sesame" not in await page.content()
        assert "$HAILO_VISION_API_KEY" in await seen.text("#snippet")
        await page.reload()
        assert await seen.ask("Hello again!")
        await page.click("#forget-key")
        assert await page.evaluate("sessionStorage.length") == 0
        assert await page.is_hidden("#forget-key")
