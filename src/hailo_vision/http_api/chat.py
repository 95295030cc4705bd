"""POST /v1/chat/completions: parse, look at the pictures, take a turn, and answer whole or as a stream."""

import asyncio
import time
from collections.abc import AsyncGenerator

from aiohttp import web

from hailo_vision.chat import Finish, Piece
from hailo_vision.http_api import reply
from hailo_vision.http_api.look import look, pictures
from hailo_vision.http_api.parse import chat_request
from hailo_vision.http_api.reply import Reply
from hailo_vision.http_api.request import BODIES, FACTS, REQUEST_ID, STREAM, Facts, json_body
from hailo_vision.http_api.services import SERVICES
from hailo_vision.http_api.stream import EventStream


async def completions(request: web.Request) -> web.StreamResponse:
    arrived_at = asyncio.get_running_loop().time()
    services, client = request.app[SERVICES], request.remote or ""
    with request.app[BODIES].share() as take:
        body = await json_body(request, int(services.settings.server.max_body_mb * 1e6), take)
        asked = chat_request(body, services.settings.model, services.settings.generation)
        model = await services.scheduler.admit(client=client, arrived_at=arrived_at)
        generation, image_s = await look(services, asked, model)
    request[FACTS].update({"model": asked.model, "images": len(pictures(asked)), "image_ms": round(image_s * 1000)})
    answer = Reply(
        id=f"chatcmpl-{request[REQUEST_ID]}",
        created=int(time.time()),
        model=asked.model,
        fingerprint=reply.fingerprint(services.version, model),
        shows_usage=asked.include_usage,
    )
    stream = asked.stream
    taking_turn = services.scheduler.job(generation, client=client, arrived_at=arrived_at)
    del body, asked, generation  # tens of megabytes of pictures need not wait with the job or its reader
    async with taking_turn as events:
        if stream:
            return await _stream(request, answer, events)
        return await _whole(request, answer, events)


async def _whole(request: web.Request, answer: Reply, events: AsyncGenerator[Piece | Finish]) -> web.Response:
    pieces: list[str] = []
    async for event in events:
        if isinstance(event, Finish):
            request[FACTS].update(_facts(event))
            return web.json_response(answer.whole("".join(pieces), event.reason, event.usage))
        pieces.append(event.text)
    raise AssertionError("the engine ended without a Finish")


async def _stream(request: web.Request, answer: Reply, events: AsyncGenerator[Piece | Finish]) -> web.StreamResponse:
    event = await anext(events)  # before any header: until now an error is still a status
    stream = request[STREAM] = await EventStream.open(request)
    await stream.write(answer.first_chunk())
    while not isinstance(event, Finish):
        if event.text:
            await stream.write(answer.text_chunk(event.text))
        event = await anext(events)
    request[FACTS].update(_facts(event))
    tail = [answer.last_chunk(event.reason)]
    if answer.shows_usage:
        tail.append(answer.usage_chunk(event.usage))
    await stream.write(b"".join([*tail, reply.DONE]))
    await stream.close()
    return stream.response


def _facts(finish: Finish) -> Facts:
    """What the log says of an answer; the same record feeds all that is ever said of it."""
    usage, timings = finish.usage, finish.timings
    return {
        "queue_ms": round(timings.queue_s * 1000),
        "prefill_ms": round(timings.prefill_s * 1000),
        "decode_ms": round(timings.decode_s * 1000),
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "cached_tokens": usage.cached_tokens,
        "finish_reason": finish.reason.value,
    }
