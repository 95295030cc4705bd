"""Everything that requests wait for is shared in turns, and a wait ends at the deadline. On a fake clock."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

import pytest
from fake_clock import run
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from hailo_vision.chat import FinishReason, Priority
from hailo_vision.config import settings
from hailo_vision.errors import Expired
from hailo_vision.scheduler.scheduler import Scheduler
from hailo_vision.scheduler.turns import Turns, Waiter
from scheduler.puppet import Puppet, finish, question

DEADLINE_S = 1000.0


def now() -> float:
    return asyncio.get_running_loop().time()


def waiter(client: str, *, deadline_s: float = DEADLINE_S, priority: Priority = Priority.INTERACTIVE) -> Waiter:
    return Waiter(client=client, deadline=now() + deadline_s, deadline_s=deadline_s, priority=priority)


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


@dataclass(slots=True, kw_only=True)
class Book:
    """Names in the order in which their turns came, until `leave` is set."""

    turns: Turns
    order: list[str] = field(default_factory=list)
    leave: asyncio.Event = field(default_factory=asyncio.Event)

    def ask(self, name: str, size: int = 1, **options: object) -> "asyncio.Task[None]":
        return asyncio.ensure_future(self._ask(name, size, waiter(name[0], **options)))  # type: ignore[arg-type]

    async def _ask(self, name: str, size: int, waiting: Waiter) -> None:
        async with self.turns.take(waiting, size):
            self.order.append(name)
            await self.leave.wait()


def test_clients_take_turns_and_each_is_served_in_the_order_of_its_requests() -> None:
    async def story() -> None:
        book = Book(turns=Turns(1))
        async with book.turns.take(waiter("a")):
            tasks = [book.ask(name) for name in ("a1", "a2", "a3", "b1", "b2", "c1")]
            await settle()
        book.leave.set()
        await asyncio.gather(*tasks)
        assert book.order == ["b1", "c1", "a1", "b2", "a2", "a3"]

    run(story())


def test_the_next_slot_is_that_of_the_client_which_holds_fewest() -> None:
    """Also of one whose jobs are long and whose line is longest: it gets no second slot while another one waits."""

    async def story() -> None:
        turns = Turns(2)
        book = Book(turns=turns)
        held = await turns.wait(waiter("a"))
        other = await turns.wait(waiter("a"))
        tasks = [book.ask(name) for name in ("a1", "a2", "b1")]
        await settle()
        turns.leave(other)
        await settle()
        assert book.order == ["b1"]
        book.leave.set()
        await asyncio.gather(*tasks)
        turns.leave(held)
        assert turns.is_idle

    run(story())


def test_batch_work_waits_for_all_interactive_work() -> None:
    async def story() -> None:
        book = Book(turns=Turns(1))
        async with book.turns.take(waiter("a")):
            tasks = [book.ask("b1", priority=Priority.BATCH), book.ask("c1"), book.ask("c2")]
            await settle()
        book.leave.set()
        await asyncio.gather(*tasks)
        assert book.order == ["c1", "c2", "b1"]

    run(story())


def test_a_large_size_is_not_overtaken_by_small_ones_that_would_fit() -> None:
    async def story() -> None:
        book = Book(turns=Turns(10))
        async with book.turns.take(waiter("a"), 6):
            tasks = [book.ask("b", 8), book.ask("c", 2)]
            await settle()
            assert book.order == []
        book.leave.set()
        await asyncio.gather(*tasks)
        assert book.order == ["b", "c"]

    run(story())


def test_a_size_above_the_capacity_is_all_of_it() -> None:
    async def story() -> None:
        turns = Turns(10)
        async with turns.take(waiter("a"), 1000):
            assert turns.free == 0
        assert turns.free == 10

    run(story())


def test_a_wait_ends_at_the_deadline_with_the_error_of_the_queue() -> None:
    async def story() -> None:
        turns = Turns(1)
        async with turns.take(waiter("a")):
            with pytest.raises(Expired) as caught:
                async with turns.take(waiter("b", deadline_s=7)):
                    pass
            assert (now(), caught.value.deadline_s, caught.value.running) == (pytest.approx(7), 7, False)
            assert turns.waiting == 0
        assert turns.is_idle

    run(story())


def test_work_ends_at_the_deadline_also_where_it_waits_for_a_turn_inside() -> None:
    async def story() -> None:
        turns = Turns(1)
        waiting = waiter("b", deadline_s=7)
        async with turns.take(waiter("a")):
            with pytest.raises(Expired):
                async with waiting.within_deadline(), turns.take(waiting):
                    pass
            assert now() == pytest.approx(7)
            await asyncio.sleep(1)  # no cancellation is left behind
        with pytest.raises(Expired) as caught:
            async with waiter("b", deadline_s=7).within_deadline():
                await asyncio.sleep(100)
        assert caught.value.running

    run(story())


def test_a_timeout_inside_the_block_is_not_taken_for_the_deadline() -> None:
    async def story() -> None:
        with pytest.raises(TimeoutError):
            async with waiter("a").within_deadline():
                raise TimeoutError

    run(story())


def test_a_client_that_leaves_frees_its_place_and_an_error_its_slot() -> None:
    async def story() -> None:
        book = Book(turns=Turns(10))
        async with book.turns.take(waiter("a"), 6):
            first, second = book.ask("b", 8), book.ask("c", 3)
            await settle()
            first.cancel()
            await settle()
            assert book.order == ["c"]
        book.leave.set()
        await second
        with pytest.raises(ZeroDivisionError):
            async with book.turns.take(waiter("a"), 4):
                raise ZeroDivisionError
        assert book.turns.free == 10

    run(story())


def test_whoever_comes_and_goes_nothing_is_lost() -> None:
    async def story() -> None:
        chance, turns = random.Random(4), Turns(100)

        async def visit() -> None:
            async with turns.take(
                waiter(chance.choice("abc"), deadline_s=chance.choice([0.5, 600])), chance.randint(0, 120)
            ):
                assert turns.free >= 0
                for _ in range(chance.randint(0, 3)):
                    await asyncio.sleep(chance.random() / 10)

        tasks = [asyncio.ensure_future(visit()) for _ in range(300)]
        while not all(task.done() for task in tasks):
            chance.choice(tasks).cancel()
            await asyncio.sleep(chance.random() / 10)
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(end is None or isinstance(end, Expired | asyncio.CancelledError) for end in ends)
        assert None in ends
        assert turns.is_idle
        assert turns.free == 100

    run(story())


# Fairness as a property: a greedy client, another one, and everything that is waited for. Each resource is a function
# that gives a job of one slot or size: it waits for its turn and then works for so long.

Work = Callable[[Waiter, float], "AbstractAsyncContextManager[None]"]


def slots(count: int) -> Work:
    """Decoders, connections, validator processes."""
    return shared(Turns(count), 1)


def memory() -> Work:
    """Memory for downloads, of which each takes up to all."""
    turns = Turns(100)

    @asynccontextmanager
    async def work(waiting: Waiter, seconds: float) -> AsyncIterator[None]:
        async with turns.take(waiting, 1 + int(seconds * 37) % 100):
            await asyncio.sleep(seconds)
            yield

    return work


def shared(turns: Turns, size: int) -> Work:
    @asynccontextmanager
    async def work(waiting: Waiter, seconds: float) -> AsyncIterator[None]:
        async with turns.take(waiting, size):
            await asyncio.sleep(seconds)
            yield

    return work


def host_and_connection() -> Work:
    """A download: the turn of its host, then one of all connections."""
    hosts, connections = Turns(2), Turns(3)

    @asynccontextmanager
    async def work(waiting: Waiter, seconds: float) -> AsyncIterator[None]:
        async with hosts.take(waiting), connections.take(waiting):
            await asyncio.sleep(seconds)
            yield

    return work


def chip() -> Work:
    """The engine, behind its queue."""
    engine = Puppet()
    scheduler = Scheduler(engine, settings.Queue(depth=1000, deadline_s=DEADLINE_S))
    names = iter(range(10**6))

    @asynccontextmanager
    async def work(waiting: Waiter, seconds: float) -> AsyncIterator[None]:
        name = f"{waiting.client}{next(names)}"
        arrived_at = waiting.deadline - DEADLINE_S
        async with scheduler.job(question(name), client=waiting.client, arrived_at=arrived_at) as events:
            while name not in engine.open:
                await asyncio.sleep(0.1)
                if now() >= waiting.deadline:
                    break
            else:
                await asyncio.sleep(seconds)
                engine.say(finish(1, reason=FinishReason.STOP), to=name)
            async for _ in events:
                pass
        yield

    return work


RESOURCES: dict[str, Callable[[], Work]] = {
    "one decoder": lambda: slots(1),
    "two decoders": lambda: slots(2),
    "validator processes": lambda: slots(2),
    "a host's connections": host_and_connection,
    "memory": memory,
    "the chip": chip,
}
MAX_JOB_S = 5.0
jobs = st.lists(st.floats(0.1, MAX_JOB_S), min_size=1, max_size=30)


async def greedy_and_other(work: Work, greedy: list[float], other: list[float], arrives_s: float) -> list[float]:
    """How long each of the other's jobs waited. They come one after the other, the greedy client's all at once."""

    async def one(client: str, seconds: float) -> None:
        async with work(waiter(client), seconds):
            pass

    tasks = [asyncio.ensure_future(one("greedy", seconds)) for seconds in greedy]
    await asyncio.sleep(arrives_s)
    took = []
    for seconds in other:
        began = now()
        await one("other", seconds)
        took.append(now() - began - seconds)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return took


@pytest.mark.parametrize("resource", RESOURCES)
@hypothesis_settings(max_examples=30)
@given(greedy=jobs, other=jobs, arrives_s=st.floats(0, 10))
def test_a_greedy_client_holds_another_one_up_for_one_job_at_each_turn(
    resource: str, greedy: list[float], other: list[float], arrives_s: float
) -> None:
    """At a download there are two turns: the host's and the connection's."""

    async def story() -> list[float]:
        return await greedy_and_other(RESOURCES[resource](), greedy, other[:5], arrives_s)

    waits = run(story())
    assert max(waits) <= MAX_JOB_S + 0.3, waits


@pytest.mark.parametrize("resource", [name for name in RESOURCES if name != "the chip"])
@hypothesis_settings(max_examples=20)
@given(deadline_s=st.floats(0.5, 50), count=st.integers(3, 20))
def test_the_deadline_ends_every_wait_at_the_deadline(resource: str, deadline_s: float, count: int) -> None:
    async def story() -> None:
        work, ends = RESOURCES[resource](), []

        async def hold(seconds: float) -> None:
            async with work(waiter("greedy"), seconds):
                pass

        async def wait() -> None:
            began = now()
            with pytest.raises(Expired):
                async with work(waiter("other", deadline_s=deadline_s), 1):
                    pass
            ends.append(now() - began)

        holders = [asyncio.ensure_future(hold(201.9)) for _ in range(count)]
        await asyncio.sleep(0.1)
        await asyncio.gather(*(wait() for _ in range(3)))
        assert ends == [pytest.approx(deadline_s)] * 3
        for holder in holders:
            holder.cancel()
        await asyncio.gather(*holders, return_exceptions=True)

    run(story())


@hypothesis_settings(max_examples=20)
@given(deadline_s=st.floats(0.5, 50))
def test_the_deadline_ends_a_wait_for_the_chip_at_the_deadline(deadline_s: float) -> None:
    async def story() -> None:
        engine = Puppet()
        scheduler = Scheduler(engine, settings.Queue(deadline_s=deadline_s))

        async def ask(client: str) -> float:
            async with scheduler.job(question(client), client=client, arrived_at=now()) as events:
                with pytest.raises(Expired):
                    await anext(events)
            return now()

        running, waiting = await asyncio.gather(ask("greedy"), ask("other"))
        assert waiting == pytest.approx(deadline_s)
        assert running >= deadline_s

    run(story())
