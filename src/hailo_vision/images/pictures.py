"""The pictures of a request become frames, several at once and off the event loop."""

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
from hailo_vision.images.size_limit import max_pixels
from hailo_vision.images.source import Inline, read_source
from hailo_vision.images.tiles import DecodedPicture, spread, words
from hailo_vision.scheduler.turns import Turns, Waiter
from hailo_vision.tasks import task_group

# Two pictures at once: memory is bounded by it, and of the Pi's four cores two stay for the loop and the worker.
_MAX_THREADS = 2
# A picture within the limit of pixels can't need more than this, in 16 bits and four channels without compression.
_MAX_BYTES_PER_PIXEL = 8
_METADATA_BYTES = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedPicture:
    """The parts of the prompt for a picture, with the format and size of its file."""

    parts: tuple[Text | Frame, ...]
    format: str
    width_px: int
    height_px: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureRecord:
    """The outcome of one picture: its `fault`, or all the other fields.

    `decode_s` is None for a picture that came from the cache.
    """

    fault: ImageFault | None = None
    format: str | None = None
    pixels: int | None = None
    decode_s: float | None = None


class Pictures:
    """Downloads and decodes the pictures of requests."""

    def __init__(self, settings: Images, *, on_end: Callable[[PictureRecord], None] = lambda record: None) -> None:
        self._settings = settings
        self._on_end = on_end
        self._fetcher = Fetcher(settings)
        self._cache = Cache(int(settings.cache_mb * 1_000_000))
        self._threads = ThreadPoolExecutor(_MAX_THREADS, thread_name_prefix="picture")
        self._turns = Turns(_MAX_THREADS)

    @property
    def max_per_request(self) -> int:
        return self._settings.max_per_request

    async def prepare(
        self,
        refs: Sequence[ImageRef],
        waiter: Waiter,
        *,
        width_px: int,
        height_px: int,
        spare_frames: int = 0,
        is_bound: bool = False,
    ) -> tuple[PreparedPicture, ...]:
        """Make the parts of the prompt for each of `refs`: its frame, or in high detail its frames with words.

        With `is_bound` the width and height are the maximum of a frame, and there are no bars. `spare_frames` is how
        many frames there may be above one for each picture. Raises RequestError for the first one that can't be used,
        and Expired. A cancelled call stops its downloads at once, but no decoding that a thread has begun.
        """
        self._check_count(len(refs))
        tiles = spread(spare_frames, [ref.detail == "high" for ref in refs], self._settings.max_tiles)
        prepared: list[PreparedPicture] = []
        error: RequestError | None = None
        async with task_group() as group:
            tasks = [
                group.create_task(
                    self._outcome(
                        ref,
                        waiter,
                        self._shape(ref, width_px, height_px, is_bound),
                        max_tiles,
                        f"Image {number} of {len(refs)}",
                    )
                )
                for number, (ref, max_tiles) in enumerate(zip(refs, tiles, strict=True), start=1)
            ]
            # Awaited in order and not as they end, so that the same request always gets the same answer.
            for task in tasks:
                outcome = await task
                if isinstance(outcome, RequestError):
                    error = outcome
                    break
                prepared.append(_prepared(outcome))
            for task in tasks:
                task.cancel()
        if error is not None:
            raise error
        return tuple(prepared)

    async def aclose(self) -> None:
        """Wait until the threads have ended. Call it after the last `prepare`."""
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)

    def _check_count(self, count: int) -> None:
        limit = self._settings.max_per_request
        if count > limit:
            message = f"The request has {count} images, and this server takes up to {limit} in one request."
            raise ConversationError(f"{message} Count those of earlier messages too.")

    def _shape(self, ref: ImageRef, width_px: int, height_px: int, is_bound: bool) -> Shape:
        fit = ref.fit or self._settings.fit
        return Shape(width_px=width_px, height_px=height_px, fit="inside" if is_bound and fit == "pad" else fit)

    async def _outcome(
        self, ref: ImageRef, waiter: Waiter, shape: Shape, max_tiles: int, name: str
    ) -> DecodedPicture | RequestError:
        """An error is returned and not raised: it must not end the work on the pictures before this one."""
        try:
            return await self._picture(ref, waiter, shape, max_tiles)
        except BadImage as bad:
            self._on_end(PictureRecord(fault=bad.fault))
            return UnusableImage(bad.fault, f"{name} {bad.reason}", param=ref.param)

    async def _picture(self, ref: ImageRef, waiter: Waiter, shape: Shape, max_tiles: int) -> DecodedPicture:
        source = read_source(ref.url) if ref.file is None else ref.file
        async with AsyncExitStack() as held:
            if isinstance(source, Inline):
                self._check_size(source.size_bytes)
                file: Inline | bytes = source
            elif isinstance(source, bytes):
                self._check_size(len(source))
                file = source
            else:
                file = await self._fetcher.fetch(source.url, waiter, held)
            return await self._decoded(file, waiter, shape, max_tiles)

    async def _decoded(self, file: Inline | bytes, waiter: Waiter, shape: Shape, max_tiles: int) -> DecodedPicture:
        """Decode a picture in a thread. Its turn ends with the thread's work, even if the request has gone."""
        turn = await self._turns.wait(waiter)
        loop = asyncio.get_running_loop()
        future = self._threads.submit(partial(_decode, file, shape, max_tiles, self._settings, self._cache))
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._turns.leave, turn))
        max_s = self._settings.decode_timeout_s
        try:
            async with asyncio.timeout(max_s):
                picture, decode_s = await asyncio.wrap_future(future)
        except TimeoutError:
            reason = f"could not be decoded within {max_s:g} s. Scale it down, or send it as JPEG."
            raise BadImage(ImageFault.UNREADABLE, reason) from None
        pixels = picture.width_px * picture.height_px
        self._on_end(PictureRecord(format=picture.format, pixels=pixels, decode_s=decode_s))
        return picture

    def _check_size(self, size_bytes: int) -> None:
        max_bytes = max_pixels(self._settings.max_megapixels) * _MAX_BYTES_PER_PIXEL + _METADATA_BYTES
        if size_bytes > max_bytes:
            reason = f"has {size_bytes // 1_000_000} MB, more than any picture of {self._settings.max_megapixels:g} "
            raise BadImage(ImageFault.FILE_TOO_LARGE, f"{reason}megapixels needs. Send it as JPEG, or scale it down.")


def _decode(
    file: Inline | bytes, shape: Shape, max_tiles: int, settings: Images, cache: Cache
) -> tuple[DecodedPicture, float | None]:
    """A picture from the cache, or decoded; with the seconds that decoding took, None where it was in the cache."""
    # Here and not above: Pillow would cost the daemon's start up to 60 ms, and the first picture does not notice.
    from hailo_vision.images.decode import decode

    data = file.decode() if isinstance(file, Inline) else file
    key = Key.of(data, shape, max_tiles)
    if (cached := cache.get(key)) is not None:
        return cached, None
    started = time.monotonic()
    picture = decode(
        data,
        shape=shape,
        formats=settings.formats,
        max_megapixels=settings.max_megapixels,
        max_tiles=max_tiles,
    )
    cache.put(key, picture)
    return picture, time.monotonic() - started


def _prepared(picture: DecodedPicture) -> PreparedPicture:
    return PreparedPicture(
        parts=words(picture), format=picture.format, width_px=picture.width_px, height_px=picture.height_px
    )
