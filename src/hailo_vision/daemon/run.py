"""The composition root: all parts of the daemon, in the order in which they start; they stop in reverse order.

STARTING -> SERVING -> DRAINING -> STOPPED
"""

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from hailo_vision import __version__
from hailo_vision.access.access import Access, load_access
from hailo_vision.config.served import ModelSettings, served
from hailo_vision.config.settings import Queue, Settings
from hailo_vision.daemon import fleet, http, logs
from hailo_vision.daemon.health import HealthProbe
from hailo_vision.daemon.host import Host
from hailo_vision.daemon.listen import listen
from hailo_vision.daemon.metrics import Metrics, Readings
from hailo_vision.daemon.notify import Notifier
from hailo_vision.daemon.reload import Reloadable, Reloader
from hailo_vision.daemon.signals import Signals
from hailo_vision.daemon.speeds import SpeedKeeper, Speeds, key, speeds_path
from hailo_vision.daemon.speeds import load as load_speeds
from hailo_vision.engines.chip.build import QUIT_S
from hailo_vision.engines.contract import Engine
from hailo_vision.errors import DeviceUnavailable, StartError
from hailo_vision.http_api import app
from hailo_vision.http_api.web.running import RUNNING_REQUESTS
from hailo_vision.http_api.web.services import ROUTES, Downloads, Health, Services
from hailo_vision.images.pictures import Pictures
from hailo_vision.models.release import runtime_release
from hailo_vision.scheduler.scheduler import Scheduler
from hailo_vision.serving.served import ServedModels

log = logging.getLogger(__name__)

# What a stop takes after the drain. With the default of queue.drain_timeout_s it stays within the unit's 30 s.
AFTER_DRAIN_S = QUIT_S + http.FLUSH_S + 2 * http.HANDLER_SHUTDOWN_S


async def run(settings: Settings, reread: Callable[[], Settings]) -> None:
    """Serve until SIGTERM or SIGINT. Raises StartError when the daemon can't start.

    `reread` gives the settings anew at SIGHUP; it runs in a thread and raises ConfigError.
    """
    signals = Signals()
    try:
        async with AsyncExitStack() as stack:
            await _serve(settings, reread, signals, stack)
    except ExceptionGroup as group:
        if isinstance(reason := _first(group), DeviceUnavailable):
            raise StartError(str(reason)) from None
        raise
    log.info("stopped")
    signals.end()


async def _serve(settings: Settings, reread: Callable[[], Settings], signals: Signals, stack: AsyncExitStack) -> None:
    access = load_access(settings.server)
    listening = listen(settings.server)
    stack.callback(listening.close)
    access = access.for_address(is_local=listening.is_local)
    queue = partial(_queue, waits=listening.is_inherited)
    metrics = Metrics()
    choice = fleet.choose(served(settings))
    log.info("engine", extra={"facts": {"runtime": choice.runtime, "because": choice.reason}})
    for model in choice.models[1:]:
        engines = ", ".join(engine.runtime for engine in model.engines)
        log.info("another model", extra={"facts": {"model": model.name, "engines": engines}})
    notifier = Notifier(choice.models[0].name, choice.engines)
    stack.callback(notifier.close)
    pictures = Pictures(settings.images, on_end=metrics.picture_ended)
    stack.push_async_callback(pictures.aclose)

    path = speeds_path()
    speeds = load_speeds(path)

    def schedule(engine: Engine, model: ModelSettings, name: str) -> Scheduler:
        return Scheduler(
            engine,
            queue(settings),
            speed=speeds.get(key(model.name, name)),
            keep_alive=model.keep_alive,
            is_pinned=model.is_pinned,
            on_job_end=metrics.job_ended,
            on_refused=metrics.refused,
        )

    parts = fleet.build(choice, schedule, pictures, notifier.engine_changed, metrics.worker_restarted)
    health = HealthProbe(parts.engines, parts.probe, choice.reason)
    metrics.registry.register(Readings(version=__version__, models=parts.models, health=health, host=Host()))
    services = _services(settings, access, parts.models, health, metrics)
    application = app.build(services)
    metrics.serve(application[ROUTES].all)
    connections = http.serving(
        application,
        listening.sockets,
        http.limits_of(settings.server),
        backlog=listening.backlog,
        tls=access.tls,
    )
    keeper = SpeedKeeper(path, speeds, partial(_speeds, parts.models))
    stack.push_async_callback(keeper.save)
    await stack.enter_async_context(_background(keeper.run()))
    server = await stack.enter_async_context(connections)
    notifier.starting(max(engine.load_timeout_s for model in choice.models for engine in model.engines))
    for engine, (_, scheduler) in zip(parts.engines, parts.schedulers, strict=True):
        await stack.enter_async_context(_background(engine.run()))
        await stack.enter_async_context(_background(scheduler.run()))
    await stack.enter_async_context(_background(notifier.feed_watchdog()))
    if parts.probe is not None:
        await stack.enter_async_context(_background(parts.probe.run()))
    reloadables = (
        Reloadable(name="logging", prepare=lambda new: partial(logs.set_up, new.logging)),
        Reloadable(name="queue", prepare=lambda new: partial(parts.reconfigure, queue(new), served(new))),
        Reloadable(name="access", prepare=lambda _: access.prepare()),
    )
    reloader = Reloader(settings, reread, reloadables, notifier)
    await stack.enter_async_context(_background(reloader.run(signals.reload)))
    await signals.stop.wait()
    if listening.is_inherited:
        server.stop_listening()  # a client that connects now waits in the socket for the next process
    server.drain()
    schedulers = [scheduler for _, scheduler in parts.schedulers]
    await _drain(schedulers, reloader.running.queue.drain_timeout_s, signals, notifier)
    application[RUNNING_REQUESTS].refuse()


def _services(
    settings: Settings, access: Access, models: ServedModels, health: Callable[[], Health], metrics: Metrics
) -> Services:
    return Services(
        version=__version__,
        started_at=int(time.time()),
        access=access,
        models=models,
        limit_bytes=int(settings.server.max_body_mb * 1e6),
        allows_benchmark=settings.server.allow_benchmark,
        has_console=settings.server.console,
        downloads=Downloads(
            are_allowed=settings.model.allow_pull,
            folder=Path(os.path.abspath(settings.model.hef)).parent,
            release=lambda: runtime_release(settings).version,
        ),
        health=health,
        on_request=metrics.request_ended,
        metrics=metrics.exposed,
        too_many_pictures=settings.images.too_many,
    )


async def _drain(schedulers: Sequence[Scheduler], timeout_s: float, signals: Signals, notifier: Notifier) -> None:
    """Let running answers end within the timeout, or stop at once at a second signal."""
    notifier.stopping(timeout_s + AFTER_DRAIN_S)
    running, waiting = sum(queue.running for queue in schedulers), sum(queue.waiting for queue in schedulers)
    log.info("draining", extra={"facts": {"running": running, "waiting": waiting}})
    async with asyncio.TaskGroup() as tasks:
        drained = tasks.create_task(_drained(schedulers, timeout_s))
        hurried = tasks.create_task(signals.hurry.wait())
        await asyncio.wait((drained, hurried), return_when=asyncio.FIRST_COMPLETED)
        drained.cancel()
        hurried.cancel()
    if signals.hurry.is_set():
        log.info("stopping at once after a second signal")


async def _drained(schedulers: Sequence[Scheduler], timeout_s: float) -> None:
    async with asyncio.TaskGroup() as tasks:
        for scheduler in schedulers:
            tasks.create_task(scheduler.drain(timeout_s))


def _speeds(models: ServedModels) -> Speeds:
    """What was measured in this run, of each engine that has answered."""
    return {
        key(model.name, backend.name): speed
        for model in models
        for backend in model.own
        if (speed := backend.scheduler.speed) is not None
    }


def _queue(settings: Settings, *, waits: bool) -> Queue:
    """Let requests wait for the load where the socket is inherited, so that a restart loses none of them."""
    return replace(settings.queue, wait_for_load=True if waits else settings.queue.wait_for_load)


def _first(group: BaseException) -> BaseException:
    while isinstance(group, BaseExceptionGroup):
        group = group.exceptions[0]
    return group


@asynccontextmanager
async def _background(work: Coroutine[object, object, None]) -> AsyncIterator[None]:
    """A task that lives as long as the block; if it fails, the block fails with it."""
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(work)
        yield
        task.cancel()
