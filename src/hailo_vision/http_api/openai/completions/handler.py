"""POST /v1/completions: parse, then answer one prompt after the other, whole or as a stream."""

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

from aiohttp import web

from hailo_vision.chat import Caller, Finish, Piece
from hailo_vision.generate.choices import Said
from hailo_vision.http_api.openai.completions.parse import Asked, completions_request
from hailo_vision.http_api.openai.completions.reply import Reply, choice
from hailo_vision.http_api.openai.usage import fingerprint, total
from hailo_vision.http_api.web.body import BODIES, json_body
from hailo_vision.http_api.web.facts import finish_facts, prepared_facts
from hailo_vision.http_api.web.late_stream import late_stream
from hailo_vision.http_api.web.naming import naming
from hailo_vision.http_api.web.request import FACTS, REQUEST_ID, caller
from hailo_vision.http_api.web.services import SERVICES
from hailo_vision.http_api.web.sse import DONE


async def create(request: web.Request) -> web.StreamResponse:
    services, who = request.app[SERVICES], caller(request)
    with naming("prompt"):
        with request.app[BODIES].share() as take:
            body = await json_body(request, int(services.settings.server.max_body_mb * 1e6), take)
            asked = completions_request(body, services.settings.model, services.settings.generation)
        model = await services.answers.admit(asked.first, who)
        reply = Reply(
            id=f"cmpl-{request[REQUEST_ID]}",
            created=int(time.time()),
            model=asked.first.model,
            fingerprint=fingerprint(services.version, model),
            shows_usage=asked.first.include_usage,
        )
        async with aclosing(_said(request, asked, who)) as said:
            return await (_stream if asked.first.stream else _whole)(request, reply, asked, said)


async def _said(request: web.Request, asked: Asked, who: Caller) -> AsyncGenerator[Said]:
    """The answers to all prompts, whose choices are counted through. Their time limit is the request's."""
    answers = request.app[SERVICES].answers
    for index, one in enumerate(asked.requests):
        prepared = await answers.prepare(one, who)
        request[FACTS].update(prepared_facts(prepared, one.model))
        async with answers.answer(prepared, who) as said:
            async for part in said:
                if isinstance(part.event, Finish):
                    request[FACTS].update(finish_facts(part.event))
                yield Said(choice=index * one.n + part.choice, event=part.event)


async def _whole(request: web.Request, reply: Reply, asked: Asked, said: AsyncGenerator[Said]) -> web.StreamResponse:
    texts = [[echo] for echo in asked.echoes for _ in range(asked.first.n)]
    ends: dict[int, Finish] = {}
    async for part in said:
        match part.event:
            case Piece(text=text):
                texts[part.choice].append(text)
            case Finish():
                ends[part.choice] = part.event
    choices = [choice(index, "".join(texts[index]), ends[index].reason) for index in sorted(ends)]
    return web.json_response(reply.whole(choices, total([end.usage for end in ends.values()])))


async def _stream(request: web.Request, reply: Reply, asked: Asked, said: AsyncGenerator[Said]) -> web.StreamResponse:
    """An error before the first chunk is a status; a long wait before it is filled with comments."""
    echoes = dict(enumerate(echo for echo in asked.echoes for _ in range(asked.first.n)))
    ends: list[Finish] = []
    async with late_stream(request) as stream:
        async for part in said:
            if echo := echoes.pop(part.choice, ""):
                await stream.write(reply.chunk(part.choice, echo))
            match part.event:
                case Piece(text=text) if text:
                    await stream.write(reply.chunk(part.choice, text))
                case Finish():
                    ends.append(part.event)
                    await stream.write(reply.chunk(part.choice, "", part.event.reason))
        usage = reply.usage_chunk(total([end.usage for end in ends])) if reply.shows_usage else b""
        await stream.write(usage + DONE)
        return await stream.close()
