"""POST /api/chat and /api/generate: parse, look at the pictures, take a turn, and answer whole or in lines."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from aiohttp import web

from hailo_vision.chat import Caller, Finish, Piece, ToolCall
from hailo_vision.config import settings
from hailo_vision.generate.choices import Said
from hailo_vision.generate.frames import pictures
from hailo_vision.http_api.ollama import parse
from hailo_vision.http_api.ollama.parse import Asked
from hailo_vision.http_api.ollama.reply import LINES, Reply, error_line, line
from hailo_vision.http_api.ollama.stay import Stay, granted
from hailo_vision.http_api.web.body import BODIES, json_body
from hailo_vision.http_api.web.facts import finish_facts, prepared_facts
from hailo_vision.http_api.web.fields import JsonObject
from hailo_vision.http_api.web.guard import charge_images
from hailo_vision.http_api.web.late_stream import late_stream
from hailo_vision.http_api.web.request import ARRIVED_AT, FACTS, caller
from hailo_vision.http_api.web.services import SERVICES, Services

Parse = Callable[[JsonObject, settings.Model, settings.Generation], Asked]


async def chat(request: web.Request) -> web.StreamResponse:
    return await _answer(request, parse.chat, is_chat=True)


async def generate(request: web.Request) -> web.StreamResponse:
    return await _answer(request, parse.generate, is_chat=False)


async def _answer(request: web.Request, read: Parse, *, is_chat: bool) -> web.StreamResponse:
    services, who = request.app[SERVICES], caller(request)
    with request.app[BODIES].share() as take:
        body = await json_body(request, int(services.settings.server.max_body_mb * 1e6), take)
        asked = read(body, services.settings.model, services.settings.generation)
        reply, wish, wanted = Reply(model=asked.name, is_chat=is_chat), asked.stay, asked.request
        request[FACTS]["model"] = services.settings.model.name
        if wanted is not None:
            charge_images(request, len(pictures(wanted)))
            prepared = await services.answers.prepare(wanted, who)
    if wanted is None:
        return await _nothing(services, who, reply, wish)
    request[FACTS].update(prepared_facts(prepared, wanted.model))
    stream = wanted.stream
    del body, asked, wanted  # tens of megabytes of pictures need not wait with the job
    with _staying(services, wish):
        async with services.answers.answer(prepared, who) as said:
            return await (_stream if stream else _whole)(request, reply, said)


async def _nothing(services: Services, who: Caller, reply: Reply, wish: Stay | None) -> web.Response:
    """A request without words loads the model, or takes it off the chip. Raises ModelPinned, and what a load raises."""
    if wish is not None and wish.seconds == 0:
        services.scheduler.unload()
        return web.json_response(reply.nothing(_now(), "unload"))
    with _staying(services, wish):
        await services.scheduler.load(client=who.client, arrived_at=who.arrived_at)
    return web.json_response(reply.nothing(_now(), "load"))


@contextmanager
def _staying(services: Services, wish: Stay | None) -> Iterator[None]:
    """From the end of an answer on the model stays as long as its client wishes, where it may."""
    try:
        yield
    finally:
        if (stay := granted(wish, services.settings.model)) is not None:
            services.scheduler.keep_alive(stay.seconds)


async def _whole(request: web.Request, reply: Reply, said: AsyncGenerator[Said]) -> web.StreamResponse:
    pieces: list[str] = []
    calls: list[ToolCall] = []
    async for part in said:
        match part.event:
            case Piece(text=text):
                pieces.append(text)
            case ToolCall() as call:
                calls.append(call)
            case Finish() as finish:
                request[FACTS].update(finish_facts(finish))
                end = reply.last(_now(), finish, total_s=_spent_s(request), text="".join(pieces), calls=calls)
    return web.json_response(end)


async def _stream(request: web.Request, reply: Reply, said: AsyncGenerator[Said]) -> web.StreamResponse:
    """An error before the first line is a status; a long wait before it is filled with lines that say nothing."""
    async with late_stream(request, tell=error_line, media=LINES, ping=line(reply.part(_now()))) as stream:
        async for part in said:
            match part.event:
                case Piece(text=text):
                    if text:
                        await stream.write(line(reply.part(_now(), text)))
                case ToolCall() as call:
                    await stream.write(line(reply.part(_now(), calls=[call])))
                case Finish() as finish:
                    request[FACTS].update(finish_facts(finish))
                    await stream.write(line(reply.last(_now(), finish, total_s=_spent_s(request))))
        return await stream.close()


def _spent_s(request: web.Request) -> float:
    return asyncio.get_running_loop().time() - float(request[ARRIVED_AT])


def _now() -> datetime:
    return datetime.now(UTC)
