"""POST /v1/chat/completions: parse, look at the pictures, take a turn, and answer whole or as a stream."""

import time
from collections.abc import AsyncGenerator
from dataclasses import replace

from aiohttp import web

from hailo_vision.answers.answers import Said
from hailo_vision.answers.look import pictures
from hailo_vision.answers.tally import total
from hailo_vision.chat import Finish, Logprob, Piece, ToolCall
from hailo_vision.http_api import reply
from hailo_vision.http_api.facts import finish_facts, prepared_facts
from hailo_vision.http_api.guard import charge_images
from hailo_vision.http_api.late_stream import late_stream
from hailo_vision.http_api.parse import chat_request, priority
from hailo_vision.http_api.reply import Choice, Reply
from hailo_vision.http_api.request import BODIES, FACTS, REQUEST_ID, caller, json_body
from hailo_vision.http_api.services import SERVICES


async def completions(request: web.Request) -> web.StreamResponse:
    services, who = request.app[SERVICES], caller(request)
    with request.app[BODIES].share() as take:
        body = await json_body(request, int(services.settings.server.max_body_mb * 1e6), take)
        who = replace(who, priority=priority(body))
        can = services.place_of(body.get("model")).engine.capabilities
        asked = chat_request(body, services.settings.model, services.settings.generation, can)
        charge_images(request, len(pictures(asked)))
        prepared = await services.answers.prepare(asked, who)
    request[FACTS].update(prepared_facts(prepared, asked.model))
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
    choices: list[Choice] = []
    finishes: list[Finish] = []
    pieces: list[str] = []
    calls: list[ToolCall] = []
    logprobs: list[Logprob] = []
    async for part in said:
        match part.event:
            case Piece(text=text, logprobs=one):
                pieces.append(text)
                logprobs += one
            case ToolCall() as call:
                calls.append(call)
            case Finish() as finish:
                finishes.append(finish)
                text = "".join(pieces)
                choices.append(Choice(text=text, calls=tuple(calls), reason=finish.reason, logprobs=tuple(logprobs)))
                pieces, calls, logprobs = [], [], []
    everything = total(finishes)
    request[FACTS].update(finish_facts(everything))
    return web.json_response(answer.whole(choices, everything))


async def _stream(request: web.Request, answer: Reply, said: AsyncGenerator[Said]) -> web.StreamResponse:
    finishes: list[Finish] = []
    async with late_stream(request) as stream:
        begun, calls = -1, 0
        async for part in said:
            if part.choice != begun:
                begun, calls = part.choice, 0
                await stream.write(answer.first_chunk(begun))
            match part.event:
                case Piece(text=text, logprobs=logprobs):
                    if text:
                        await stream.write(answer.text_chunk(text, begun, logprobs))
                case ToolCall() as call:
                    await stream.write(answer.call_chunk(calls, call, begun))
                    calls += 1
                case Finish() as finish:
                    finishes.append(finish)
                    await stream.write(answer.last_chunk(finish.reason, begun))
        everything = total(finishes)
        request[FACTS].update(finish_facts(everything))
        usage = answer.usage_chunk(everything) if answer.shows_usage else b""
        await stream.write(usage + reply.DONE)
        return await stream.close()
