"""The composition root: what there is, in the order in which it starts; it stops in the opposite one.

STARTING -> SERVING -> DRAINING -> STOPPED
"""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, replace
from functools import partial

from hailo_vision import __version__
from hailo_vision.access.access import open_to
from hailo_vision.answers.answers import Answers
from hailo_vision.config import settings
from hailo_vision.config.settings import Settings
from hailo_vision.daemon import http, logs
from hailo_vision.daemon.device import find_node
from hailo_vision.daemon.health import HealthProbe
from hailo_vision.daemon.host import Host
from hailo_vision.daemon.listen import listen
from hailo_vision.daemon.metrics import Metrics, Readings
from hailo_vision.daemon.notify import Notifier
from hailo_vision.daemon.reload import Reloadable, Reloader
from hailo_vision.daemon.signals import Signals
from hailo_vision.errors import DeviceUnavailable, StartError
from hailo_vision.http_api import app
from hailo_vision.http_api.services import Services
from hailo_vision.images.pictures import Pictures
from hailo_vision.scheduler.scheduler import Scheduler
from hailo_vision.supervisor.budgets import Budgets
from hailo_vision.supervisor.probe import ChipProbe
from hailo_vision.supervisor.supervisor import Supervisor
from hailo_vision.wire import Load

log = logging.getLogger(__name__)

RUNTIME_MODULES = {"hailo": "hailo_platform", "simulated": "hailo_vision.simulator"}
PATIENCE_S = 12.0  # a worker that was killed can hold the chip for seconds
QUIT_S = 2.0  # for a worker to leave; then it is killed
# What a stop takes after the drain. With the default of queue.drain_timeout_s it stays within the unit's 30 s.
AFTER_DRAIN_S = QUIT_S + http.FLUSH_S + 2 * http.CUT_S


async def run(wanted: Settings, reread: Callable[[], Settings]) -> None:
    """Serve until SIGTERM or SIGINT. Raises StartError when the daemon can't start.

    `reread` gives the settings anew at SIGHUP; it runs in a thread and raises ConfigError.
    """
    signals = Signals()
    try:
        async with AsyncExitStack() as house:
            await _serve(wanted, reread, signals, house)
    except ExceptionGroup as group:
        if isinstance(reason := _first(group), DeviceUnavailable):
            raise StartError(str(reason)) from None
        raise
    log.info("stopped")


async def _serve(wanted: Settings, reread: Callable[[], Settings], signals: Signals, house: AsyncExitStack) -> None:
    access = open_to(wanted.server)
    listening = listen(wanted.server)
    house.callback(listening.close)
    access = access.bound(is_local=listening.is_local)
    queue = partial(_queue, waits=listening.is_inherited)
    notifier = Notifier(wanted.model.name)
    house.callback(notifier.close)
    runtime = RUNTIME_MODULES[wanted.device.runtime]
    environment = _environment(wanted)
    metrics = Metrics()
    supervisor = _supervisor(wanted, runtime, environment, notifier, metrics)
    probe = ChipProbe(runtime, environment=environment)
    scheduler = Scheduler(
        supervisor, queue(wanted), wanted.model, on_job_end=metrics.job_ended, on_refused=metrics.refused
    )
    pictures = Pictures(wanted.images, on_end=metrics.picture_ended)
    house.push_async_callback(pictures.aclose)
    health = HealthProbe(supervisor, probe)
    readings = Readings(version=__version__, engine=supervisor, scheduler=scheduler, health=health, host=Host())
    metrics.registry.register(readings)
    services = Services(
        version=__version__,
        started_at=int(time.time()),
        settings=wanted,
        access=access,
        engine=supervisor,
        scheduler=scheduler,
        answers=Answers(scheduler, pictures),
        health=health,
        on_request=metrics.request_ended,
        metrics=metrics.exposed,
    )
    limits = http.limits(wanted.server)
    doors = await house.enter_async_context(
        http.serving(app.build(services), listening.sockets, limits, backlog=listening.backlog, tls=access.tls)
    )
    notifier.starting(wanted.model.load_timeout_s)
    await house.enter_async_context(_background(supervisor.run()))
    await house.enter_async_context(_background(scheduler.run()))
    await house.enter_async_context(_background(notifier.feed_watchdog()))
    await house.enter_async_context(_background(probe.run()))
    reloadables = (
        Reloadable(name="logging", prepare=lambda new: partial(logs.set_up, new.logging)),
        Reloadable(name="queue", prepare=lambda new: partial(scheduler.reconfigure, queue(new), new.model)),
        Reloadable(name="access", prepare=lambda _: access.prepare()),
    )
    reloader = Reloader(wanted, reread, reloadables, notifier)
    await house.enter_async_context(_background(reloader.run(signals.reload)))
    await signals.stop.wait()
    if listening.is_inherited:
        doors.stop_listening()  # who comes now waits in the socket for the next process
    doors.drain()
    await _drain(scheduler, reloader.running.queue.drain_timeout_s, signals, notifier)


async def _drain(scheduler: Scheduler, timeout_s: float, signals: Signals, notifier: Notifier) -> None:
    """Let the running answer end, within its time, and at once at a second signal."""
    notifier.stopping(timeout_s + AFTER_DRAIN_S)
    log.info("draining", extra={"facts": {"running": scheduler.running, "waiting": scheduler.waiting}})
    async with asyncio.TaskGroup() as tasks:
        both = [tasks.create_task(scheduler.drain(timeout_s)), tasks.create_task(signals.hurry.wait())]
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        for task in both:
            task.cancel()
    if signals.hurry.is_set():
        log.info("stopping at once, as told twice")


def _queue(wanted: Settings, *, waits: bool) -> settings.Queue:
    """Who connected while the socket was nobody's waits for the load too: a restart then loses no request."""
    return replace(wanted.queue, wait_for_load=wanted.queue.wait_for_load or waits)


def _environment(wanted: Settings) -> dict[str, str]:
    """What a child needs to know before it imports the runtime."""
    if wanted.device.runtime != "simulated":
        return {}
    return {"HAILO_VISION_SIMULATOR": json.dumps(asdict(wanted.simulator))}


def _supervisor(
    wanted: Settings, runtime: str, environment: dict[str, str], notifier: Notifier, metrics: Metrics
) -> Supervisor:
    supervisor = Supervisor(
        Load(
            runtime=runtime,
            hef=wanted.model.hef,
            device="simulated" if wanted.device.runtime == "simulated" else find_node(wanted.device.path),
            group_id=wanted.device.group_id,
            patience_s=PATIENCE_S,
            reuses_context=wanted.model.reuse_context,
        ),
        Budgets(load_s=wanted.model.load_timeout_s, quit_s=QUIT_S),
        environment=environment,
        on_change=lambda: notifier.engine_changed(supervisor),
        on_restart=metrics.worker_restarted,
    )
    return supervisor


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
