"""The door of the room: the pictures of a request become frames, several at once and off the event loop."""

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial

from hailo_vision.chat import Frame, ImageRef, Text
from hailo_vision.config.settings import Images
from hailo_vision.errors import ConversationError, ImageFault, RequestError, UnusableImage
from hailo_vision.images.bad_image import BadImage
from hailo_vision.images.cache import Cache, Key
from hailo_vision.images.fetch import Fetcher
from hailo_vision.images.fit import Shape
from hailo_vision.images.source import Inline, read_source
from hailo_vision.images.tiles import Look, spread, words

# Two pictures at once: memory is bounded by it, and of the Pi's four cores two stay for the loop and the worker.
_THREADS = 2
# A picture within the limit of pixels can't need more than this, in 16 bits and four channels without compression.
_MAX_BYTES_PER_PIXEL = 8
_METADATA_BYTES = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What stands in the prompt for a picture, and what kind of file it was; the size is that of the file."""

    parts: tuple[Text | Frame, ...]
    format: str
    width_px: int
    height_px: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureRecord:
    """One picture at its end. `fault` is what was wrong with it; all else is known of the others.

    `decode_s` is None for one that was decoded before and kept.
    """

    fault: ImageFault | None = None
    format: str | None = None
    pixels: int | None = None
    decode_s: float | None = None


class Pictures:
    """Turns the pictures of a request into what the model sees of them."""

    def __init__(self, settings: Images, *, on_end: Callable[[PictureRecord], None] = lambda record: None) -> None:
        self._settings = settings
        self._on_end = on_end
        self._fetcher = Fetcher(settings)
        self._cache = Cache(int(settings.cache_mb * 1_000_000))
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="picture")
        self._places = asyncio.Semaphore(_THREADS)

    async def look(
        self,
        refs: Sequence[ImageRef],
        *,
        width_px: int,
        height_px: int,
        spare_frames: int = 0,
        is_bound: bool = False,
    ) -> tuple[Seen, ...]:
        """What stands in the prompt for each of `refs`: its frame, or in high detail its frames with words.

        With `is_bound` the width and height are the most that a frame may have, and there are no bars.
        `spare_frames` is how many there may be above one for each. Raises RequestError for the first picture that
        can't be used. A cancelled call stops its downloads at once; a picture that a thread has begun is decoded to
        its end.
        """
        self._check_count(len(refs))
        tiles = spread(spare_frames, [ref.detail == "high" for ref in refs], self._settings.max_tiles)
        seen: list[Seen] = []
        wrong: RequestError | None = None
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(
                    self._outcome(
                        ref, self._shape(ref, width_px, height_px, is_bound), most, f"Image {number} of {len(refs)}"
                    )
                )
                for number, (ref, most) in enumerate(zip(refs, tiles, strict=True), start=1)
            ]
            # Awaited in order and not as they end, so that the same request always gets the same answer.
            for task in tasks:
                outcome = await task
                if isinstance(outcome, RequestError):
                    wrong = outcome
                    break
                seen.append(_seen(outcome))
            for task in tasks:
                task.cancel()
        if wrong is not None:
            raise wrong
        return tuple(seen)

    async def aclose(self) -> None:
        """Ends the connections and the threads; returns when they have ended. Call it after the last `frames`."""
        await self._fetcher.aclose()
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)

    def _check_count(self, count: int) -> None:
        most = self._settings.max_per_request
        if count > most:
            message = f"The request has {count} images, and this server takes up to {most} in one request."
            raise ConversationError(f"{message} Count those of earlier messages too.")

    def _shape(self, ref: ImageRef, width_px: int, height_px: int, is_bound: bool) -> Shape:
        fit = ref.fit or self._settings.fit
        return Shape(width_px=width_px, height_px=height_px, fit="inside" if is_bound and fit == "pad" else fit)

    async def _outcome(self, ref: ImageRef, shape: Shape, most_tiles: int, name: str) -> Look | RequestError:
        """An error is returned and not raised: it must not end the work on the pictures before this one."""
        try:
            return await self._look(ref, shape, most_tiles)
        except BadImage as bad:
            self._on_end(PictureRecord(fault=bad.fault))
            return UnusableImage(bad.fault, f"{name} {bad.reason}", param=ref.param)

    async def _look(self, ref: ImageRef, shape: Shape, most_tiles: int) -> Look:
        source = read_source(ref.url) if ref.file is None else ref.file
        async with AsyncExitStack() as held:
            if isinstance(source, Inline):
                self._check_size(source.size_bytes)
                file: Inline | bytes = source
            elif isinstance(source, bytes):
                self._check_size(len(source))
                file = source
            else:
                file = await self._fetcher.fetch(source.url, held)
            return await self._decoded(file, shape, most_tiles)

    async def _decoded(self, file: Inline | bytes, shape: Shape, most_tiles: int) -> Look:
        """In a thread, of which each picture holds one until it is done, even if nobody waits for it any more."""
        await self._places.acquire()
        loop = asyncio.get_running_loop()
        future = self._threads.submit(partial(_look_at, file, shape, most_tiles, self._settings, self._cache))
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._places.release))
        most_s = self._settings.decode_timeout_s
        try:
            async with asyncio.timeout(most_s):
                look, decode_s = await asyncio.wrap_future(future)
        except TimeoutError:
            reason = f"could not be decoded within {most_s:g} s. Scale it down, or send it as JPEG."
            raise BadImage(ImageFault.UNREADABLE, reason) from None
        pixels = look.width_px * look.height_px
        self._on_end(PictureRecord(format=look.format, pixels=pixels, decode_s=decode_s))
        return look

    def _check_size(self, size_bytes: int) -> None:
        most = int(self._settings.max_megapixels * 1_000_000 * _MAX_BYTES_PER_PIXEL) + _METADATA_BYTES
        if size_bytes > most:
            reason = f"has {size_bytes // 1_000_000} MB, more than any picture of {self._settings.max_megapixels:g} "
            raise BadImage(ImageFault.FILE_TOO_LARGE, f"{reason}megapixels needs. Send it as JPEG, or scale it down.")


def _look_at(
    file: Inline | bytes, shape: Shape, most_tiles: int, settings: Images, cache: Cache
) -> tuple[Look, float | None]:
    """What a picture looks like, and the seconds that it took where it was not known yet."""
    # Here and not above: Pillow would cost the daemon's start up to 60 ms, and the first picture does not notice.
    from hailo_vision.images.decode import decode

    data = file.decode() if isinstance(file, Inline) else file
    key = Key.of(data, shape, most_tiles)
    if (known := cache.get(key)) is not None:
        return known, None
    started = time.monotonic()
    look = decode(
        data,
        shape=shape,
        formats=settings.formats,
        max_megapixels=settings.max_megapixels,
        most_tiles=most_tiles,
    )
    cache.put(key, look)
    return look, time.monotonic() - started


def _seen(look: Look) -> Seen:
    return Seen(parts=words(look), format=look.format, width_px=look.width_px, height_px=look.height_px)
