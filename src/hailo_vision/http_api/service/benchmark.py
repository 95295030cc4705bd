"""POST /v1/benchmark: the server measures itself, as `hailo-vision bench` would, where the operator allows it."""

import asyncio
import random
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, datetime

from aiohttp import web

from hailo_vision.chat import Caller, ChatRequest, Finish, ImageRef, Piece, Priority, Sampling, Text, Turn
from hailo_vision.errors import HailoVisionError, Refused
from hailo_vision.generate.choices import ChoiceEvent
from hailo_vision.http_api.service.status import health_json
from hailo_vision.http_api.web.body import body_memory, json_body
from hailo_vision.http_api.web.exchange import exchange
from hailo_vision.http_api.web.faults import fault
from hailo_vision.http_api.web.fields import JsonObject, integer, invalid
from hailo_vision.http_api.web.http_errors import Forbidden, Permission
from hailo_vision.http_api.web.services import SERVICES, Services

MAX_QUESTIONS = 50
MAX_CLIENTS = 16
_RETRY_S = 30.0
MAX_BODY_BYTES = 10_000

RUNNING = web.AppKey("benchmark", asyncio.Lock)


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkRequest:
    questions: int
    clients: int
    max_tokens: int


def plan_of(body: JsonObject) -> BenchmarkRequest:
    """`n` questions, asked one after the other and then by `c` clients. Raises RequestError."""
    return BenchmarkRequest(
        questions=_at_most(body, "n", 5, MAX_QUESTIONS),
        clients=_at_most(body, "c", 1, MAX_CLIENTS),
        max_tokens=_at_most(body, "max_tokens", 64, 512),
    )


def _at_most(body: JsonObject, name: str, default: int, most: int) -> int:
    value = integer(body, name, least=1) or default
    if value > most:
        raise invalid(name, f"at most {most}", value)
    return value


async def run(request: web.Request) -> web.Response:
    services = request.app[SERVICES]
    if not services.allows_benchmark:
        message = "Benchmarks over HTTP are off here (server.allow_benchmark); hailo-vision bench works without it."
        raise Forbidden(Permission.BENCHMARK, message)
    async with body_memory(request) as take:
        request_plan = plan_of(await json_body(request, MAX_BODY_BYTES, take))
    running = request.app[RUNNING]
    if running.locked():
        raise Refused("A benchmark is running.", retry_after_s=_RETRY_S)
    async with running:
        return web.json_response(await _measured(services, request_plan, exchange(request).client))


async def _measured(services: Services, request_plan: BenchmarkRequest, client: str) -> JsonObject:
    # Here and not above: it draws its pictures with Pillow, which would cost the daemon's start.
    from hailo_vision.bench import over_http
    from hailo_vision.bench.question import Plan, Question
    from hailo_vision.bench.result import Result, Vitals, as_json
    from hailo_vision.bench.run import run as run_bench
    from hailo_vision.bench.sample import AskFailed, Ending, Sample

    nonce = random.SystemRandom().getrandbits(64)
    plan = Plan(
        questions=request_plan.questions, clients=request_plan.clients, max_tokens=request_plan.max_tokens, nonce=nonce
    )

    async def ask(question: Question) -> AsyncGenerator[Piece | Ending]:
        # Batch: what people ask meanwhile goes first, and shows in the figures as time in the queue.
        now = asyncio.get_running_loop().time()
        caller = Caller(client=client, arrived_at=now, priority=Priority.BATCH)
        chat = _chat_request(services, question.prompt, question.picture, request_plan.max_tokens)
        try:
            router = services.models.default.router
            assigned = await router.prepare(chat, caller)
            async with router.answer(assigned, caller) as events:
                async for part in events:
                    match part:
                        case ChoiceEvent(event=Piece() as piece):
                            yield piece
                        case ChoiceEvent(event=Finish() as finish):
                            yield Ending(usage=finish.usage, timings=finish.timings)
        except HailoVisionError as error:
            raise AskFailed(fault(error).code or "failed") from error

    async def look() -> Vitals:
        return over_http.vitals(health_json(services), over_http.cpu_seconds())

    def report(_phase: str, _count: int, _sample: Sample) -> None:
        """Nobody watches: the answer is whole at the end."""

    phases = await run_bench(plan, ask, look, report)
    health = health_json(services)
    plan_json = {"questions": plan.questions, "clients": plan.clients, "max_tokens": plan.max_tokens}
    return as_json(
        Result(
            made_at=datetime.now(tz=UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
            url="/v1/benchmark",
            model=services.models.default.name,
            load_s=health["load_seconds"],
            plan={**plan_json, "prompts": list(plan.prompts), "pictures": "drawn, a new one each"},
            versions=over_http.versions(health),
            phases=tuple(phases),
        )
    )


def _chat_request(services: Services, prompt: str, picture: str | None, max_tokens: int) -> ChatRequest:
    pictures = () if picture is None else (ImageRef(url=picture, param="picture"),)
    turn: Turn[ImageRef] = Turn(role="user", parts=(*pictures, Text(text=prompt)))
    model = services.models.default.name
    return ChatRequest(model=model, turns=(turn,), sampling=Sampling(), max_tokens=max_tokens)
