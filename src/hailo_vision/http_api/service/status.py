"""What the server says of itself. No handler here asks the device: they answer at once, whatever it is doing."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from hailo_vision.chat import ModelFacts
from hailo_vision.errors import NotReady, UnknownModel
from hailo_vision.http_api.web.faults import fault, without_paths
from hailo_vision.http_api.web.services import SERVICES, Services
from hailo_vision.serving.backend import Backend
from hailo_vision.serving.served import ServedModel


async def health(request: web.Request) -> web.Response:
    """200 while the process works, whatever the device does."""
    return web.json_response(health_json(request.app[SERVICES]))


def health_json(services: Services) -> dict[str, Any]:
    """Of the default model by name; all that counts work is a sum over the engines of all models."""
    model, backends = services.models.default, services.models.backends
    health, loaded = services.health(), model.backend.engine.model
    return {
        "status": "ok",
        "state": model.backend.engine.state,
        **_readiness(services),
        "model": model.name,
        "model_loaded": model.is_loaded,
        "models": [_model_state(served) for served in services.models],
        "runtime": model.backend.name,
        "runtime_reason": without_paths(health.runtime_reason),
        "runtime_version": loaded.runtime_version if loaded else None,
        "device": loaded.device if loaded else None,
        "load_seconds": round(loaded.load_s, 3) if loaded else None,
        "version": services.version,
        "uptime_seconds": round(health.uptime_s, 3),
        "queue": _added(
            {
                "running": scheduler.running,
                "slots": scheduler.slots,
                "waiting": scheduler.waiting,
                "depth": scheduler.depth,
            }
            for scheduler in (backend.scheduler for backend in backends)
        ),
        "memory": {
            "daemon_bytes": health.daemon_memory_bytes,
            "worker_bytes": health.worker_memory_bytes,
        },
        "worker_restarts": health.worker_restarts,
        "chip": health.chip and asdict(health.chip),
        "jobs": _jobs(backends),
        "tokens": _added(asdict(backend.scheduler.totals.tokens) for backend in backends),
    }


def _model_state(model: ServedModel) -> dict[str, Any]:
    """Whether one model would take a question now."""
    return {"model": model.name, "state": model.backend.engine.state, **_told(model.unready)}


def _jobs(backends: Sequence[Backend]) -> dict[str, Any]:
    """Sums since the start: all who asked are admitted or refused, all admitted have ended, wait or run.

    Of several engines all count: a request that one refuses and another takes is in both sums.
    """
    totals = [backend.scheduler.totals for backend in backends]
    return {
        "admitted": sum(total.admitted for total in totals),
        **_added(total.ended for total in totals),
        "refused": _added(total.refused for total in totals),
        "waited_seconds": round(sum(total.waited_s for total in totals), 3),
        "busy_seconds": round(sum(backend.engine.busy_s for backend in backends), 3),
    }


def _added(counts: Iterable[Mapping[Any, int]]) -> dict[str, int]:
    """Sums by name, those that are 0 too."""
    sums: dict[str, int] = {}
    for part in counts:
        for name, count in part.items():
            sums[name] = sums.get(name, 0) + count
    return sums


async def ready(request: web.Request) -> web.Response:
    """200 when a question about a picture would be taken for the default model, else 503 with the reason."""
    services = request.app[SERVICES]
    unready = services.models.default.unready
    if unready is None:
        return web.json_response(_readiness(services))
    refusal = fault(unready)
    return web.json_response(_readiness(services), status=refusal.status, headers=refusal.headers)


def _readiness(services: Services) -> dict[str, Any]:
    """As a whole, and of each engine."""
    return {
        **_told(services.models.default.unready),
        "engines": [
            {
                "engine": backend.name,
                "model": model.name,
                "sees_pictures": backend.sees,
                **_told(backend.scheduler.unready),
            }
            for model in services.models
            for backend in model.own
        ],
    }


def _told(why: NotReady | None) -> dict[str, Any]:
    return {
        "ready": why is None,
        "reason": None if why is None else why.reason,
        "message": None if why is None else without_paths(str(why)),
    }


async def metrics(request: web.Request) -> web.Response:
    """For Prometheus."""
    page, content_type = request.app[SERVICES].metrics(request.headers.get("Accept", ""))
    return web.Response(body=page, headers={"Content-Type": content_type, "Vary": "Accept"})


async def models(request: web.Request) -> web.Response:
    """Each served model under each of its names."""
    services = request.app[SERVICES]
    data = [await _model(services, model, name) for model in services.models for name in model.names]
    ends = {"first_id": data[0]["id"], "last_id": data[-1]["id"], "has_more": False}  # Anthropic's pages
    return web.json_response({"object": "list", "data": data, **ends})


async def model(request: web.Request) -> web.Response:
    services, name = request.app[SERVICES], request.match_info["id"]
    served = services.models.find(name)
    if served is None:
        raise UnknownModel(name[:100], services.models.default.name)
    return web.json_response(await _model(services, served, name))


async def _model(services: Services, model: ServedModel, name: str) -> dict[str, Any]:
    """Facts may be read off the disk, so in a thread."""
    facts = await asyncio.to_thread(lambda: model.facts)
    return model_json(model, name, services.started_at, facts)


def model_json(model: ServedModel, name: str, created: int, facts: ModelFacts) -> dict[str, Any]:
    """One entry of /v1/models. It is listed while it loads; what only the device knows comes with the load.

    What clients of vLLM, of llama.cpp and of Anthropic look for stands in it too, each in its place.
    """
    loaded, runtime = model.backend.scheduler.engine_model, model.backend.name
    context = loaded.context_tokens if loaded is not None else facts.context_tokens
    modalities = ["text", "image"] if model.sees else ["text"]
    return {
        "id": name,
        "object": "model",
        "created": created,
        "owned_by": "hailo-vision" if runtime == "hailo" else f"hailo-vision ({runtime})",
        "runtime": runtime,
        "kind": model.kind,
        "input_modalities": modalities,
        **({} if context is None else {"max_model_len": context}),
        **({"max_images": loaded.max_images} if loaded is not None and loaded.max_images and model.sees else {}),
        "aliases": [other for other in model.names if other != name],
        "architecture": {"input_modalities": modalities, "output_modalities": ["text"]},
        "meta": {"n_ctx": context},
        "type": "model",
        "display_name": name,
        "created_at": datetime.fromtimestamp(created, UTC).isoformat().replace("+00:00", "Z"),
        "max_input_tokens": context,
        "lifecycle": "active",
    }
