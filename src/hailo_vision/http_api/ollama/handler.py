"""POST /api/chat and /api/generate: answer whole or in lines, or load and unload the model."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from aiohttp import web

from hailo_vision.chat import Caller, Finish, Logprob, Piece, ToolCall
from hailo_vision.http_api.ollama import models, pull, refused, spec
from hailo_vision.http_api.ollama.parse import Wish, chat, generate, named
from hailo_vision.http_api.ollama.reply import LINES, Reply, error, error_line, line
from hailo_vision.http_api.ollama.stay import Stay, granted
from hailo_vision.http_api.web.exchange import exchange
from hailo_vision.http_api.web.json_reply import json_reply
from hailo_vision.http_api.web.routes import Route, Surface
from hailo_vision.http_api.web.stream import late_stream
from hailo_vision.http_api.web.surface import Dialect, Events, prepared, taking
from hailo_vision.serving.served import ServedModel

_CHAT = Dialect(parse=chat, conversation="messages", find=named, waits_for_load=True, reduces=True)
_GENERATE = Dialect(parse=generate, conversation="prompt", find=named, waits_for_load=True, reduces=True)


async def answer_chat(request: web.Request) -> web.StreamResponse:
    return await _answer(request, _CHAT, is_chat=True)


async def answer_prompt(request: web.Request) -> web.StreamResponse:
    return await _answer(request, _GENERATE, is_chat=False)


async def _answer(request: web.Request, dialect: Dialect[Wish], *, is_chat: bool) -> web.StreamResponse:
    async with taking(request, dialect) as taken:
        model, caller, wish = taken.model, taken.caller, taken.parsed.rest
        reply = Reply(model=wish.name, is_chat=is_chat)
        call = await prepared(request, taken) if taken.parsed.requests else None
        del taken  # tens of megabytes of pictures need not wait with the job
    if call is None:
        return await _nothing(model, caller, reply, wish.stay)
    with _staying(model, wish.stay):
        async with call.events() as events:
            return await (_stream if call.stream else _whole)(request, reply, events)


async def _nothing(model: ServedModel, caller: Caller, reply: Reply, wish: Stay | None) -> web.Response:
    """A request without words loads the model, or takes it off the chip. Raises ModelPinned, and what a load raises."""
    scheduler = model.backend.scheduler
    if wish is not None and wish.seconds == 0:
        scheduler.unload()
        return web.json_response(reply.nothing(_now(), "unload"))
    with _staying(model, wish):
        await scheduler.load(client=caller.client, arrived_at=caller.arrived_at, waits_for_load=caller.waits_for_load)
    return web.json_response(reply.nothing(_now(), "load"))


@contextmanager
def _staying(model: ServedModel, wish: Stay | None) -> Iterator[None]:
    """From the end of an answer on the model stays as long as its client wishes, where it may."""
    try:
        yield
    finally:
        if (stay := granted(wish, model.keep_alive)) is not None:
            model.backend.scheduler.keep_alive(stay.seconds)


async def _whole(request: web.Request, reply: Reply, events: Events) -> web.StreamResponse:
    texts: list[str] = []
    calls: list[ToolCall] = []
    logprobs: list[Logprob] = []
    async for part in events:
        match part.event:
            case Piece() as piece:
                texts.append(piece.text)
                logprobs.extend(piece.logprobs)
            case ToolCall() as call:
                calls.append(call)
            case Finish() as finish:
                spent_s, text = _spent_s(request), "".join(texts)
                end = reply.last(_now(), finish, total_s=spent_s, text=text, calls=calls, logprobs=logprobs)
    return await json_reply(end)


async def _stream(request: web.Request, reply: Reply, events: Events) -> web.StreamResponse:
    """An error before the first line is a status; a long wait before it is filled with lines that say nothing."""
    async with late_stream(request, encode_fault=error_line, media=LINES, ping=line(reply.part(_now()))) as stream:
        async for part in events:
            match part.event:
                case Piece(text=text, logprobs=logprobs):
                    if text or logprobs:
                        await stream.write(line(reply.part(_now(), text, logprobs=logprobs)))
                case ToolCall() as call:
                    await stream.write(line(reply.part(_now(), calls=[call])))
                case Finish() as finish:
                    await stream.write(line(reply.last(_now(), finish, total_s=_spent_s(request))))
        return await stream.close()


def _spent_s(request: web.Request) -> float:
    return asyncio.get_running_loop().time() - exchange(request).arrived_at


def _now() -> datetime:
    return datetime.now(UTC)


SURFACE = Surface(
    root="/api/",
    error=error,
    routes=(
        Route(method="POST", path="/api/chat", handler=answer_chat, about=spec.CHAT),
        Route(method="POST", path="/api/generate", handler=answer_prompt, about=spec.GENERATE),
        Route(method="GET", path="/api/version", handler=models.version, about=spec.VERSION, is_polled=True),
        Route(method="GET", path="/api/tags", handler=models.tags, about=spec.TAGS, is_polled=True),
        Route(method="GET", path="/api/ps", handler=models.ps, about=spec.PS, is_polled=True),
        Route(method="POST", path="/api/show", handler=models.show, about=spec.SHOW),
        Route(method="POST", path="/api/pull", handler=pull.pulled, about=spec.PULL),
        Route(method="DELETE", path="/api/delete", handler=refused.delete, about=spec.REFUSED),
        Route(method="POST", path="/api/copy", handler=refused.copy, about=spec.REFUSED),
        Route(method="POST", path="/api/create", handler=refused.create, about=spec.REFUSED),
        Route(method="POST", path="/api/push", handler=refused.push, about=spec.REFUSED),
        Route(method="POST", path="/api/embed", handler=refused.embed, about=spec.REFUSED, also=("/api/embeddings",)),
        Route(method="GET", path="/api/blobs/{digest}", handler=refused.blob, about=spec.BLOB),
        Route(method="POST", path="/api/blobs/{digest}", handler=refused.blob, about=spec.BLOB),
    ),
)
