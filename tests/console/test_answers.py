"""What can be done with an answer: read it as it was meant, copy, ask again, edit, go on, save."""

import json
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Route, expect

from console.browser import Visit, visit
from harness import PHOTOS, Daemon, ask, posting

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.guests]

COFFEE = PHOTOS / "coffee-cup.jpg"
LAST = ".exchange:last-child"
MARKDOWN = """# Cups

1. **red** cup
2. `code` and *more*
   - <b>inner</b>

| Name | Count |
|---|---|
| cup | 1 |

```python
print("<script>alert(1)</script>")
```
<img src=x onerror="document.title='broken in'"> <script>document.title = 'broken in'</script>
[link](javascript:document.title='broken') ![picture](https://evil.example/x.png)
"""


def streaming(text: str) -> Callable[[Route], object]:
    """A model that says `text`, letter by letter."""

    def chunk(delta: dict[str, str], reason: str | None) -> str:
        choices = [{"index": 0, "delta": delta, "finish_reason": reason}]
        return f"data: {json.dumps({'choices': choices})}\n\n"

    body = "".join(chunk({"content": letter}, None) for letter in text) + chunk({}, "stop") + "data: [DONE]\n\n"
    return lambda route: route.fulfill(content_type="text/event-stream", body=body)


async def do(seen: Visit, words: str) -> None:
    """Press a button of the last answer."""
    await seen.page.click(f"{LAST} .actions button:has-text('{words}')")


@pytest_asyncio.fixture(loop_scope="module")
async def seen(browser: Browser, paced: Daemon) -> AsyncIterator[Visit]:
    permissions = ["clipboard-read", "clipboard-write"]
    async with visit(browser, paced.url, permissions=permissions, accept_downloads=True) as visited:
        yield visited


async def test_markdown_is_shown_as_it_was_meant_and_html_stays_text(seen: Visit) -> None:
    page = seen.page
    await page.context.route("**/v1/chat/completions", streaming(MARKDOWN))
    await seen.ask("Say it all.")
    answer = page.locator(".answer")
    assert await answer.locator("h4").inner_text() == "Cups"
    assert await answer.locator("ol > li strong").inner_text() == "red"
    assert await answer.locator("ol ul li").inner_text() == "<b>inner</b>"
    assert await answer.locator("td").all_inner_texts() == ["cup", "1"]
    assert await answer.locator("pre").inner_text() == 'print("<script>alert(1)</script>")'
    elements = "[...document.querySelectorAll('.answer *')]"
    tags = set(await page.evaluate(f"{elements}.map((one) => one.localName)"))
    assert tags.isdisjoint({"b", "a", "img", "script", "iframe", "style", "svg"})
    attributes = set(await page.evaluate(f"{elements}.flatMap((one) => one.getAttributeNames())"))
    assert attributes <= {"tabindex", "role", "aria-label", "class", "start"}
    assert await page.title() == "Hailo Vision"
    assert "javascript:document.title" in await answer.inner_text()
    await seen.shot("markdown", whole=True)
    assert await seen.violations() == []
    await do(seen, "Copy")
    await expect(page.locator(f"{LAST} .actions")).to_contain_text("Copied")
    assert await page.evaluate("navigator.clipboard.readText()") == MARKDOWN


async def test_an_answer_can_be_asked_for_again_and_its_question_be_edited(seen: Visit) -> None:
    page = seen.page
    await page.set_input_files("#files", COFFEE)
    await page.wait_for_selector(".tray-item")
    await seen.ask("Is there anything red?")
    await do(seen, "Ask again")
    await page.wait_for_selector("#submit:not([hidden])")
    assert "red" in await seen.answer()
    assert seen.asked[0] == seen.asked[1]
    assert await page.locator(".exchange").count() == 1

    await do(seen, "Edit the question")
    assert await page.input_value("#question") == "Is there anything red?"
    assert await page.is_visible("#editing")
    await seen.shot("editing")
    assert await seen.violations() == []
    await page.click("#editing-stop")
    assert (await page.input_value("#question"), await page.locator(".tray-item").count()) == ("", 0)
    assert await page.is_hidden("#editing")

    await do(seen, "Edit the question")
    await seen.ask("What colours are there?")
    await expect(page.locator(".question")).to_have_text(["What colours are there?"])
    assert [len(asked["messages"]) for asked in seen.asked] == [1, 1, 1]
    assert seen.asked[2]["messages"][0]["content"][0] == seen.asked[0]["messages"][0]["content"][0]


async def test_the_last_answer_stays_when_its_question_can_not_be_asked_again(
    browser: Browser, start: Callable[..., Daemon]
) -> None:
    daemon = start().wait_until_ready()
    async with visit(browser, daemon.url, refused=True) as seen:
        kept = await seen.ask("Hello!")
        daemon.stop()
        await do(seen, "Ask again")
        await expect(seen.page.locator("#trouble-message")).to_have_text("The server did not answer.")
        assert await seen.text(f"{LAST} .answer") == kept
        assert await seen.page.input_value("#question") == "Hello!"


async def test_options_are_sent_shown_as_code_and_a_cut_answer_goes_on(seen: Visit) -> None:
    page = seen.page
    await page.click("#options summary")
    await page.fill("#system", "Answer in one sentence.")
    await page.fill("#max-tokens", "5")
    await page.fill("#temperature-choice", "0.3")
    await seen.shot("options")
    assert await seen.violations() == []
    cut = await seen.ask("Describe yourself.")
    asked = seen.asked[0]
    assert (asked["max_completion_tokens"], asked["temperature"]) == (5, 0.3)
    system = asked["messages"][0]
    assert system == {"role": "system", "content": "Answer in one sentence."}
    assert "cut at the longest answer allowed" in await seen.text(".exchange .facts")

    # What was asked, and not the answer that came since.
    for language, form in (("python", "max_completion_tokens=5,"), ("curl", '"max_completion_tokens":5')):
        await page.check(f"input[value={language}]", force=True)
        snippet = await seen.text("#snippet")
        assert form in snippet
        assert "assistant" not in snippet

    await page.fill("#max-tokens", "")
    await do(seen, "Continue")
    await expect(page.locator(f"{LAST} .facts")).to_contain_text("tokens")
    answer, more = seen.asked[1]["messages"][2:]
    assert (answer["role"], answer["content"].strip()) == ("assistant", cut)
    assert more == {"role": "user", "content": "Go on exactly where you stopped."}
    assert "max_completion_tokens" not in seen.asked[1]
    assert await page.locator(f"{LAST} .actions button:has-text('Continue')").count() == 0

    await page.fill("#temperature-choice", "3")
    await page.click("#options summary")  # folds it: a fault in there must not stop the question silently
    await page.fill("#question", "Hello!")
    await page.press("#question", "Enter")
    await expect(page.locator("#temperature-choice")).to_be_visible()
    assert len(seen.asked) == 2


async def test_the_engine_that_answered_stands_beside_the_answer(seen: Visit) -> None:
    await seen.ask("Hello!")
    assert "answered by the engine simulated" in await seen.text(".exchange .facts")


async def test_while_others_are_answered_the_place_and_the_seconds_are_shown(
    browser: Browser, start: Callable[..., Daemon]
) -> None:
    daemon = start(simulator={"tokens_per_s": 8}).wait_until_ready()
    async with visit(browser, daemon.url) as seen:
        question = ask("Describe yourself at length, please.")
        with posting(daemon, question) as one, posting(daemon, question) as two:
            daemon.wait_for(lambda: daemon.get("/health")[1]["queue"]["waiting"] == 1)
            await seen.page.fill("#question", "Hello!")
            await seen.page.press("#question", "Enter")
            waiting = re.compile(r"^Waiting, place [12] in the queue at most, \d+ s$")
            await expect(seen.page.locator(".waiting")).to_have_text(waiting)
            await seen.shot("queued")
            assert await seen.answer()
            assert (one.result()[0], two.result()[0]) == (200, 200)


async def test_a_picture_is_enlarged_and_closed_again(seen: Visit) -> None:
    page = seen.page
    await page.set_input_files("#files", COFFEE)
    await page.click(".tray-item .enlarge")
    await page.wait_for_selector("#large[open]")
    await seen.shot("enlarged")
    assert await seen.violations() == []
    await page.keyboard.press("Escape")
    await page.wait_for_selector("#large:not([open])", state="attached")
    await seen.ask("What colours are there?")
    await page.click(".exchange .enlarge")
    await expect(page.locator("#large-picture")).to_have_attribute("alt", "Picture 1: coffee-cup.jpg")
    await page.click("#large-picture")
    await page.wait_for_selector("#large:not([open])", state="attached")


async def test_a_conversation_is_saved_as_text_and_not_left_unsaved_without_a_question(
    seen: Visit, tmp_path: Path
) -> None:
    page = seen.page
    is_asked = "!dispatchEvent(new Event('beforeunload', { cancelable: true }))"
    assert not await page.evaluate(is_asked)
    answer = await seen.ask("Hello!")
    assert await page.evaluate(is_asked)
    async with page.expect_download() as download:
        await page.click("#save")
    saved = await download.value
    assert re.fullmatch(r"hailo-vision-\d{4}-\d\d-\d\d\.txt", saved.suggested_filename)
    await saved.save_as(tmp_path / "talk.txt")
    assert (tmp_path / "talk.txt").read_text().strip() == f"Question: Hello!\n\n{answer}"
    assert not await page.evaluate(is_asked)
    await seen.ask("And again!")
    assert await page.evaluate(is_asked)
    async with page.expect_download():
        await page.click("#save")
    await page.click("#start-over")
    await seen.ask("Something else!")
    assert await page.evaluate(is_asked)
    async with page.expect_event("dialog") as question:
        await page.close(run_before_unload=True)
    dialog = await question.value
    assert dialog.type == "beforeunload"
    await dialog.accept()
