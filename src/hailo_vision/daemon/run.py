"""The composition root: what there is, in the order in which it starts; it stops in the opposite one.

STARTING -> SERVING -> DRAINING -> STOPPED
"""

import asyncio
import logging
import signal
import socket
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

from aiohttp import web

from hailo_vision import __version__
from hailo_vision.access.access import Access, open_to
from hailo_vision.access.hosts import is_loopback
from hailo_vision.access.tls import Tls
from hailo_vision.answers.answers import Answers
from hailo_vision.answers.routing import Answering, Place, Routed
from hailo_vision.config import settings
from hailo_vision.config.settings import Settings
from hailo_vision.daemon import engines
from hailo_vision.daemon.health import HealthProbe
from hailo_vision.daemon.notify import Notifier
from hailo_vision.errors import DeviceUnavailable, StartError, UnusableFile
from hailo_vision.http_api import app
from hailo_vision.http_api.services import Services
from hailo_vision.images.pictures import Pictures
from hailo_vision.scheduler.scheduler import Scheduler

log = logging.getLogger(__name__)

BACKLOG = 128
FLUSH_S = 2.0  # for the last bytes of answers, once the engine has stopped


async def run(wanted: Settings) -> None:
    """Serve until SIGTERM or SIGINT. Raises StartError when the daemon can't start."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        async with AsyncExitStack() as house:
            await _serve(wanted, stop, house)
    except ExceptionGroup as group:
        if isinstance(reason := _first(group), DeviceUnavailable):
            raise StartError(str(reason)) from None
        raise
    log.info("stopped")


async def _serve(wanted: Settings, stop: asyncio.Event, house: AsyncExitStack) -> None:
    access = open_to(wanted.server)
    listener = house.enter_context(_bind(wanted.server))
    access = access.bound(is_local=is_loopback(listener.getsockname()[0]))
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, _reload, access)
    notifier = Notifier(wanted.model.name)
    choice = engines.choose(wanted)
    log.info("engine", extra={"facts": {"runtime": choice.runtime, "because": choice.reason}})
    wanted = replace(wanted, device=replace(wanted.device, runtime=choice.runtime))
    engine, probe = engines.build(wanted, notifier.engine_changed), engines.probe(wanted)
    scheduler = Scheduler(engine, wanted.queue, wanted.model)
    second = engines.fallback(wanted)
    spare = None if second is None else Scheduler(second, wanted.queue, wanted.model)
    pictures = Pictures(wanted.images)
    house.push_async_callback(pictures.aclose)
    services = Services(
        version=__version__,
        started_at=int(time.time()),
        settings=wanted,
        access=access,
        engine=engine,
        scheduler=scheduler,
        answers=_answers(wanted, scheduler, spare, pictures),
        fallback_model=lambda: None if second is None else second.model,
        health=HealthProbe(engine, probe, choice.reason),
    )
    await house.enter_async_context(_http(app.build(services), listener, access.tls))
    notifier.starting(wanted.model.load_timeout_s)
    await house.enter_async_context(_background(engine.run()))
    await house.enter_async_context(_background(scheduler.run()))
    if second is not None and spare is not None:
        await house.enter_async_context(_background(second.run()))
        await house.enter_async_context(_background(spare.run()))
    await house.enter_async_context(_background(notifier.feed_watchdog()))
    if probe is not None:
        await house.enter_async_context(_background(probe.run()))
    await stop.wait()
    notifier.stopping()
    log.info("draining", extra={"facts": {"running": scheduler.running, "waiting": scheduler.waiting}})
    async with asyncio.TaskGroup() as draining:
        for one in (scheduler, *([] if spare is None else [spare])):
            draining.create_task(one.drain(wanted.queue.drain_timeout_s))


def _answers(wanted: Settings, scheduler: Scheduler, spare: Scheduler | None, pictures: Pictures) -> Answering:
    """Of the engine, and of the one that answers in its stead where there is one."""
    runtime, other = wanted.device.runtime, wanted.routing.fallback
    answers = Answers(scheduler, pictures, runtime)
    if spare is None:
        return answers
    return Routed(
        Place(name=runtime, answers=answers, scheduler=scheduler),
        Place(
            name=other,
            answers=Answers(spare, pictures, other),
            scheduler=spare,
            takes_pictures=other != "remote" or wanted.routing.send_pictures_away,
        ),
        model=wanted.model.fallback_name,
    )


def _reload(access: Access) -> None:
    """Read the files of keys and certificates again; when one is wrong, that is told, and all stays as it was."""
    try:
        change = access.prepare()
    except UnusableFile as error:
        problems = "; ".join(str(problem) for problem in error.problems)
        log.error("not reloaded", extra={"facts": {"file": error.source, "problems": problems}})
    else:
        change()
        log.info("reloaded")


def _bind(server: settings.Server) -> socket.socket:
    """A listening socket. Raises StartError when the address can't be had."""
    try:
        family, _, _, _, address = socket.getaddrinfo(
            server.host, server.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except OSError as error:
        raise StartError(
            f"Can't listen on {server.host} port {server.port}: {error.strerror}. "
            "Stop the program that has it, or choose another server.port."
        ) from error
    host, port = listener.getsockname()[:2]
    scheme = "http" if server.tls_cert is None else "https"
    shown = f"[{host}]" if family == socket.AF_INET6 else host
    log.info("listening", extra={"facts": {"url": f"{scheme}://{shown}:{port}"}})
    return listener


@asynccontextmanager
async def _http(application: web.Application, listener: socket.socket, tls: Tls | None) -> AsyncIterator[None]:
    """HTTP on a socket, or https. A client that leaves is noticed before its answer by handler_cancellation alone."""
    runner = web.AppRunner(
        application,
        access_log=None,
        handler_cancellation=True,
        auto_decompress=False,  # a compressed body is refused, not inflated
        shutdown_timeout=FLUSH_S,
    )
    await runner.setup()
    try:
        await web.SockSite(runner, listener, ssl_context=None if tls is None else tls.context).start()
        yield
    finally:
        await runner.cleanup()


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
