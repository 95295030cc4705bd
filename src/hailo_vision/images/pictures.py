"""The door of the room: the pictures of a request become frames, several at once and off the event loop."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from hailo_vision.chat import Frame, ImageRef
from hailo_vision.config.settings import Images
from hailo_vision.errors import RequestError
from hailo_vision.images.bad_image import BadImage
from hailo_vision.images.fetch import Fetcher
from hailo_vision.images.fit import Shape
from hailo_vision.images.source import Inline, read_source

# Two pictures at once: memory is bounded by it, and of the Pi's four cores two stay for the loop and the worker.
_THREADS = 2
# A picture within the limit of pixels can't need more than this, in 16 bits and four channels without compression.
_MOST_BYTES_PER_PIXEL = 8
_METADATA_BYTES = 1_000_000


class Pictures:
    """Turns the pictures of a request into frames."""

    def __init__(self, settings: Images) -> None:
        self._settings = settings
        self._fetcher = Fetcher(settings)
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="picture")

    async def frames(self, refs: Sequence[ImageRef], *, width_px: int, height_px: int) -> tuple[Frame, ...]:
        """The frames of `refs` in their order. Raises RequestError for the first one that can't be used.

        A cancelled call stops its downloads at once; a picture that a thread has begun is decoded to its end.
        """
        self._check_count(len(refs))
        shape = Shape(width_px=width_px, height_px=height_px, fit=self._settings.fit)
        frames: list[Frame] = []
        wrong: RequestError | None = None
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._outcome(ref, shape, f"Image {number} of {len(refs)}"))
                for number, ref in enumerate(refs, start=1)
            ]
            # Awaited in order and not as they end, so that the same request always gets the same answer.
            for task in tasks:
                outcome = await task
                if isinstance(outcome, RequestError):
                    wrong = outcome
                    break
                frames.append(outcome)
            for task in tasks:
                task.cancel()
        if wrong is not None:
            raise wrong
        return tuple(frames)

    async def aclose(self) -> None:
        """Ends the connections and the threads; returns when they have ended. Call it after the last `frames`."""
        await self._fetcher.aclose()
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)

    def _check_count(self, count: int) -> None:
        most = self._settings.max_per_request
        if count > most:
            message = f"The request has {count} images, and this server takes up to {most} in one request."
            raise RequestError(f"{message} Count those of earlier messages too.", param="messages")

    async def _outcome(self, ref: ImageRef, shape: Shape, name: str) -> Frame | RequestError:
        """An error is returned and not raised: it must not end the work on the pictures before this one."""
        try:
            return await self._frame(ref, shape)
        except BadImage as bad:
            return RequestError(f"{name} {bad.reason}", param=ref.param, code=bad.code)

    async def _frame(self, ref: ImageRef, shape: Shape) -> Frame:
        source = read_source(ref.url)
        if isinstance(source, Inline):
            self._check_size(source.size_bytes)
            file: Inline | bytes = source
        else:
            file = await self._fetcher.fetch(source.url)
        work = partial(_decode, file, shape, self._settings.max_megapixels)
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def _check_size(self, size_bytes: int) -> None:
        most = int(self._settings.max_megapixels * 1_000_000 * _MOST_BYTES_PER_PIXEL) + _METADATA_BYTES
        if size_bytes > most:
            reason = f"has {size_bytes // 1_000_000} MB, more than any picture of {self._settings.max_megapixels:g} "
            raise BadImage("image_file_too_large", f"{reason}megapixels needs. Send it as JPEG, or scale it down.")


def _decode(file: Inline | bytes, shape: Shape, max_megapixels: float) -> Frame:
    # Here and not above: Pillow would cost the daemon's start up to 60 ms, and the first picture does not notice.
    from hailo_vision.images.decode import decode

    data = file.decode() if isinstance(file, Inline) else file
    return decode(data, shape=shape, max_megapixels=max_megapixels)
