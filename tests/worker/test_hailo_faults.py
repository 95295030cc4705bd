"""What goes wrong on the device, on both releases: who can go on, who must leave, and who notices.

Numbers in brackets are sections of the contract.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from hailo_vision.chat import Finish, FinishReason, Generation, Piece
from hailo_vision.engines.backoff import Backoff
from hailo_vision.engines.chip.budgets import Budgets
from hailo_vision.engines.chip.chip import ChipEngine
from hailo_vision.engines.contract import EngineState
from hailo_vision.errors import DeviceFault, DeviceUnavailable, EngineError, GenerationFailed, WorkerDied, WorkerStalled
from hailo_vision.wire import Failed, Generate, Token
from simulator.platforms import VARIABLE, user
from supervised import until
from worker.devices import BLUE, LOAD, RED, Device, Worker, asking

pytestmark = pytest.mark.slow

Spawn = Callable[..., Worker]
QUESTION = asking(RED, "What colour is it?")
TESTS = Path(__file__).resolve().parent.parent
SHORT = Budgets(hello_s=20, load_s=5, prefill_s=0.5, token_s=0.5, abort_s=0.5, quit_s=5)


def lost(device: Device, generation: Generation = QUESTION) -> tuple[str, Exception]:
    """The text that came before the error, and the error."""
    text = ""
    try:
        for event in device.events(generation):
            assert isinstance(event, str)
            text += event
    except (DeviceUnavailable, GenerationFailed) as error:
        return text, error
    raise AssertionError("it did not fail")


# A generation fails, the session lives


@pytest.mark.parametrize("after", [1, 3])
def test_a_failed_generation_says_so_and_the_same_process_answers_the_next(device: Device, after: int) -> None:
    """10.1, step 7: the probe succeeds, so the completion is released and the context cleared."""
    whole = device.answer(QUESTION)
    device.play(f"failed_in_decode@{after}")
    text, error = lost(device)
    assert isinstance(error, GenerationFailed)
    assert "status 6" in str(error)
    assert text == "".join(whole.texts[:after])
    assert device.session._completions == []
    assert device.usage_tokens == 0
    device.play("none")
    again = device.answer(QUESTION)
    assert (again.text, again.usage) == (whole.text, whole.usage)


def test_a_failure_before_the_first_token_spoils_a_model_that_was_sent_pictures(device: Device) -> None:
    """[2.8]: the frames stay on the device until a prefill takes them. A request without any leaves nothing."""
    device.play("failed_in_decode@0")
    _, error = lost(device, asking("Hello."))
    assert isinstance(error, GenerationFailed)
    _, error = lost(device)
    assert isinstance(error, DeviceUnavailable)
    assert error.fault is DeviceFault.FAILED


def test_the_first_turn_after_a_failure_has_its_default_system_text(device: Device) -> None:
    """Trap 10: a failed call has used up the host's flag; without a cleared context the preamble would be missing."""
    whole = device.answer(QUESTION)
    for played in ("failed_in_decode@1", "failed_in_decode@2"):
        device.play(played)
        lost(device)
        device.play("none")
        assert device.answer(QUESTION).usage.prompt_tokens == whole.usage.prompt_tokens
        assert [found.role for found in device.turns] == ["system", "user", "assistant"]


def test_a_poisoned_model_gives_no_wrong_answer_and_ends_the_process(device: Device) -> None:
    """Trap 3: a mismatch shows at the first read and stays; what poisons here is not the engine, as it can't."""
    completion = device.vlm.generate(prompt=[user("no place for a picture")], frames=[device.blank()])
    with pytest.raises(device.backend._runtime.errors):
        completion.read()
    completion.release()
    device.vlm.clear_context()
    for generation in (QUESTION, asking(RED, BLUE, "Describe.")):
        text, error = lost(device, generation)
        assert text == ""
        assert isinstance(error, DeviceUnavailable)


# The session is dead


@pytest.mark.parametrize("played", ["lost_in_decode@1", "lost_in_decode@4", "lost_in_prefill", "lost_in_prefill@62"])
def test_a_lost_device_is_told_and_never_released(spawn: Spawn, chip: dict[str, Any], played: str) -> None:
    """Trap 14: a release there ends in SIGABRT, by whoever collects the completion; so the worker leaves at once."""
    worker = spawn().load()
    whole, _ = worker.ask(QUESTION, job=1)
    Path(chip["fault_file"]).write_text(played)
    text, failed = worker.ask(QUESTION, job=2)
    assert isinstance(failed, Failed)
    assert (failed.job, failed.fatal) == (2, True)
    assert isinstance(failed.error, DeviceUnavailable)
    assert failed.error.fault is DeviceFault.DEVICE_LOST
    assert whole.startswith(text)
    assert (worker.receive(), worker.end()) == (None, 1)
    assert "SIGABRT" not in worker.log


def test_a_device_lost_between_two_requests_is_told_at_the_next(device: Device) -> None:
    """[6]: all calls give 62. The count of tokens is the first one."""
    device.answer(QUESTION)
    device.session._lose()
    _, error = lost(device)
    assert isinstance(error, DeviceUnavailable)
    assert (error.fault, error.status, error.is_untouched) == (DeviceFault.DEVICE_LOST, 62, True)


def test_a_device_lost_in_an_answer_is_no_untouched_one(device: Device) -> None:
    device.play("lost_in_decode@2")
    _, error = lost(device)
    assert isinstance(error, DeviceUnavailable)
    assert not error.is_untouched


BEHIND = """
import os, sys, time
sys.path.insert(0, TESTS)
from hailo_vision.errors import DeviceUnavailable
from hailo_vision.worker.hailo import HailoBackend
from worker.devices import LOAD, RED, asking

backend, calls = HailoBackend(), 0
backend.load(LOAD)

def cancelled():
    global calls
    calls += 1
    time.sleep(0.2 if calls == 1 else 0)  # the device runs ahead, and is lost with its chunks unread
    return calls > LIMIT

try:
    for event in backend.generate(asking(RED, "What colour is it?"), cancelled):
        print(event, flush=True)
except DeviceUnavailable as error:
    print("fault", error.fault, flush=True)
os._exit(0)
"""


@pytest.mark.parametrize("limit", [3, 8, 1_000_000])
def test_a_device_lost_behind_unread_chunks_is_noticed_and_never_released(chip: dict[str, Any], limit: int) -> None:
    """Trap 16: read() gives the chunks that were there, then times out for ever; the status stays GENERATING.

    Cancelled or not, the completion is unfinished and the session dead (trap 14).
    """
    options = {**chip, "tokens_per_s": 1000, "fault": "lost_in_decode@6"}
    ended = subprocess.run(
        [sys.executable, "-c", BEHIND.replace("TESTS", repr(str(TESTS))).replace("LIMIT", str(limit))],
        env={**os.environ, VARIABLE: json.dumps(options)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stdout.splitlines()[-1:]) == (0, ["fault device_lost"]), ended.stderr
    assert len(ended.stdout.splitlines()) == min(limit, 6) + 1


def test_a_bug_in_the_worker_ends_it_without_collecting_anything(spawn: Spawn) -> None:
    """Trap 14 again: Python's own way out would release what the device's code holds."""
    worker = spawn(tokens_per_s=20).load()
    worker.send(Generate(job=1, generation=QUESTION))
    assert isinstance(worker.receive(), Token)
    worker._end.sendall(b"\xff" * 64)  # no message: what reads it raises in the middle of the answer
    assert worker.rest()[1] is None
    assert worker.end() == 1
    assert "WireError" in worker.log


# The daemon's half, with the real worker


@asynccontextmanager
async def kept(
    options: dict[str, Any], budgets: Budgets = SHORT, backoff: Backoff | None = None, **more: Any
) -> AsyncIterator[ChipEngine]:
    environment = {VARIABLE: json.dumps({**options, **more})}
    supervisor = ChipEngine(LOAD, budgets, environment=environment, backoff=backoff)
    task = asyncio.create_task(supervisor.run())
    try:
        await until(lambda: supervisor.state is EngineState.READY)
        yield supervisor
    finally:
        pid = supervisor.worker_pid
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        assert supervisor.worker_pid is None
        assert pid is None or not Path(f"/proc/{pid}").exists()


async def said(supervisor: ChipEngine, generation: Generation = QUESTION) -> tuple[str, Finish | EngineError]:
    text = ""
    try:
        async with aclosing(supervisor.generate(generation)) as events:
            async for event in events:
                if isinstance(event, Finish):
                    return text, event
                assert isinstance(event, Piece)
                text += event.text
    except EngineError as error:
        return text, error
    raise AssertionError("no end")


@pytest.mark.parametrize(
    ("played", "error", "phase"),
    [
        ("wedge_in_prefill", WorkerStalled, "prefill"),
        ("wedge_in_decode@0", WorkerStalled, "prefill"),
        ("wedge_in_decode@2", WorkerStalled, "token"),
        ("silent_in_decode@2", WorkerStalled, "token"),
        ("crash_in_decode@2", WorkerDied, None),
        ("lost_in_decode@2", DeviceUnavailable, None),
        ("lost_in_prefill", DeviceUnavailable, None),
    ],
)
async def test_what_ends_a_worker_ends_its_answer_clearly_and_the_next_one_answers(
    chip: dict[str, Any], played: str, error: type[EngineError], phase: str | None
) -> None:
    """Trap 1: a wedged device holds the worker's interpreter for ever; only the daemon can end that."""
    fault = Path(chip["fault_file"])
    async with kept(chip) as supervisor:
        whole, _ = await said(supervisor)
        first = supervisor.worker_pid
        fault.write_text(played)
        text, problem = await said(supervisor)
        fault.write_text("none")
        assert type(problem) is error
        assert getattr(problem, "phase", None) == phase
        assert whole.startswith(text)
        assert text != whole
        again, finish = await said(supervisor)
        assert isinstance(finish, Finish)
        assert (again, finish.reason) == (whole, FinishReason.STOP)
        assert supervisor.worker_pid != first
        assert supervisor.restarts == 1
        assert first is not None
        with pytest.raises(ProcessLookupError):
            os.kill(first, 0)


async def test_a_device_that_wedges_while_it_loads_is_tried_again_until_it_loads(chip: dict[str, Any]) -> None:
    fault = Path(chip["fault_file"])
    async with kept(chip, Budgets(hello_s=20, load_s=1.0, quit_s=5), Backoff(long_s=0.4)) as supervisor:
        fault.write_text("wedge_in_load")
        assert supervisor.worker_pid is not None
        os.kill(supervisor.worker_pid, 9)
        await until(lambda: "(load)" in (supervisor.trouble or ""))
        assert supervisor.state is not EngineState.READY
        fault.write_text("none")
        await until(lambda: supervisor.state is EngineState.READY)
        assert (supervisor.trouble, isinstance((await said(supervisor))[1], Finish)) == (None, True)


async def test_a_device_that_is_away_for_a_while_is_waited_for_and_does_not_end_the_supervisor(
    chip: dict[str, Any],
) -> None:
    """A chip that is missing from the start ends the daemon; one that is lost later does not."""
    fault = Path(chip["fault_file"])
    async with kept(chip) as supervisor:
        fault.write_text("lost_in_decode@2")
        assert isinstance((await said(supervisor))[1], DeviceUnavailable)
        fault.write_text("no_device")
        await until(lambda: supervisor.restarts >= 2 and supervisor.state is EngineState.FAILED)
        assert "No Hailo device" in (supervisor.trouble or "")
        fault.write_text("none")
        await until(lambda: supervisor.state is EngineState.READY)
        assert isinstance((await said(supervisor))[1], Finish)


async def test_an_abort_that_the_device_ignores_ends_in_another_worker(chip: dict[str, Any]) -> None:
    """[2.8]: a release waits for the step in flight, and on a wedged device for ever."""
    fault = Path(chip["fault_file"])
    async with kept(chip, tokens_per_s=100) as supervisor:
        whole, _ = await said(supervisor)
        pid = supervisor.worker_pid
        async with aclosing(supervisor.generate(QUESTION)) as events:
            await anext(events)
            fault.write_text("silent_in_decode@0")
        await until(lambda: supervisor.state is not EngineState.BUSY)
        fault.write_text("none")
        assert (await said(supervisor))[0] == whole
        assert supervisor.worker_pid != pid


async def test_a_worker_that_dies_idle_is_replaced_before_anybody_is_sent_to_it(chip: dict[str, Any]) -> None:
    async with kept(chip) as supervisor:
        whole, _ = await said(supervisor)
        for number in range(1, 4):
            assert supervisor.worker_pid is not None
            os.kill(supervisor.worker_pid, 9)
            await until(lambda number=number: supervisor.restarts == number)
            text, finish = await said(supervisor)
            assert (text, isinstance(finish, Finish)) == (whole, True)


@pytest.mark.parametrize("call", ["tokenize", "clear_context"])
def test_a_request_that_the_device_refuses_before_anything_is_sent_costs_no_worker(
    device: Device, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """The next worker would refuse it too, after another load of 3 GB."""
    whole = device.answer(QUESTION).text
    (*_, raw) = device.backend._runtime.errors

    def refuse(*_: object) -> None:
        raise raw("8")

    monkeypatch.setattr(device.vlm, call, refuse)
    _, error = lost(device)
    assert isinstance(error, GenerationFailed)
    assert "8" in str(error)
    monkeypatch.undo()
    assert device.answer(QUESTION).text == whole
