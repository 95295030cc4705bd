"""The parent half, against children that each misbehave in one named way."""

import asyncio
import os
import signal
from contextlib import aclosing, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from hailo_vision.chat import Finish, FinishReason, Piece
from hailo_vision.engines.backoff import Backoff
from hailo_vision.engines.chip.budgets import Budgets
from hailo_vision.engines.chip.chip import ChipEngine
from hailo_vision.engines.contract import EngineState
from hailo_vision.errors import DeviceFault, DeviceUnavailable, EngineError, GenerationFailed, WorkerDied, WorkerStalled
from supervised import LOAD, SHORT, answer, asking, command, supervised, until


async def test_an_answer_is_its_pieces_and_then_one_finish() -> None:
    async with supervised("obedient") as supervisor:
        await until(lambda: supervisor.state is EngineState.READY)
        *pieces, finish = await answer(supervisor)
    assert [piece.text for piece in pieces if isinstance(piece, Piece)] == ["1 ", "2 ", "3 "]
    assert isinstance(finish, Finish)
    assert finish.reason is FinishReason.LENGTH
    assert finish.usage.completion_tokens == 3


async def test_it_goes_from_stopped_through_starting_to_ready_and_busy_and_back() -> None:
    seen: list[EngineState] = []
    supervisor = ChipEngine(LOAD, SHORT, command=command("obedient"), on_change=lambda: seen.append(supervisor.state))
    assert supervisor.state is EngineState.STOPPED
    task = asyncio.create_task(supervisor.run())
    await until(lambda: supervisor.state is EngineState.READY)
    await answer(supervisor)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert [state.value for state in seen] == ["starting", "ready", "busy", "ready", "stopping", "stopped"]


async def test_a_caller_that_leaves_aborts_its_generation_and_the_next_is_answered_by_the_same_worker() -> None:
    async with supervised("obedient") as supervisor:
        await until(lambda: supervisor.state is EngineState.READY)
        pid = supervisor.worker_pid
        async with aclosing(supervisor.generate(asking(100_000))) as events:
            assert await anext(events) == Piece(text="1 ")
        pieces = (await answer(supervisor))[:-1]
        assert pieces == [Piece(text="1 "), Piece(text="2 "), Piece(text="3 ")]
        assert supervisor.worker_pid == pid


async def test_a_worker_that_ignores_an_abort_is_replaced() -> None:
    async with supervised("deaf") as supervisor:
        await until(lambda: supervisor.state is EngineState.READY)
        pid = supervisor.worker_pid
        async with aclosing(supervisor.generate(asking(100_000))) as events:
            await anext(events)
        await until(lambda: supervisor.restarts == 1 and supervisor.state is EngineState.READY)
        assert supervisor.worker_pid not in (None, pid)


async def test_a_worker_killed_in_mid_answer_ends_that_answer_and_the_next_waits_for_another_worker() -> None:
    async with supervised("obedient") as supervisor:
        await until(lambda: supervisor.state is EngineState.READY)
        async with aclosing(supervisor.generate(asking(100_000))) as events:
            await anext(events)
            assert supervisor.worker_pid is not None
            os.kill(supervisor.worker_pid, signal.SIGKILL)
            with pytest.raises(WorkerDied) as caught:
                async for _ in events:
                    pass
        assert caught.value.returncode == -signal.SIGKILL
        await until(lambda: supervisor.state is not EngineState.BUSY)
        assert isinstance((await answer(supervisor))[-1], Finish)
        assert supervisor.restarts == 1


@pytest.mark.parametrize(
    ("way", "error", "phase"),
    [
        ("stuck_in_prefill", WorkerStalled, "prefill"),
        ("stuck_in_decode", WorkerStalled, "token"),
        ("killed_in_decode", WorkerDied, None),
        ("lost_in_decode", DeviceUnavailable, None),
        ("fails_in_decode", GenerationFailed, None),
    ],
)
async def test_a_generation_that_cannot_end_well_ends_with_its_own_error(
    way: str, error: type[EngineError], phase: str | None
) -> None:
    async with supervised(way) as supervisor:
        await until(lambda: supervisor.state is EngineState.READY)
        with pytest.raises(error) as caught:
            await answer(supervisor)
        assert getattr(caught.value, "phase", None) == phase
        await until(lambda: supervisor.state is EngineState.READY)


@pytest.mark.slow
async def test_a_worker_that_hangs_up_is_sent_nothing_more_and_the_next_one_answers() -> None:
    async with supervised("hangs_up") as supervisor:
        await until(lambda: supervisor.state is EngineState.READY)
        pid = supervisor.worker_pid
        assert pid is not None
        await answer(supervisor)
        await until(lambda: supervisor.state is EngineState.STARTING)
        os.kill(pid, 0)  # it lingers, but nobody takes it for a worker
        assert isinstance((await answer(supervisor))[-1], Finish)
        assert supervisor.restarts == 1


async def test_a_failed_generation_keeps_the_worker() -> None:
    async with supervised("fails_in_decode") as supervisor:
        await until(lambda: supervisor.state is EngineState.READY)
        pid = supervisor.worker_pid
        with pytest.raises(GenerationFailed):
            await answer(supervisor)
        assert supervisor.worker_pid == pid
        assert supervisor.restarts == 0


@pytest.mark.parametrize(
    ("way", "trouble"),
    [
        ("silent", "no sign for 0.3 s (start)"),
        ("garbage", "no message"),
        ("dies_at_once", "exit code 7"),
    ],
)
async def test_a_worker_that_never_gets_ready_is_tried_again_after_a_pause(way: str, trouble: str) -> None:
    budgets = Budgets(hello_s=0.3 if way == "silent" else 10, load_s=0.3, quit_s=2)
    async with supervised(way, budgets) as supervisor:
        await until(lambda: supervisor.restarts >= 2 and supervisor.state is EngineState.FAILED)
        assert trouble in (supervisor.trouble or "")
        assert supervisor.ready_in_s > 0
        with pytest.raises(DeviceUnavailable):
            await answer(supervisor)


async def test_a_model_that_can_never_load_is_not_tried_again() -> None:
    async with supervised("bad_model") as supervisor:
        await until(lambda: supervisor.state is EngineState.FAILED)
        assert supervisor.trouble == "bad model"
        assert supervisor.restarts == 0
        assert supervisor.worker_pid is None


@pytest.mark.parametrize(("way", "waits"), [("no_device", False), ("shut_out", False), ("shut_out", True)])
async def test_what_no_other_worker_would_change_ends_the_supervisor(way: str, waits: bool) -> None:
    supervisor = ChipEngine(LOAD, SHORT, command=command(way), waits_for_device=waits)
    async with asyncio.timeout(20):
        with pytest.raises(DeviceUnavailable, match=way.replace("_", " ")):
            await supervisor.run()
    assert supervisor.state is EngineState.STOPPED


class Socket:
    """Where a device is, or is not."""

    def __init__(self) -> None:
        self.node: str | None = None
        self.looks = 0

    def find(self) -> str:
        self.looks += 1
        if self.node is None:
            raise DeviceUnavailable(DeviceFault.NO_DEVICE, "no node")
        return self.node


async def test_a_device_that_is_missing_from_the_start_is_waited_for_where_somebody_else_answers(
    caplog: pytest.LogCaptureFixture,
) -> None:
    place = Socket()
    supervisor = ChipEngine(
        LOAD, SHORT, command=command("obedient"), find_device=place.find, waits_for_device=True, look_s=0.01
    )
    task = asyncio.create_task(supervisor.run())
    await until(lambda: place.looks > 3)
    assert (supervisor.state, supervisor.trouble, supervisor.worker_pid) == (EngineState.FAILED, "no node", None)
    assert supervisor.ready_in_s > 0
    assert supervisor.restarts == 0  # no worker was started in vain
    with pytest.raises(DeviceUnavailable, match="no node"):
        await answer(supervisor)
    assert [record.levelname for record in caplog.records if "no node" in record.message] == ["WARNING"]
    place.node = "found"
    await until(lambda: supervisor.state is EngineState.READY)
    assert supervisor.trouble is None
    assert isinstance((await answer(supervisor))[-1], Finish)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert supervisor.state is EngineState.STOPPED


async def test_a_node_that_is_lost_later_is_waited_for_in_any_case() -> None:
    place = Socket()
    place.node = "found"
    supervisor = ChipEngine(LOAD, SHORT, command=command("obedient"), find_device=place.find, look_s=0.01)
    task = asyncio.create_task(supervisor.run())
    await until(lambda: supervisor.state is EngineState.READY)
    place.node = None
    assert supervisor.worker_pid is not None
    os.kill(supervisor.worker_pid, signal.SIGKILL)
    await until(lambda: supervisor.state is EngineState.FAILED)
    assert supervisor.trouble == "no node"
    place.node = "found again"
    await until(lambda: supervisor.state is EngineState.READY)
    assert supervisor.restarts == 1
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_a_chip_that_does_not_answer_at_the_start_is_tried_again_where_somebody_else_answers() -> None:
    supervisor = ChipEngine(LOAD, SHORT, command=command("no_device"), waits_for_device=True)
    task = asyncio.create_task(supervisor.run())
    await until(lambda: supervisor.state is EngineState.FAILED and supervisor.restarts >= 2)
    assert supervisor.trouble == "no device"
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_a_node_that_is_missing_from_the_start_ends_the_supervisor_that_is_alone() -> None:
    supervisor = ChipEngine(LOAD, SHORT, command=command("obedient"), find_device=Socket().find)
    async with asyncio.timeout(20):
        with pytest.raises(DeviceUnavailable, match="no node"):
            await supervisor.run()
    assert supervisor.state is EngineState.STOPPED


async def test_a_worker_that_does_not_quit_is_killed() -> None:
    async with supervised("stuck_in_prefill", Budgets(prefill_s=60, quit_s=0.2)) as supervisor:
        await until(lambda: supervisor.state is EngineState.READY)
        waiting = asyncio.create_task(answer(supervisor))
        await until(lambda: supervisor.state is EngineState.BUSY)
        pid = supervisor.worker_pid
    with pytest.raises(DeviceUnavailable, match="stopping"):
        await waiting
    assert pid is not None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_the_first_new_try_comes_at_once_and_later_ones_wait_longer_up_to_a_bound() -> None:
    backoff = Backoff(first_s=1.0, max_s=60.0)
    delays = [backoff.next_s() for _ in range(20)]
    assert delays[0] == 0
    for number, delay in enumerate(delays[1:]):
        longest = min(2.0**number, 60.0)
        assert 0.75 * longest <= delay <= longest
    backoff.reset()
    assert backoff.next_s() == 0


def test_after_a_load_that_did_harm_the_next_try_waits_longer_each_time_up_to_two_minutes() -> None:
    backoff = Backoff()
    delays = []
    for _ in range(5):
        backoff.wait_long()
        delays.append(backoff.next_s())
    assert delays == [30, 60, 120, 120, 120]
    assert backoff.next_s() <= 60  # the next failure is another one
    backoff.reset()
    backoff.wait_long()
    assert backoff.next_s() == 30
    assert backoff.next_s() <= 1


@pytest.mark.parametrize(
    ("way", "trouble"),
    [
        ("closed_in_load", "closed"),
        ("stuck_in_load", "no sign for 0.3 s (load)"),
        ("dies_in_load", "exit code 7"),
        ("garbage_in_load", "no message"),
    ],
)
async def test_a_load_that_may_have_ended_the_chips_server_is_not_repeated_at_once(way: str, trouble: str) -> None:
    supervisor = ChipEngine(LOAD, SHORT, command=command(way))
    task = asyncio.create_task(supervisor.run())
    await until(lambda: supervisor.state is EngineState.FAILED)
    assert supervisor.restarts == 1
    assert trouble in (supervisor.trouble or "")
    assert supervisor.ready_in_s > 29
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_a_device_lost_while_idle_costs_the_next_request_nothing_but_time(tmp_path: Path) -> None:
    environment = {"CHILDREN": str(tmp_path)}
    supervisor = ChipEngine(LOAD, SHORT, command=command("lost_while_idle_once"), environment=environment)
    task = asyncio.create_task(supervisor.run())
    await until(lambda: supervisor.state is EngineState.READY)
    *pieces, finish = await answer(supervisor)
    assert [piece.text for piece in pieces if isinstance(piece, Piece)] == ["1 ", "2 ", "3 "]
    assert isinstance(finish, Finish)
    assert (supervisor.restarts, supervisor.state) == (1, EngineState.READY)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_a_device_that_is_lost_again_at_the_second_worker_is_told() -> None:
    async with supervised("lost_while_idle") as supervisor:
        await until(lambda: supervisor.state is EngineState.READY)
        with pytest.raises(DeviceUnavailable, match="lost"):
            await answer(supervisor)


async def test_a_request_waits_for_another_worker_within_its_deadline_alone(tmp_path: Path) -> None:
    environment = {"CHILDREN": str(tmp_path)}
    supervisor = ChipEngine(LOAD, SHORT, command=command("lost_while_idle_once"), environment=environment)
    task = asyncio.create_task(supervisor.run())
    await until(lambda: supervisor.state is EngineState.READY)
    past = asyncio.get_running_loop().time() - 1
    with pytest.raises(DeviceUnavailable, match="lost"):
        async for _ in supervisor.generate(replace(asking(), deadline=past)):
            pass
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
