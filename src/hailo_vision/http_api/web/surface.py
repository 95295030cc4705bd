"""What every surface does with a request, whatever its dialect: read it, find its model, parse it, have it prepared and
answered. A surface says in a Dialect how its bodies become requests; what is told of the answer is its own matter.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from aiohttp import web

from hailo_vision.chat import Begun, Caller, Finish, LoadedModel, Reductions, ToolCount
from hailo_vision.errors import UnknownModel
from hailo_vision.generate.choices import ChoiceEvent
from hailo_vision.generate.frames import image_refs
from hailo_vision.generate.pipeline import Prepared
from hailo_vision.generate.usage import summed, total
from hailo_vision.http_api.web.body import body_memory, json_body
from hailo_vision.http_api.web.exchange import Exchange, Facts, exchange
from hailo_vision.http_api.web.fields import JsonObject, invalid
from hailo_vision.http_api.web.guard import charge_images
from hailo_vision.http_api.web.parsed import Parsed, priority
from hailo_vision.http_api.web.services import SERVICES, Services
from hailo_vision.serving.routing import Assigned
from hailo_vision.serving.served import ServedModel, ServedModels, Target

Rest = TypeVar("Rest")
Take = Callable[[int], None]
Events = AsyncGenerator[ChoiceEvent]


def named(models: ServedModels, body: JsonObject) -> ServedModel:
    """The model that `model` names. Raises RequestError where it names none that is served."""
    name = body.get("model")
    if not isinstance(name, str) or not name:
        raise invalid("model", f"the name of a model, such as {models.default.name!r}", name)
    model = models.find(name)
    if model is None:
        raise UnknownModel(name[:100], models.default.name)
    return model


def named_or_default(models: ServedModels, body: JsonObject) -> ServedModel:
    """The same for routes where a request may name no model."""
    return models.default if body.get("model") is None else named(models, body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect(Generic[Rest]):
    """How bodies of one route become requests. `conversation` is the field that holds the conversation, which is named
    for what is wrong with it as a whole. `waits_for_load` is what `queue.wait_for_load` is where it is auto;
    with `reduces` a request that is too large is made smaller where the settings for that are auto.
    """

    parse: Callable[[JsonObject, Target], Parsed[Rest]]
    conversation: str
    read: Callable[[web.Request, int, Take], Awaitable[JsonObject]] = json_body
    find: Callable[[ServedModels, JsonObject], ServedModel] = named
    waits_for_load: bool = False
    reduces: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken(Generic[Rest]):
    """A request that was read, whose body still counts in memory. `take` gives a part of that back."""

    model: ServedModel
    parsed: Parsed[Rest]
    caller: Caller
    take: Take


@asynccontextmanager
async def taking(request: web.Request, dialect: Dialect[Rest]) -> AsyncIterator[Taken[Rest]]:
    """Read and parse a body, and count its pictures against the client's limit before any work is done for them.

    The block is where its pictures become frames; after it the body's memory is free for others.
    """
    services, about = request.app[SERVICES], exchange(request)
    caller = about.caller(asyncio.get_running_loop().time())
    about.conversation = dialect.conversation
    async with body_memory(request) as take:
        body = await dialect.read(request, services.limit_bytes, take)
        await asyncio.sleep(0)  # the loop gets a turn between two pieces of work that each take milliseconds
        model = dialect.find(services.models, body)
        parsed = _reducible(dialect.parse(body, model.target), dialect, services, model.target)
        caller = replace(caller, priority=priority(body), waits_for_load=dialect.waits_for_load)
        del body  # tens of megabytes of pictures need not wait with the job
        about.facts["model"] = model.name
        charge_images(request, sum(len(image_refs(one)) for one in parsed.requests))
        yield Taken(model=model, parsed=parsed, caller=caller, take=take)


def _reducible(parsed: Parsed[Rest], dialect: Dialect[Rest], services: Services, target: Target) -> Parsed[Rest]:
    """The same with what may be left out of its requests, by the settings and else by the dialect."""
    too_many, too_long = services.too_many_pictures, target.generation.too_long
    drops_turns = dialect.reduces if too_long == "auto" else too_long == "drop"
    reductions = Reductions(
        pictures=dialect.reduces if too_many == "auto" else too_many == "spread",
        turns=drops_turns and not parsed.keeps_turns,
    )
    return replace(parsed, requests=tuple(replace(one, reductions=reductions) for one in parsed.requests))


class Call(Generic[Rest]):
    """A request whose first prompt is prepared: what its reply is made of, without the bytes that the client sent.

    `total` is what all of its answers used together, once `events` has ended.
    """

    def __init__(self, exchange: Exchange, taken: Taken[Rest], assigned: Assigned, version: str) -> None:
        first, *later = taken.parsed.requests
        self._exchange = exchange
        self._taken = replace(taken, parsed=replace(taken.parsed, requests=tuple(later)))
        self._assigned = assigned
        self.id = exchange.id
        self.created = int(time.time())
        self.model = first.model
        self.fingerprint = fingerprint(version, assigned.prepared.model)
        self.rest = taken.parsed.rest
        self.stream = first.stream
        self.include_usage = first.include_usage
        self.n = first.n
        self.total: Finish

    @property
    def image_s(self) -> float:
        return self._assigned.prepared.image_s

    @asynccontextmanager
    async def events(self) -> AsyncIterator[Events]:
        """What is said in answer to all prompts, within the request's time limit; their choices are counted through."""
        async with aclosing(self._events()) as events:
            yield events

    async def _events(self) -> Events:
        router, caller = self._taken.model.router, self._taken.caller
        assigned, totals = self._assigned, list[Finish]()
        for index in range(1 + len(self._taken.parsed.requests)):
            if index:
                assigned = await router.prepare(self._taken.parsed.requests[index - 1], caller)
            finishes: dict[int, Finish] = {}
            async with router.answer(assigned, caller) as events:
                async for event in events:
                    if isinstance(event, Begun):
                        self._exchange.engine = event.engine
                        self._exchange.note_shown("turns", event.turns_shown, event.turns_sent)
                        note_tools(self._exchange, event.tools)
                        continue
                    if isinstance(event.event, Finish):
                        finishes[event.choice] = event.event
                        if len(finishes) == self.n:
                            self._finish([*totals, total([finishes[choice] for choice in sorted(finishes)])])
                    yield replace(event, choice=index * self.n + event.choice) if index else event
            totals.append(total([finishes[choice] for choice in sorted(finishes)]))

    def _finish(self, totals: Sequence[Finish]) -> None:
        """Known before the last Finish is passed on, so that the reply to it can tell usage."""
        self.total = summed(totals)
        self._exchange.facts.update(finish_facts(self.total))


async def prepare(request: web.Request, dialect: Dialect[Rest]) -> Call[Rest]:
    """Read, parse and prepare a request that asks for an answer. Raises what is wrong with it, or why it is not now."""
    async with taking(request, dialect) as taken:
        return await prepared(request, taken)


async def prepared(request: web.Request, taken: Taken[Rest]) -> Call[Rest]:
    """The same of a request that was read."""
    about = exchange(request)
    assigned = await taken.model.router.prepare(taken.parsed.requests[0], taken.caller)
    about.facts.update(prepared_facts(assigned.prepared))
    about.note_shown("images", len(assigned.prepared.image_sizes), assigned.prepared.images_sent)
    note_tools(about, assigned.prepared.tools)
    return Call(about, taken, assigned, request.app[SERVICES].version)


def note_tools(about: Exchange, tools: ToolCount | None) -> None:
    """Have the response's header and the log line say how many of the request's tools the model is shown."""
    about.tools = tools
    if tools is not None:
        about.facts["tools"] = str(tools)


def fingerprint(version: str, model: LoadedModel) -> str:
    """What made an answer; `simulated` in it means that no model did."""
    return f"hailo-vision-{version}-{model.runtime}-{model.runtime_version}"


def prepared_facts(prepared: Prepared) -> Facts:
    """What the log says of a request's model and pictures."""
    sizes = prepared.image_sizes
    return {
        "load_time_ms": round(prepared.model.load_s * 1000),
        "images": len(sizes),
        **({"image_size": ",".join(sizes), "image_ms": round(prepared.image_s * 1000)} if sizes else {}),
    }


def finish_facts(finish: Finish) -> Facts:
    """What the log says of an answer; the same record feeds `usage`."""
    usage, timings = finish.usage, finish.timings
    return {
        "queue_ms": round(timings.queue_s * 1000),
        "prefill_ms": round(timings.prefill_s * 1000),
        "decode_ms": round(timings.decode_s * 1000),
        "inference_time_ms": round((timings.prefill_s + timings.decode_s) * 1000),
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "tokens_generated": usage.completion_tokens,
        "cached_tokens": usage.cached_tokens,
        "finish_reason": finish.reason.value,
    }
