"""The engine `remote` over a server that misbehaves in each way that servers do."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any

import pytest

from faulty_server import SECRET, Faulty, faulty
from hailo_vision.chat import Event, Finish, FinishReason, Frame, Generation, Piece, Sampling, Text, ToolCall, Turn
from hailo_vision.config import settings
from hailo_vision.engines.contract import EngineState
from hailo_vision.engines.openai.bounds import bounds_of
from hailo_vision.engines.remote.remote import RemoteEngine
from hailo_vision.errors import (
    DeviceUnavailable,
    EngineError,
    GenerationFailed,
    HailoVisionError,
    UpstreamBusy,
    UpstreamRejected,
    WorkerStalled,
)
from supervised import until

FRAME = Frame(width_px=2, height_px=1, pixels=bytes(6))


def asking(deadline: float | None = None, client: str | None = None) -> Generation:
    turn = Turn(role="user", parts=(FRAME, Text(text="Hello?")))
    return Generation(turns=(turn,), sampling=Sampling(), max_tokens=9, deadline=deadline, client=client)


@asynccontextmanager
async def over(
    server: Faulty, way: str, on_restart: Callable[[str], None] = lambda reason: None, **wanted: Any
) -> AsyncIterator[RemoteEngine]:
    """An engine that asks for a way to misbehave, READY."""
    quick = {"first_token_timeout_s": 0.3, "token_timeout_s": 0.3, "retries": 0}
    engine = RemoteEngine(
        settings.Remote(**{"base_url": server.base_url, "model": way, **quick, **wanted}),
        key="ours",
        on_restart=on_restart,
    )
    task = asyncio.create_task(engine.run())
    try:
        await until(lambda: engine.state is EngineState.READY)
        yield engine
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def heard(engine: RemoteEngine, deadline: float | None = None, client: str | None = None) -> list[Event]:
    async with asyncio.timeout(20), aclosing(engine.generate(asking(deadline, client))) as events:
        return [event async for event in events]


@pytest.mark.parametrize("way", ["good", "in crumbs", "odd fields"])
async def test_an_answer_is_heard_however_it_is_cut(way: str) -> None:
    async with faulty() as server, over(server, way) as engine:
        *pieces, finish = await heard(engine)
        assert [piece.text for piece in pieces if isinstance(piece, Piece)] == ["Hel", "lo"]
        assert isinstance(finish, Finish)
        assert finish.reason is FinishReason.STOP
        usage = finish.usage  # without cached_tokens, as clients share the server's cache
        assert (usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens) == (
            7,
            2,
            0,
        )  # its cache is shared by clients


async def test_what_is_asked_is_what_openai_defines_with_our_key() -> None:
    async with faulty() as server, over(server, "good", headers=("X-Team: kitchen",)) as engine:
        await heard(engine)
        (asked,), (headers,) = server.asked, server.headers
        assert headers["Authorization"] == "Bearer ours"
        assert headers["X-Team"] == "kitchen"
        assert set(asked) == {"model", "messages", "max_tokens", "stream", "stream_options"}
        ((picture, words),) = [message["content"] for message in asked["messages"]]  # type: ignore[attr-defined]
        assert picture["image_url"]["url"].startswith("data:image/png;base64,")
        assert words == {"type": "text", "text": "Hello?"}


@pytest.mark.parametrize("way", ["flood of text", "flood of letters", "flood of reasoning"])
async def test_a_server_that_ignores_max_tokens_is_stopped_with_length(way: str) -> None:
    async with faulty() as server, over(server, way) as engine:
        *pieces, finish = await heard(engine)
        assert isinstance(finish, Finish)
        assert finish.reason is FinishReason.LENGTH
        chars = sum(len(piece.text) for piece in pieces if isinstance(piece, Piece))
        assert chars == (0 if "reasoning" in way else bounds_of(asking()).chars)
        async with asyncio.timeout(10):
            await server.left.wait()


@pytest.mark.parametrize("what", ["arguments", "names", "calls", "empty events", "comments"])
async def test_a_server_that_floods_with_anything_else_is_an_error_and_hung_up_on(what: str) -> None:
    async with faulty() as server, over(server, f"flood of {what}", first_token_timeout_s=60) as engine:
        with pytest.raises(GenerationFailed):
            await heard(engine)
        if what != "calls":
            async with asyncio.timeout(10):
                await server.left.wait()


async def test_the_loop_is_free_between_two_parts_of_a_flood() -> None:
    """Other work of the daemon, such as /health, has its turn at least once for each buffer that is read."""
    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    async with faulty() as server, over(server, "flood of comments", first_token_timeout_s=60) as engine:
        counting = asyncio.create_task(count_turns())
        with pytest.raises(GenerationFailed):
            await heard(engine)
        counting.cancel()
        assert turns >= bounds_of(asking()).body_bytes // (1 << 18)


async def test_calls_of_tools_are_put_together() -> None:
    async with faulty() as server, over(server, "calls") as engine:
        *calls, finish = await heard(engine)
        assert calls == [
            ToolCall(id="c1", name="look", arguments='{"where":"left"}'),
            ToolCall(id="c2", name="look", arguments="{}"),
        ]
        assert isinstance(finish, Finish)
        assert finish.reason is FinishReason.TOOL_CALLS


@pytest.mark.parametrize(
    ("way", "kind"),
    [
        ("dies", DeviceUnavailable),
        ("ends early", GenerationFailed),
        ("silent", WorkerStalled),
        ("silent later", WorkerStalled),
        ("garbage", GenerationFailed),
        ("other json", GenerationFailed),
        ("error inside", GenerationFailed),
        ("endless line", GenerationFailed),
        ("401", DeviceUnavailable),
        ("404", DeviceUnavailable),
        ("400", UpstreamRejected),
        ("500", GenerationFailed),
        ("302", GenerationFailed),
        ("429", UpstreamBusy),
        ("503", UpstreamBusy),
    ],
)
async def test_what_goes_wrong_is_an_error_of_ours_without_their_words(way: str, kind: type[HailoVisionError]) -> None:
    async with faulty() as server, over(server, way) as engine:
        with pytest.raises(kind) as raised:
            await heard(engine)
        assert SECRET not in str(raised.value)
        assert "127.0.0.1" not in str(raised.value)
        assert len(server.asked) == 1
        await until(lambda: engine.state is EngineState.READY)


@pytest.mark.parametrize(
    ("way", "reasons"),
    [("good", []), ("dies", ["failed"]), ("401", ["no_permission"]), ("silent", []), ("500", []), ("429", [])],
)
async def test_a_server_that_is_lost_is_counted_with_its_reason(way: str, reasons: list[str]) -> None:
    counted: list[str] = []
    async with faulty() as server, over(server, way, counted.append) as engine:
        with suppress(HailoVisionError):
            await heard(engine)
        await until(lambda: engine.state is EngineState.READY)
        assert counted == reasons
        assert engine.restarts == len(reasons)


async def test_their_words_are_in_the_log_for_debugging_alone(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with faulty() as server, over(server, "500") as engine:
        with pytest.raises(EngineError):
            await heard(engine)
    assert {record.levelno for record in caplog.records if SECRET in str(vars(record))} == {logging.DEBUG}


async def test_a_deadline_ends_the_answer_and_the_server_is_hung_up_on() -> None:
    async with faulty() as server, over(server, "silent later", token_timeout_s=60) as engine:
        *pieces, finish = await heard(engine, asyncio.get_running_loop().time() + 0.2)
        assert pieces == [Piece(text="Hel")]
        assert isinstance(finish, Finish)
        assert finish.reason is FinishReason.DEADLINE
        async with asyncio.timeout(10):
            await server.left.wait()


async def test_who_leaves_hangs_up_on_the_server() -> None:
    async with faulty() as server, over(server, "silent later", token_timeout_s=60) as engine:
        async with aclosing(engine.generate(asking())) as events:
            await anext(events)
        async with asyncio.timeout(10):
            await server.left.wait()
        assert engine.state is EngineState.READY


async def test_a_reader_that_waits_holds_the_server_up() -> None:
    async with faulty() as server, over(server, "endless words") as engine:
        async with aclosing(engine.generate(asking())) as events:
            await anext(events)
            before = -1
            while server.written_bytes != before:  # until all buffers on the way are full
                before = server.written_bytes
                await asyncio.sleep(0.3)
        assert server.written_bytes < 32_000_000


async def test_one_that_was_refused_as_busy_is_tried_again() -> None:
    async with faulty() as server, over(server, "busy once", retries=1) as engine:
        assert len(await heard(engine)) == 3
        assert len(server.asked) == 2


@pytest.mark.parametrize("way", ["dies", "500", "silent", "ends early"])
async def test_what_the_server_may_have_done_is_not_asked_twice(way: str) -> None:
    async with faulty() as server, over(server, way, retries=3) as engine:
        with pytest.raises(EngineError):
            await heard(engine)
        assert len(server.asked) == 1


async def test_a_long_wait_is_the_clients_and_not_ours() -> None:
    async with faulty() as server, over(server, "429", retries=3) as engine:
        with pytest.raises(UpstreamBusy) as busy:
            await heard(engine)
        assert busy.value.retry_after_s == 60


async def test_its_context_is_what_the_server_says() -> None:
    async with faulty() as server:
        async with over(server, "good") as engine:
            assert engine.model is not None
            assert engine.model.context_tokens == 4321
        async with over(server, "other", context=512) as engine:
            assert engine.model is not None
            assert engine.model.context_tokens == 512


async def test_a_server_that_is_not_there_is_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    wanted = settings.Remote(base_url=f"http://127.0.0.1:{port}/v1", model="good")
    engine = RemoteEngine(wanted, key=None)
    task = asyncio.create_task(engine.run())
    await until(lambda: engine.state is EngineState.FAILED)
    assert engine.trouble == "The server behind this one can't be reached."
    with pytest.raises(DeviceUnavailable):
        await heard(engine)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert engine.state is EngineState.STOPPED


@pytest.mark.parametrize("owner", ["vllm", "sglang"])
async def test_a_server_that_takes_a_salt_keeps_the_prompts_of_two_clients_apart(owner: str) -> None:
    """Else the time to the first token tells one client what another has asked."""
    async with faulty() as server:
        server.listed["owned_by"] = owner
        for _ in range(2):  # the daemon starts anew
            async with over(server, "good") as engine:
                for client in ("ada", "bob", "ada", None):
                    await heard(engine, client=client)
    salts = [str(body["cache_salt"]) for body in server.asked]
    assert salts[0] == salts[2]
    assert len(set(salts)) == 6
    assert all(len(salt) >= 43 for salt in salts)


async def test_a_server_of_another_kind_is_sent_no_field_that_it_may_not_know() -> None:
    async with faulty() as server:
        server.listed["owned_by"] = ["vllm"]
        async with over(server, "good") as engine:
            await heard(engine, client="ada")
    assert "cache_salt" not in server.asked[0]


@pytest.mark.parametrize(
    ("modalities", "most"), [(["text"], 0), (["text", "image"], None), ([], None), ([["text"]], None), ("text", None)]
)
async def test_it_takes_pictures_unless_the_servers_list_says_otherwise(modalities: object, most: int | None) -> None:
    async with faulty() as server:
        server.listed["architecture"] = {"input_modalities": modalities}
        async with over(server, "good") as engine:
            assert engine.model is not None
            assert engine.model.max_images == most


async def test_a_list_that_is_nested_as_deep_as_can_be_ends_nothing() -> None:
    async with faulty() as server:
        deep: list[object] = []
        for _ in range(900):
            deep = [deep]
        server.listed["architecture"] = {"input_modalities": deep}
        async with over(server, "good") as engine:
            assert engine.facts.modalities is None
