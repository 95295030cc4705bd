"""POST /v1/chat/completions: parse, look at the pictures, take a turn, and answer whole or as a stream."""

import time
from collections import defaultdict
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace

from aiohttp import web

from hailo_vision.chat import Finish, Piece, ToolCall
from hailo_vision.generate.choices import Said
from hailo_vision.generate.frames import pictures
from hailo_vision.generate.usage import total
from hailo_vision.http_api.openai.chat.parse import chat_request
from hailo_vision.http_api.openai.chat.reply import Choice, Reply
from hailo_vision.http_api.openai.sampling import priority
from hailo_vision.http_api.openai.usage import fingerprint
from hailo_vision.http_api.web.body import BODIES, json_body
from hailo_vision.http_api.web.facts import finish_facts, prepared_facts
from hailo_vision.http_api.web.guard import charge_images
from hailo_vision.http_api.web.late_stream import late_stream
from hailo_vision.http_api.web.request import FACTS, REQUEST_ID, caller
from hailo_vision.http_api.web.services import SERVICES
from hailo_vision.http_api.web.sse import DONE


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
        fingerprint=fingerprint(services.version, prepared.model),
        shows_usage=asked.include_usage,
    )
    stream = asked.stream
    del body, asked  # tens of megabytes of pictures need not wait with the job
    async with services.answers.answer(prepared, who) as said:
        if stream:
            return await _stream(request, answer, said)
        return await _whole(request, answer, said)


async def _whole(request: web.Request, answer: Reply, said: AsyncGenerator[Said]) -> web.Response:
    parts: dict[int, list[Piece | ToolCall]] = defaultdict(list)
    finishes: dict[int, Finish] = {}
    async for part in said:
        if isinstance(part.event, Finish):
            finishes[part.choice] = part.event
        else:
            parts[part.choice].append(part.event)
    choices = [_choice(parts[index], finishes[index]) for index in sorted(finishes)]
    everything = total([finishes[index] for index in sorted(finishes)])
    request[FACTS].update(finish_facts(everything))
    return web.json_response(answer.whole(choices, everything))


def _choice(parts: Sequence[Piece | ToolCall], finish: Finish) -> Choice:
    pieces = [part for part in parts if isinstance(part, Piece)]
    return Choice(
        text="".join(piece.text for piece in pieces),
        calls=tuple(part for part in parts if isinstance(part, ToolCall)),
        reason=finish.reason,
        logprobs=tuple(logprob for piece in pieces for logprob in piece.logprobs),
    )


async def _stream(request: web.Request, answer: Reply, said: AsyncGenerator[Said]) -> web.StreamResponse:
    finishes: list[Finish] = []
    async with late_stream(request) as stream:
        calls: dict[int, int] = {}  # of each choice that has begun
        async for part in said:
            if part.choice not in calls:
                calls[part.choice] = 0
                await stream.write(answer.first_chunk(part.choice))
            match part.event:
                case Piece(text=text, logprobs=logprobs):
                    if text:
                        await stream.write(answer.text_chunk(text, part.choice, logprobs))
                case ToolCall() as call:
                    await stream.write(answer.call_chunk(calls[part.choice], call, part.choice))
                    calls[part.choice] += 1
                case Finish() as finish:
                    finishes.append(finish)
                    await stream.write(answer.last_chunk(finish.reason, part.choice))
        everything = total(finishes)
        request[FACTS].update(finish_facts(everything))
        usage = answer.usage_chunk(everything) if answer.shows_usage else b""
        await stream.write(usage + DONE)
        return await stream.close()
