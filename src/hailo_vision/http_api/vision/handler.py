"""POST /v1/vision/analyze, caption and vqa: read JSON or a form, look at the pictures, and tell what was seen."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace

from aiohttp import web

from hailo_vision.chat import ChatRequest, LoadedModel, Priority
from hailo_vision.config import settings
from hailo_vision.http_api.openai.usage import fingerprint
from hailo_vision.http_api.vision.ahead import ahead
from hailo_vision.http_api.vision.batch import Batch, see
from hailo_vision.http_api.vision.parse import analyze_request, caption_request, vqa_request
from hailo_vision.http_api.vision.reply import Head, Outcome, Seen, answer_json, result_json, summary_json
from hailo_vision.http_api.vision.upload import form_object
from hailo_vision.http_api.web.body import BODIES, json_body, media_type, read_body
from hailo_vision.http_api.web.facts import finish_facts, prepared_facts
from hailo_vision.http_api.web.fields import JsonObject
from hailo_vision.http_api.web.form import boundary_of, fields
from hailo_vision.http_api.web.guard import charge_images
from hailo_vision.http_api.web.naming import naming
from hailo_vision.http_api.web.request import FACTS, REQUEST_ID, STREAM, caller
from hailo_vision.http_api.web.services import SERVICES
from hailo_vision.http_api.web.sse import DONE, event
from hailo_vision.http_api.web.stream import EventStream

Parse = Callable[[JsonObject, settings.Model, settings.Generation], ChatRequest]


async def analyze(request: web.Request) -> web.StreamResponse:
    """Many pictures, each with an outcome of its own: once the request is taken, its status is 200."""
    services, who = request.app[SERVICES], caller(request)
    with naming("prompt"), request.app[BODIES].share() as take:
        body = await _body(request, take)
        asked = analyze_request(body, services.settings.model, services.settings.generation)
        charge_images(request, len(asked.requests))
        model = await services.answers.admit(asked.requests[0], replace(who, priority=Priority.BATCH))
        batch = Batch(services.answers, who, asked.requests, deadline_s=services.settings.queue.deadline_s, take=take)
        stream, count, name = asked.stream, len(asked.requests), asked.requests[0].model
        del body, asked  # the batch lets go of each picture when it is a frame
        request[FACTS].update({"model": name, "images": count})
        head = _head(request, name, model)
        return await (_stream if stream else _whole)(request, head, batch, count)


async def caption(request: web.Request) -> web.Response:
    _, seen, head = await _one(request, caption_request, "prompt")
    return web.json_response({**head.json("vision.caption"), "caption": seen.text, **answer_json(seen)})


async def vqa(request: web.Request) -> web.Response:
    question, seen, head = await _one(request, vqa_request, "question")
    answer = {"question": question, "answer": seen.text, **answer_json(seen)}
    return web.json_response({**head.json("vision.answer"), **answer})


async def _body(request: web.Request, take: Callable[[int], None]) -> JsonObject:
    limit_bytes = int(request.app[SERVICES].settings.server.max_body_mb * 1e6)
    if media_type(request) != "multipart/form-data":
        return await json_body(request, limit_bytes, take)
    boundary = boundary_of(request.headers["Content-Type"])
    body = await read_body(request, limit_bytes, take)
    return form_object(await asyncio.to_thread(fields, body, boundary))


def _head(request: web.Request, name: str, model: LoadedModel) -> Head:
    return Head(
        id=f"vision-{request[REQUEST_ID]}",
        created=int(time.time()),
        model=name,
        fingerprint=fingerprint(request.app[SERVICES].version, model),
    )


async def _one(request: web.Request, parse: Parse, words: str) -> tuple[str, Seen, Head]:
    """What was asked of the one picture, what was seen in it, and how the answer begins."""
    services, who = request.app[SERVICES], caller(request)
    with naming(words):
        with request.app[BODIES].share() as take:
            body = await _body(request, take)
            asked = parse(body, services.settings.model, services.settings.generation)
            charge_images(request, 1)
            prepared = await services.answers.prepare(asked, who)
        question, name = str(body.get("question")), asked.model
        del body, asked  # the picture need not wait with the job
        request[FACTS].update(prepared_facts(prepared, name))
        seen = await see(services.answers, prepared, who)
    request[FACTS].update(finish_facts(seen.finish))
    return question, seen, _head(request, name, prepared.model)


async def _whole(request: web.Request, head: Head, batch: Batch, count: int) -> web.Response:
    found: list[Outcome] = []

    async def tell(one: Outcome) -> None:
        found.append(one)

    async def ping() -> None:
        pass

    await ahead(count, batch.one, tell, ping)
    summary = _summary(request, found)
    found.sort(key=lambda one: one.index)
    results = [result_json(one, batch.addresses[one.index], count) for one in found]
    return web.json_response({**head.json("vision.analysis"), "results": results, **summary})


async def _stream(request: web.Request, head: Head, batch: Batch, count: int) -> web.StreamResponse:
    stream = request[STREAM] = await EventStream.open(request)
    found: list[Outcome] = []

    async def tell(one: Outcome) -> None:
        found.append(one)
        result = result_json(one, batch.addresses[one.index], count)
        await stream.write(event({**head.json("vision.analysis.result"), **result}))

    async def ping() -> None:
        await stream.write(b": waiting\n\n")

    await ahead(count, batch.one, tell, ping)
    summary = _summary(request, found)
    await stream.write(event({**head.json("vision.analysis.summary"), **summary}) + DONE)
    await stream.close()
    return stream.response


def _summary(request: web.Request, found: list[Outcome]) -> JsonObject:
    summary = summary_json(found)
    usage = summary["usage"]
    tokens = {name: usage[name] for name in ("prompt_tokens", "completion_tokens")}
    request[FACTS].update({"failed": summary["failed"], **tokens})
    return summary
