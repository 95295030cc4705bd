"""POST /v1/chat/completions: parse, look at the pictures, take a turn, and answer whole or as a stream."""

import time
from collections.abc import AsyncGenerator

from aiohttp import web

from hailo_vision.answers.answers import Said
from hailo_vision.answers.look import pictures
from hailo_vision.chat import Finish
from hailo_vision.http_api import reply
from hailo_vision.http_api.guard import charge_images
from hailo_vision.http_api.parse import chat_request
from hailo_vision.http_api.reply import Reply
from hailo_vision.http_api.request import BODIES, FACTS, REQUEST_ID, STREAM, Facts, caller, json_body
from hailo_vision.http_api.services import SERVICES
from hailo_vision.http_api.stream import EventStream


async def completions(request: web.Request) -> web.StreamResponse:
    services, who = request.app[SERVICES], caller(request)
    with request.app[BODIES].share() as take:
        body = await json_body(request, int(services.settings.server.max_body_mb * 1e6), take)
        asked = chat_request(body, services.settings.model, services.settings.generation)
        charge_images(request, len(pictures(asked)))
        prepared = await services.answers.prepare(asked, who)
    image_ms = round(prepared.image_s * 1000)
    request[FACTS].update({"model": asked.model, "images": prepared.images, "image_ms": image_ms})
    answer = Reply(
        id=f"chatcmpl-{request[REQUEST_ID]}",
        created=int(time.time()),
        model=asked.model,
        fingerprint=reply.fingerprint(services.version, prepared.model),
        shows_usage=asked.include_usage,
    )
    stream = asked.stream
    del body, asked  # tens of megabytes of pictures need not wait with the job
    async with services.answers.answer(prepared, who) as said:
        if stream:
            return await _stream(request, answer, said)
        return await _whole(request, answer, said)


async def _whole(request: web.Request, answer: Reply, said: AsyncGenerator[Said]) -> web.Response:
    pieces: list[str] = []
    async for part in said:
        event = part.event
        if isinstance(event, Finish):
            request[FACTS].update(_facts(event))
            return web.json_response(answer.whole("".join(pieces), event.reason, event.usage))
        pieces.append(event.text)
    raise AssertionError("the engine ended without a Finish")


async def _stream(request: web.Request, answer: Reply, said: AsyncGenerator[Said]) -> web.StreamResponse:
    event = (await anext(said)).event  # before any header: until now an error is still a status
    stream = request[STREAM] = await EventStream.open(request)
    await stream.write(answer.first_chunk())
    while not isinstance(event, Finish):
        if event.text:
            await stream.write(answer.text_chunk(event.text))
        event = (await anext(said)).event
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
