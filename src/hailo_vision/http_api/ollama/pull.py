"""POST /api/pull: the model's file comes to the disk, where the operator allows it; what is there is there at once."""

import asyncio
import logging
import os
from typing import Any, assert_never

from aiohttp import web

from hailo_vision.errors import ModelError, UnknownModel
from hailo_vision.http_api.ollama.parse import any_name, streams
from hailo_vision.http_api.ollama.reply import LINES, error_line, line
from hailo_vision.http_api.web.body import body_memory, json_body
from hailo_vision.http_api.web.http_errors import Forbidden, Permission
from hailo_vision.http_api.web.services import SERVICES, Services
from hailo_vision.http_api.web.stream import LateStream, late_stream
from hailo_vision.models.catalogue import CATALOGUE, ModelFile, builds, fitting, fitting_warning
from hailo_vision.models.download import in_thread
from hailo_vision.models.events import Event, Hashed, Received, Report, Started, StartedOver, Waits
from hailo_vision.models.pull import pull
from hailo_vision.serving.names import spelling, untagged
from hailo_vision.tasks import task_group

log = logging.getLogger(__name__)

MAX_NAME_CHARS = 100  # of a model: a longer one is compared with the catalogue, and told, up to here
_BETWEEN_LINES_S = 0.25  # a download has thousands of parts a second
_BEGUN: dict[str, Any] = {"status": "pulling manifest"}
_DONE: dict[str, Any] = {"status": "success"}
_RESTART: dict[str, Any] = {"status": "the file is in its place: restart the service to load it"}


async def pulled(request: web.Request) -> web.StreamResponse:
    services = request.app[SERVICES]
    async with body_memory(request) as take:
        body = await json_body(request, services.limit_bytes, take)
    name, is_stream = any_name(body), streams(body)
    file = None if await in_thread(_is_there, name, services) else await _wanted(name, services)
    if is_stream:
        return await _told(request, services, file)
    if file is not None:
        await _fetch(services, file, lambda event: None)
    return web.json_response(_DONE)


def _is_there(name: str, services: Services) -> bool:
    """Whether the model is served and there is no doubt about its file: it was loaded, or lies on the disk."""
    model = services.models.find(name)
    if model is None:
        return False
    return model.backend.engine.model is not None or model.facts.modified_at is not None


async def _wanted(name: str, services: Services) -> ModelFile:
    """The catalogue's file for the installed runtime. Raises UnknownModel, Forbidden or ModelError."""
    try:
        files = builds(CATALOGUE, untagged(spelling(name[:MAX_NAME_CHARS])))
    except ModelError as error:
        if services.models.find(name) is None:
            message = f"pull model manifest: {error}"
            raise UnknownModel(name[:MAX_NAME_CHARS], services.models.default.name, message=message) from None
        raise
    if not services.downloads.are_allowed:
        message = (
            f"Clients may not have models downloaded here (model.allow_pull). On the server itself: {_command(files)}"
        )
        raise Forbidden(Permission.PULL, message)
    release = await in_thread(services.downloads.release)
    file = fitting(files, release)
    if warning := fitting_warning(file, release):
        log.warning(
            "a model of another release is downloaded", extra={"facts": {"model": file.model, "message": warning}}
        )
    return file


def _command(files: tuple[ModelFile, ...]) -> str:
    return f"hailo-vision models pull {files[0].model}"


async def _told(request: web.Request, services: Services, file: ModelFile | None) -> web.StreamResponse:
    async with late_stream(request, encode_fault=error_line, media=LINES, ping=line(_BEGUN)) as stream:
        await stream.write(line(_BEGUN))
        if file is not None:
            await _fetch_and_tell(services, file, stream)
            await stream.write(line(_RESTART))
        await stream.write(line(_DONE))
        return await stream.close()


async def _fetch_and_tell(services: Services, file: ModelFile, stream: LateStream) -> None:
    """Raises what the download raises, and ConnectionResetError when the client has left: what has come is kept."""
    news = _News()
    async with task_group() as tasks:
        telling = tasks.create_task(_tell(stream, news, file))
        await _fetch(services, file, news.take)
        telling.cancel()


async def _fetch(services: Services, file: ModelFile, report: Report) -> None:
    await pull(file, services.downloads.folder, report=report, mirror=os.environ.get("HAILO_VISION_MIRROR") or None)


class _News:
    """The latest event; what nobody has taken is overwritten. It may come from any thread."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._come = asyncio.Event()
        self._latest: Event

    def take(self, event: Event) -> None:
        self._loop.call_soon_threadsafe(self._set, event)

    def _set(self, event: Event) -> None:
        self._latest = event
        self._come.set()

    async def next(self) -> Event:
        await self._come.wait()
        self._come.clear()
        return self._latest


async def _tell(stream: LateStream, news: _News, file: ModelFile) -> None:
    while True:
        await stream.write(line(_progress(await news.next(), file)))
        await asyncio.sleep(_BETWEEN_LINES_S)


def _progress(event: Event, file: ModelFile) -> dict[str, Any]:
    """In Ollama's words, so that its clients draw their bars."""
    status = f"pulling {file.file}"
    match event:
        case Started(have_bytes=done, size_bytes=size) | Received(done_bytes=done, size_bytes=size):
            return {"status": status, "digest": file.file, **_total(size or file.size_bytes, done), "completed": done}
        case Hashed(done_bytes=done, size_bytes=size):
            return {"status": "verifying sha256 digest", "total": size, "completed": done}
        case StartedOver():
            return {"status": status, "digest": file.file, **_total(file.size_bytes, 0), "completed": 0}
        case Waits(why=why, wait_s=wait_s):
            return {"status": f"{why}; trying again in {wait_s:g} s"}
    assert_never(event)


def _total(size_bytes: int | None, done_bytes: int) -> dict[str, int]:
    """The total that a client draws its bar by; left out where nobody knows it, as a wrong one ends beyond its end."""
    return {} if size_bytes is None or done_bytes > size_bytes else {"total": size_bytes}
