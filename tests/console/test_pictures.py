"""Photos on their way into a question: dropped, pasted, taken, made smaller."""

import base64
import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.async_api import Browser, Page

from console.browser import PHONE, Visit, visit
from harness import PHOTOS, Daemon

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.guests]

COFFEE = PHOTOS / "coffee-cup.jpg"

# The event as a person's browser makes it, with a file of its own, since the test has no mouse that holds one.
HAND_OVER = """([kind, name, type, data]) => {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const held = new DataTransfer();
  held.items.add(new File([bytes], name, { type }));
  const options = { bubbles: true, cancelable: true };
  const event = kind === "paste" ? new ClipboardEvent(kind, { ...options, clipboardData: held })
                                 : new DragEvent(kind, { ...options, dataTransfer: held });
  document.body.dispatchEvent(event);
}"""


async def hand_over(page: Page, kind: str, path: Path) -> None:
    data = base64.b64encode(path.read_bytes()).decode()
    await page.evaluate(HAND_OVER, [kind, path.name, "image/jpeg", data])


def drawn(path: Path, size: tuple[int, int], *, orientation: int = 1) -> Path:
    """A picture of two halves, the upper one red, in the format of its suffix."""
    picture = Image.new("RGB", size, "blue")
    picture.paste("red", (0, 0, size[0], size[1] // 2))
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture.save(path, exif=exif)
    return path


def sent(seen: Visit) -> tuple[str, Image.Image]:
    """The type and the pixels of the one picture of the last question."""
    (part, _) = seen.asked[-1]["messages"][0]["content"]
    kind, _, data = part["image_url"]["url"].partition(";base64,")
    return kind.removeprefix("data:"), Image.open(io.BytesIO(base64.b64decode(data)))


async def chosen(seen: Visit, path: Path) -> str:
    """What the page says of a picture that was chosen."""
    await seen.page.set_input_files("#files", path)
    await seen.page.wait_for_selector(".tray-item")
    return await seen.text(".tray-item .small")


@pytest.mark.parametrize("kind", ["drop", "paste"])
async def test_a_photo_can_be_dropped_and_pasted(browser: Browser, daemon: Daemon, kind: str) -> None:
    async with visit(browser, daemon.url) as seen:
        if kind == "drop":
            await hand_over(seen.page, "dragover", COFFEE)
            await seen.page.wait_for_selector(".drop p")
            await seen.shot("dropping")
        await hand_over(seen.page, kind, COFFEE)
        await seen.page.wait_for_selector(".tray-item")
        assert not await seen.page.is_visible(".drop p")
        assert "red" in await seen.ask("Is there anything red?")


async def test_a_question_waits_for_the_pictures_that_are_on_their_way(browser: Browser, daemon: Daemon) -> None:
    submit = "document.querySelector('#composer').requestSubmit()"
    twice = f"(file) => {{ const give = {HAND_OVER}; give(file); give(file); {submit}; }}"
    async with visit(browser, daemon.url) as seen:
        await seen.page.fill("#question", "Is there anything red?")
        data = base64.b64encode(COFFEE.read_bytes()).decode()
        await seen.page.evaluate(twice, ["drop", COFFEE.name, "image/jpeg", data])
        assert "red" in await seen.answer()
        assert [part["type"] for part in seen.asked[0]["messages"][0]["content"]] == ["image_url", "image_url", "text"]
        assert await seen.text("#saves") == "Reads photo-1.jpg photo-2.jpg"


async def test_a_large_photo_is_made_smaller_and_the_page_says_so(
    browser: Browser, daemon: Daemon, tmp_path: Path
) -> None:
    async with visit(browser, daemon.url, **PHONE) as seen:
        note = await chosen(seen, drawn(tmp_path / "large.jpg", (4032, 3024)))
        assert note.startswith("4032 × 3024, ")
        assert "made smaller: 1344 × 1008, " in note
        await seen.shot("made-smaller")
        await seen.ask("What colours are there?")
        kind, picture = sent(seen)
        assert (kind, picture.size) == ("image/jpeg", (1344, 1008))
        assert (await seen.text(".exchange figcaption")) == note


async def test_a_photo_on_its_side_is_upright_when_it_is_made_smaller(
    browser: Browser, daemon: Daemon, tmp_path: Path
) -> None:
    async with visit(browser, daemon.url) as seen:
        note = await chosen(seen, drawn(tmp_path / "side.jpg", (4032, 3024), orientation=6))
        assert note.startswith("3024 × 4032, ")
        await seen.ask("What colours are there?")
        _, picture = sent(seen)
        assert picture.size == (1008, 1344)
        red, _, blue = picture.convert("RGB").getpixel((900, 700))  # a quarter turn clockwise: red is on the right
        assert red > 200 > 50 > blue


@pytest.mark.parametrize("suffix", ["png", "webp", "gif", "bmp", "jpg"])
async def test_a_small_one_is_sent_as_it_is(browser: Browser, daemon: Daemon, tmp_path: Path, suffix: str) -> None:
    async with visit(browser, daemon.url) as seen:
        path = drawn(tmp_path / f"small.{suffix}", (640, 480))
        assert (await chosen(seen, path)).endswith("sent as it is")
        await seen.ask("What colours are there?")
        (part, _) = seen.asked[0]["messages"][0]["content"]
        assert base64.b64decode(part["image_url"]["url"].partition(",")[2]) == path.read_bytes()


async def test_a_picture_that_the_server_does_not_read_becomes_a_jpeg_on_white(
    browser: Browser, daemon: Daemon, tmp_path: Path
) -> None:
    path = tmp_path / "clear.ico"
    Image.new("RGBA", (64, 64), (0, 0, 0, 0)).save(path)
    async with visit(browser, daemon.url) as seen:
        assert " saved as JPEG: 64 × 64, " in await chosen(seen, path)
        await seen.ask("What colours are there?")
        kind, picture = sent(seen)
        assert (kind, picture.getpixel((1, 1))) == ("image/jpeg", (255, 255, 255))


async def test_what_is_no_picture_is_refused_in_words(browser: Browser, daemon: Daemon, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("no picture")
    async with visit(browser, daemon.url) as seen:
        await seen.page.set_input_files("#files", [path, COFFEE])
        await seen.page.wait_for_selector(".tray-item")
        assert "This browser can't open notes.txt as a picture." in await seen.text("#trouble")
        assert "Choose a JPEG" in await seen.text("#trouble")
        assert not await seen.page.is_visible("#again")
        assert await seen.violations() == []


async def test_a_photo_is_taken_with_the_camera(browser: Browser, daemon: Daemon) -> None:
    async with visit(browser, daemon.url, permissions=["camera"]) as seen:
        await seen.page.click("#take")
        await seen.page.wait_for_selector("#camera-shoot:enabled")
        await seen.shot("camera")
        assert await seen.violations() == []
        await seen.page.click("#camera-shoot")
        await seen.page.wait_for_selector(".tray-item")
        assert await seen.text(".tray-name") == "camera.jpg"
        assert await seen.page.evaluate("document.querySelector('#camera-view').srcObject") is None
        await seen.ask("What colours are there?")
        kind, picture = sent(seen)
        assert kind == "image/jpeg"
        assert min(picture.size) > 100


async def test_a_camera_that_is_not_allowed_is_explained(browser: Browser, daemon: Daemon) -> None:
    async with visit(browser, daemon.url) as seen:
        await seen.page.click("#take")
        await seen.page.wait_for_selector("#camera-trouble:not([hidden])")
        assert "Allow it beside the address, or choose a photo" in await seen.text("#camera-trouble")
        assert await seen.violations() == []
        await seen.page.keyboard.press("Escape")
        assert not await seen.page.is_visible("#camera")


async def test_over_plain_http_the_phone_s_own_camera_takes_the_photo(browser: Browser, daemon: Daemon) -> None:
    options: dict[str, Any] = {**PHONE}
    async with visit(browser, daemon.url, **options) as seen:
        await seen.page.evaluate("Object.defineProperty(window, 'isSecureContext', { value: false })")
        async with seen.page.expect_file_chooser() as asked:
            await seen.page.click("#take")
        chooser = await asked.value
        assert await chooser.element.get_attribute("capture") == "environment"
        await chooser.set_files(COFFEE)
        await seen.page.wait_for_selector(".tray-item")
