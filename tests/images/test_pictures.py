"""The pictures of a request, together."""

import asyncio
import base64
import threading
from dataclasses import replace

import pytest
from PIL import Image
from waiters import ANYONE

from hailo_vision.chat import Detail, Frame, ImageRef
from hailo_vision.config.settings import Images
from hailo_vision.errors import ConversationError, Expired, ImageFault, RequestError, UnusableImage
from hailo_vision.images.pictures import PictureRecord, Pictures
from hailo_vision.scheduler.turns import Waiter
from images.drawn import BLUE, GREEN, GREY, RED, corners, data_uri, encoded, noise, pixel
from images.sites import Answer, Site, ok, response, silence

SETTINGS = Images(fetch_allow=("127.0.0.1",))


def refs(*urls: str) -> list[ImageRef]:
    return [ImageRef(url=url, param=f"messages[0].content[{place}].image_url.url") for place, url in enumerate(urls)]


def plain(colour: tuple[int, int, int], file_format: str = "PNG") -> bytes:
    return encoded(Image.new("RGB", (20, 10), colour), file_format)


async def seen(pictures: Pictures, some: list[ImageRef], width_px: int, height_px: int) -> tuple[Frame, ...]:
    """The one frame of each."""
    parts = await pictures.prepare(some, ANYONE, width_px=width_px, height_px=height_px)
    frames = [part for (part,) in (each.parts for each in parts)]
    assert all(isinstance(frame, Frame) for frame in frames)
    return tuple(frames)  # type: ignore[arg-type]


async def frames(*urls: str, settings: Images = SETTINGS) -> tuple[Frame, ...]:
    pictures = Pictures(settings)
    try:
        return await seen(pictures, refs(*urls), width_px=32, height_px=32)
    finally:
        await pictures.aclose()


async def refusal(*urls: str, settings: Images = SETTINGS) -> RequestError:
    with pytest.raises(RequestError) as caught:
        await frames(*urls, settings=settings)
    return caught.value


async def unusable(*urls: str, settings: Images = SETTINGS) -> UnusableImage:
    refused = await refusal(*urls, settings=settings)
    assert isinstance(refused, UnusableImage)
    return refused


async def test_frames_come_in_the_order_of_their_pictures() -> None:
    async with Site({"/b": ok(plain(GREEN))}) as site:
        big = data_uri(encoded(noise(2000, 1500), "PNG", compress_level=1))
        seen = await frames(big, data_uri(plain(RED)), site.url("/b"), base64.b64encode(plain(BLUE, "BMP")).decode())
    assert [(frame.width_px, frame.height_px) for frame in seen] == [(32, 32)] * 4
    assert [pixel(frame, 16, 16) for frame in seen[1:]] == [RED, GREEN, BLUE]


async def test_no_pictures_make_no_frames() -> None:
    assert await frames() == ()


@pytest.mark.parametrize(("fit", "corner"), [("pad", GREY), ("stretch", RED), ("crop", RED)])
async def test_the_operators_fit_is_used(fit: str, corner: tuple[int, int, int]) -> None:
    settings = Images(fit=fit)  # type: ignore[arg-type]
    (seen,) = await frames(data_uri(plain(RED)), settings=settings)
    assert pixel(seen, 0, 0) == corner


async def test_too_many_pictures_are_refused_with_both_numbers_before_any_work() -> None:
    async with Site({}) as site:
        refused = await refusal(*[site.url()] * 5)
        assert site.connections == 0
    assert isinstance(refused, ConversationError)
    assert "5 images" in str(refused)
    assert "up to 4" in str(refused)


async def test_a_server_can_take_no_pictures_at_all() -> None:
    assert "up to 0" in str(await refusal(data_uri(plain(RED)), settings=Images(max_per_request=0)))


@pytest.mark.parametrize(
    ("url", "fault", "reason"),
    [
        ("", ImageFault.EMPTY, "is empty."),
        ("file:///etc/passwd", ImageFault.BAD_ADDRESS, "files are never read"),
        ("/etc/passwd", ImageFault.BAD_ADDRESS, "paths are never read"),
        ("data:image/png;base64,", ImageFault.EMPTY, "is an empty file"),
        ("data:image/png;base64,!", ImageFault.BAD_BASE64, "characters that base64 does not have"),
        (data_uri(b"hello"), ImageFault.NO_IMAGE, "is no image in a known format"),
        (data_uri(b"<svg/>", "image/svg+xml"), ImageFault.UNSUPPORTED_FORMAT, "is an SVG file"),
        (data_uri(plain(RED, "TIFF")), ImageFault.UNSUPPORTED_FORMAT, "is a TIFF file"),
        (data_uri(plain(RED)[:40]), ImageFault.UNREADABLE, "is a damaged or incomplete PNG file"),
        (data_uri(plain(RED, "JPEG")[:200]), ImageFault.UNREADABLE, "is a damaged or incomplete JPEG file"),
        (data_uri(encoded(Image.new("1", (4000, 2101)), "PNG")), ImageFault.TOO_LARGE, "4000 x 2101 pixels"),
        ("http://127.0.0.2/", ImageFault.BAD_ADDRESS, "not on the public internet"),
        ("http://[::1]:8080/", ImageFault.BAD_ADDRESS, "not on the public internet"),
        ("http://user@example.com/", ImageFault.BAD_ADDRESS, "user name or password"),
        ("ftp://example.com/a.jpg", ImageFault.BAD_ADDRESS, "of a kind that can't be fetched"),
    ],
)
async def test_what_is_wrong_is_said_with_the_picture_it_is_wrong_with(
    url: str, fault: ImageFault, reason: str
) -> None:
    refused = await unusable(data_uri(plain(RED)), url, data_uri(plain(BLUE)))
    text = str(refused)
    assert text.startswith("Image 2 of 3 ")
    assert reason in text
    assert text.endswith(".")
    assert refused.fault is fault
    assert refused.param == "messages[0].content[1].image_url.url"
    for leak in ("0x", "BytesIO", "<", "Traceback", "PIL", "errno", "/etc"):
        assert leak not in text


async def test_a_fetched_file_is_judged_by_its_bytes_and_not_by_its_type() -> None:
    async with Site(
        {
            "/page": ok(b"<!DOCTYPE html><p>log in</p>", Content_Type="image/png"),
            "/picture": ok(plain(RED), Content_Type="text/html"),
            "/nothing": ok(b""),
        }
    ) as site:
        assert (await unusable(site.url("/page"))).fault == ImageFault.NO_IMAGE
        assert (await unusable(site.url("/nothing"))).fault == ImageFault.EMPTY
        assert len(await frames(site.url("/picture"))) == 1


async def test_with_fetching_off_the_answer_says_how_to_send_pictures() -> None:
    refused = await refusal("https://example.com/a.jpg", settings=Images(fetch=False))
    assert str(refused) == (
        "Image 1 of 1 is named by an address, and this server fetches none. Send the picture itself as a data: URI."
    )


async def test_data_that_no_picture_within_the_limit_needs_is_not_even_decoded() -> None:
    refused = await unusable("data:;base64," + "!" * 1_400_000, settings=Images(max_megapixels=0.001))
    assert refused.fault == ImageFault.FILE_TOO_LARGE


async def test_of_several_bad_pictures_the_first_is_named_however_slow_it_is() -> None:
    async def late(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.2)
        writer.write(response("404 Not Found"))

    async with Site({"/late": late}) as site:
        refused = await unusable(data_uri(plain(RED)), site.url("/late"), "file:///etc/passwd", "")
    assert str(refused).startswith("Image 2 of 4 ")
    assert refused.fault == ImageFault.NOT_FETCHED


async def test_a_bad_picture_ends_the_work_on_those_after_it() -> None:
    other_came = asyncio.Event()

    async def hang(writer: asyncio.StreamWriter) -> None:
        other_came.set()

    async def fail_then(writer: asyncio.StreamWriter) -> None:
        await other_came.wait()
        writer.write(response("404 Not Found"))

    async with Site({"/": fail_then}) as first, Site({"/": hang}) as second, asyncio.timeout(10):
        patient = Images(fetch_allow=("127.0.0.1",), fetch_timeout_s=600)
        assert str(await refusal(first.url(), second.url(), settings=patient)).startswith("Image 1 of 2 ")
        await second.left.wait()


@pytest.mark.parametrize("count", [1, 3])
async def test_a_cancelled_request_stops_its_fetches(count: int) -> None:
    answers: dict[str, Answer] = {"/": silence}
    async with Site(answers) as site:
        pictures = Pictures(SETTINGS)
        before = asyncio.all_tasks()
        task = asyncio.ensure_future(seen(pictures, refs(*[site.url()] * count), width_px=8, height_px=8))
        async with asyncio.timeout(10):
            while len(site.requests) < count:
                await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await site.left.wait()
            while any("frame" in repr(left.get_coro()) for left in asyncio.all_tasks() - before):
                await asyncio.sleep(0.01)
        await pictures.aclose()


async def test_pictures_are_decoded_in_threads_that_end_with_the_room() -> None:
    pictures = Pictures(SETTINGS)
    await seen(pictures, refs(data_uri(encoded(corners(), "JPEG"))), width_px=8, height_px=8)
    assert [thread for thread in threading.enumerate() if thread.name.startswith("picture")]
    await pictures.aclose()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("picture")]


async def test_the_loop_goes_on_while_pictures_are_decoded() -> None:
    pictures = Pictures(SETTINGS)
    big = data_uri(encoded(noise(1200, 1200), "PNG", compress_level=1))
    task = asyncio.ensure_future(seen(pictures, refs(*[big] * 4), width_px=8, height_px=8))
    turns = 0
    while not task.done():
        turns += 1
        await asyncio.sleep(0)
    assert turns > 100
    await pictures.aclose()


async def test_one_room_serves_many_requests_at_once() -> None:
    pictures = Pictures(SETTINGS)
    wanted = [refs(data_uri(plain(colour)), data_uri(plain(GREEN))) for colour in (RED, BLUE) * 20]
    pairs = await asyncio.gather(*(seen(pictures, some, width_px=8, height_px=8) for some in wanted))
    assert [pixel(pair[0], 4, 4) for pair in pairs] == [RED, BLUE] * 20
    await pictures.aclose()


async def test_a_request_can_choose_the_fit_of_each_picture() -> None:
    pictures = Pictures(SETTINGS)
    url = data_uri(plain(RED))
    wanted = [ImageRef(url=url, param="p"), ImageRef(url=url, param="p", fit="stretch")]
    padded, stretched = await seen(pictures, wanted, width_px=32, height_px=32)
    assert (pixel(padded, 0, 0), pixel(stretched, 0, 0)) == (GREY, RED)
    await pictures.aclose()


@pytest.mark.parametrize(
    ("details", "max_tiles", "spare_frames", "frame_counts"),
    [
        (("auto", "low"), 4, 10, (1, 1)),
        (("high", "low"), 4, 10, (3, 1)),
        (("high", "high"), 4, 4, (3, 3)),
        (("high", "high"), 4, 5, (3, 3)),
        (("high", "high"), 4, 1, (1, 1)),
        (("high", "auto"), 4, 0, (1, 1)),
        (("high", "auto"), 0, 10, (1, 1)),
    ],
)
async def test_high_detail_makes_tiles_as_far_as_there_are_frames(
    details: tuple[Detail, ...], max_tiles: int, spare_frames: int, frame_counts: tuple[int, ...]
) -> None:
    url = data_uri(encoded(corners(400, 200), "PNG"))
    pictures = Pictures(Images(max_tiles=max_tiles))
    wanted = [ImageRef(url=url, param="p", detail=detail) for detail in details]
    looks = await pictures.prepare(wanted, ANYONE, width_px=32, height_px=32, spare_frames=spare_frames)
    assert tuple(sum(isinstance(part, Frame) for part in look.parts) for look in looks) == frame_counts
    await pictures.aclose()


async def test_a_picture_that_was_seen_before_is_not_decoded_again() -> None:
    """The very frame comes back, by whatever way the file came; another fit is another frame."""
    data = encoded(corners(), "PNG")
    async with Site({"/a": ok(data)}) as site:
        pictures = Pictures(SETTINGS)
        ways = refs(data_uri(data), site.url("/a"), base64.b64encode(data).decode())
        one, two, three = [(await seen(pictures, [way], width_px=8, height_px=8))[0] for way in ways]
        assert one is two is three
        (other,) = await seen(pictures, [replace(ways[0], fit="crop")], width_px=8, height_px=8)
        assert other is not one
        await pictures.aclose()


async def test_with_the_cache_off_nothing_is_kept() -> None:
    pictures = Pictures(Images(cache_mb=0))
    wanted = refs(data_uri(encoded(corners(), "PNG")))
    one, two = [(await seen(pictures, wanted, width_px=8, height_px=8))[0] for _ in range(2)]
    assert one is not two
    assert one == two
    await pictures.aclose()


async def test_a_picture_that_takes_too_long_is_refused_and_its_place_is_freed_when_it_is_done() -> None:
    slow = data_uri(encoded(noise(1500, 1500), "WEBP", lossless=True, method=0))
    hurried = Images(decode_timeout_s=0.001, cache_mb=0)
    pictures = Pictures(hurried)
    async with asyncio.timeout(30):
        for _ in range(5):  # more than there are places
            with pytest.raises(RequestError) as caught:
                await pictures.prepare(refs(slow), ANYONE, width_px=8, height_px=8)
            assert str(caught.value) == (
                "Image 1 of 1 could not be decoded within 0.001 s. Scale it down, or send it as JPEG."
            )
    await pictures.aclose()


async def test_slow_servers_do_not_keep_pictures_that_are_sent_inline_waiting() -> None:
    async with Site({"/": silence}) as site, asyncio.timeout(20):
        pictures = Pictures(Images(fetch_allow=("127.0.0.1",), fetch_timeout_s=600, max_per_request=14))
        waiting = [
            asyncio.ensure_future(pictures.prepare(refs(*[site.url()] * 14), ANYONE, width_px=8, height_px=8))
            for _ in range(5)
        ]
        while not site.requests:
            await asyncio.sleep(0.01)
        for _ in range(10):
            await pictures.prepare(refs(data_uri(plain(RED))), ANYONE, width_px=8, height_px=8)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await pictures.aclose()


async def test_listed_formats_alone_are_read() -> None:
    assert len(await frames(data_uri(plain(RED, "TIFF")), settings=Images(formats=("tiff",)))) == 1
    refused = await refusal(data_uri(plain(RED)), settings=Images(formats=("tiff", "bmp")))
    assert str(refused) == "Image 1 of 1 is a PNG file, which is not read here. Send BMP or TIFF."


async def test_each_picture_leaves_a_record_of_its_file_or_of_what_was_wrong_with_it() -> None:
    records: list[PictureRecord] = []
    pictures = Pictures(SETTINGS, on_end=records.append)
    photo, broken = data_uri(plain(RED, "JPEG")), data_uri(b"no picture")
    try:
        (looked,) = await pictures.prepare(refs(photo), ANYONE, width_px=32, height_px=32)
        await pictures.prepare(refs(photo), ANYONE, width_px=32, height_px=32)
        with pytest.raises(RequestError):
            await pictures.prepare(refs(broken), ANYONE, width_px=32, height_px=32)
    finally:
        await pictures.aclose()
    assert (looked.format, looked.width_px, looked.height_px) == ("jpeg", 20, 10)
    first, again, refused = records
    assert (first.format, first.pixels, first.fault) == ("jpeg", 200, None)
    assert first.decode_s is not None
    assert again == PictureRecord(format="jpeg", pixels=200)  # from memory: nothing was decoded
    assert refused == PictureRecord(fault=ImageFault.NO_IMAGE)


def waiter(client: str, deadline_s: float = 600) -> Waiter:
    return Waiter(client=client, deadline=asyncio.get_running_loop().time() + deadline_s, deadline_s=deadline_s)


async def test_the_next_connection_to_a_host_is_another_clients() -> None:
    slots, paths = asyncio.Semaphore(0), list[str]()

    def answer(path: str) -> Answer:
        async def say(writer: asyncio.StreamWriter) -> None:
            paths.append(path)
            await slots.acquire()
            writer.write(ok(plain(RED)))

        return say

    async with Site({path: answer(path) for path in ("/greedy", "/other")}) as site, asyncio.timeout(20):
        pictures = Pictures(SETTINGS)
        clients = ["greedy"] * 8 + ["other"]
        tasks = [
            asyncio.ensure_future(
                pictures.prepare(refs(site.url(f"/{client}")), waiter(client), width_px=8, height_px=8)
            )
            for client in clients
        ]
        while len(paths) < 4:
            await asyncio.sleep(0.01)
        slots.release()
        while len(paths) < 5:
            await asyncio.sleep(0.01)
        assert paths == ["/greedy"] * 4 + ["/other"]
        for _ in range(8):
            slots.release()
        await asyncio.gather(*tasks)
        await pictures.aclose()


async def test_a_download_that_waits_for_its_turn_ends_at_the_deadline_and_is_no_fault_of_the_picture() -> None:
    async with Site({"/": silence}) as site, asyncio.timeout(20):
        pictures = Pictures(Images(fetch_allow=("127.0.0.1",), fetch_timeout_s=600))
        greedy = asyncio.ensure_future(
            pictures.prepare(refs(*[site.url()] * 4), waiter("greedy"), width_px=8, height_px=8)
        )
        while site.connections < 4:
            await asyncio.sleep(0.01)
        with pytest.raises(Expired):
            await pictures.prepare(refs(*[site.url()] * 2), waiter("other", 0.05), width_px=8, height_px=8)
        greedy.cancel()
        await asyncio.gather(greedy, return_exceptions=True)
        await pictures.aclose()
