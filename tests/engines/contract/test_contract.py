"""What scheduler/engine.py demands of an Engine, asked of all of them with the same words."""

import asyncio
import random
from contextlib import AsyncExitStack, aclosing, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from engines.contract.conftest import running
from hailo_vision.chat import Event, Finish, FinishReason, Generation, Piece, Role, Sampling, Text, Turn
from hailo_vision.config import settings
from hailo_vision.engines.contract import DrivenEngine, EngineState
from hailo_vision.engines.llama.llama import LlamaEngine
from hailo_vision.errors import PromptTooLong
from local_models import has_llama, make_tiny
from supervised import until

SEEDS = range(4)

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]


def asking(*words: str, max_tokens: int = 12, stop: tuple[str, ...] = (), deadline: float | None = None) -> Generation:
    """A conversation of turns that alternate, the user's first."""
    roles: tuple[Role, Role] = ("user", "assistant")
    turns = tuple(Turn(role=roles[place % 2], parts=(Text(text=text),)) for place, text in enumerate(words))
    return Generation(
        turns=turns, sampling=Sampling(temperature=0), max_tokens=max_tokens, stop=stop, deadline=deadline
    )


async def answer(engine: DrivenEngine, generation: Generation) -> tuple[str, Finish]:
    """All that is said; that it is pieces and one Finish, and that nothing comes after."""
    async with asyncio.timeout(30), aclosing(engine.generate(generation)) as events:
        heard: list[Event] = [event async for event in events]
    *pieces, last = heard
    assert isinstance(last, Finish)
    assert all(isinstance(piece, Piece) for piece in pieces)
    return "".join(piece.text for piece in pieces if isinstance(piece, Piece)), last


def now() -> float:
    return asyncio.get_running_loop().time()


async def test_a_ready_engine_knows_its_model_and_takes_work_at_once(engine: DrivenEngine) -> None:
    assert engine.model is not None
    assert engine.model.context_tokens > 1000
    assert engine.ready_in_s == 0
    assert engine.trouble is None
    await engine.ready()
    assert engine.state is EngineState.READY


async def test_an_answer_is_pieces_and_a_finish_that_counts_them(engine: DrivenEngine) -> None:
    before_s = engine.busy_s
    text, finish = await answer(engine, asking("Tell me about the sea."))
    assert text
    assert finish.usage.prompt_tokens > 4
    assert 0 < finish.usage.completion_tokens <= 12
    assert finish.timings.prefill_s >= 0
    assert finish.timings.decode_s >= 0
    assert engine.busy_s >= before_s
    assert engine.state is EngineState.READY


async def test_the_same_question_gets_the_same_answer_at_temperature_0(engine: DrivenEngine) -> None:
    first, _ = await answer(engine, asking("Tell me about the sea."))
    assert (await answer(engine, asking("Tell me about the sea.")))[0] == first


@pytest.mark.parametrize("seed", SEEDS)
async def test_no_answer_is_longer_than_asked_for_or_has_a_stop_string_in_it(engine: DrivenEngine, seed: int) -> None:
    chance = random.Random(seed)
    tokens = chance.randint(1, 12)
    text, finish = await answer(engine, asking("Tell me about the sea.", max_tokens=tokens))
    assert finish.usage.completion_tokens <= tokens
    whole, _ = await answer(engine, asking("Tell me about the sea."))
    assert whole.startswith(text)
    start = chance.randrange(1, len(whole) - 1)
    stop = whole[start : start + chance.randint(1, 4)]
    cut, ended = await answer(engine, asking("Tell me about the sea.", stop=("never said", stop)))
    assert stop not in cut
    assert whole.startswith(cut)
    assert ended.reason is FinishReason.STOP


async def test_an_answer_that_reaches_max_tokens_ends_with_length(engine: DrivenEngine) -> None:
    _, finish = await answer(engine, asking("Tell me a long story.", max_tokens=2))
    assert finish.reason is FinishReason.LENGTH


@pytest.mark.parametrize("words", ["", " ", "\n", "Grüße, 世界 👋🏽", "\0\x1b[31m", "\ud800 half a pair", "<|im_end|>"])
async def test_odd_words_are_words(engine: DrivenEngine, words: str) -> None:
    _, finish = await answer(engine, asking(f"Say: {words}", "Yes?", words or "?", max_tokens=3))
    assert finish.usage.completion_tokens <= 3


async def test_a_conversation_is_taken_in_its_order(engine: DrivenEngine) -> None:
    _, short = await answer(engine, asking("Hello."))
    _, long = await answer(engine, asking("Hello.", "Hello, how are you?", "Well. And you?"))
    assert long.usage.prompt_tokens > short.usage.prompt_tokens


@pytest.mark.parametrize("pieces", [0, 1, 3])
async def test_a_generation_that_is_left_is_aborted_and_the_next_one_is_answered(
    engine: DrivenEngine, pieces: int
) -> None:
    async with asyncio.timeout(30), aclosing(engine.generate(asking("Count to a thousand.", max_tokens=400))) as events:
        for _ in range(pieces):
            await anext(events)
    await until(lambda: engine.state is EngineState.READY)
    text, _ = await answer(engine, asking("Tell me about the sea."))
    assert text


async def test_a_caller_that_is_cancelled_while_it_waits_for_the_first_piece_leaves_no_trace(
    engine: DrivenEngine,
) -> None:
    waiting = asyncio.create_task(answer(engine, asking("Tell me a long story. " * 40, max_tokens=400)))
    await until(lambda: engine.state is EngineState.BUSY or waiting.done())
    waiting.cancel()
    with suppress(asyncio.CancelledError):  # an engine without delays may have been faster
        await waiting
    await until(lambda: engine.state is EngineState.READY)
    assert (await answer(engine, asking("Hello.")))[0]


async def test_as_many_answers_are_made_at_once_as_there_are_slots(engine: DrivenEngine) -> None:
    async with asyncio.timeout(30), AsyncExitStack() as house:
        for number in range(engine.slots):
            await engine.ready()
            generation = asking(f"Count to {number} thousand.", max_tokens=400)
            events = await house.enter_async_context(aclosing(engine.generate(generation)))
            assert isinstance(await anext(events), Piece)
    await until(lambda: engine.state is EngineState.READY)
    assert (await answer(engine, asking("Hello.")))[0]


async def test_an_answer_that_is_left_lets_the_others_be(engine: DrivenEngine) -> None:
    if engine.slots == 1:
        pytest.skip("it makes one answer at a time")
    async with asyncio.timeout(30), aclosing(engine.generate(asking("Tell me about the sea."))) as stays:
        heard = [await anext(stays)]
        async with aclosing(engine.generate(asking("Count to a thousand.", max_tokens=400))) as leaves:
            await anext(leaves)
        assert engine.state is EngineState.BUSY
        await engine.ready()
        assert (await answer(engine, asking("Hello.")))[0]
        heard += [event async for event in stays]
    assert isinstance(heard[-1], Finish)
    assert heard[-1].usage.completion_tokens > 1
    assert engine.state is EngineState.READY


async def test_a_deadline_that_has_passed_ends_the_answer_with_deadline(engine: DrivenEngine) -> None:
    _, finish = await answer(engine, asking("Tell me a long story.", max_tokens=400, deadline=now() - 1))
    assert finish.reason is FinishReason.DEADLINE
    await until(lambda: engine.state is EngineState.READY)
    assert (await answer(engine, asking("Hello.", deadline=now() + 60)))[1].reason is not FinishReason.DEADLINE


async def test_a_prompt_that_is_too_long_is_refused_before_the_first_piece(engine: DrivenEngine) -> None:
    with pytest.raises(PromptTooLong):
        await answer(engine, asking("word " * 5000))
    await until(lambda: engine.state is EngineState.READY)
    assert (await answer(engine, asking("Hello.")))[0]


async def test_an_unloaded_model_comes_back_for_whoever_asks(engine: DrivenEngine) -> None:
    async with asyncio.timeout(30):
        await engine.unload()
        await engine.unload()
    assert engine.state in (EngineState.UNLOADED, EngineState.READY)
    assert engine.state is EngineState.READY or engine.worker_pid is None
    assert engine.model is not None
    assert (await answer(engine, asking("Hello.")))[0]


@has_llama
@pytest.mark.parametrize("words", [(), ("tools",)])
async def test_llama_has_tools_where_the_model_s_template_has_them(tmp_path: Path, words: tuple[str, ...]) -> None:
    wanted = settings.Llama(**{**make_tiny(tmp_path, *words), "mmproj": None, "threads": 1})  # type: ignore[arg-type]
    engine = LlamaEngine(wanted, load_timeout_s=60)
    async with running(engine):
        assert engine.capabilities.tools is bool(words)


async def test_what_an_engine_says_that_it_can_is_a_matter_of_fact(engine: DrivenEngine) -> None:
    can = engine.capabilities
    if not can.logprobs:
        pytest.skip("it gives no log probabilities")
    generation = replace(asking("Hello.", max_tokens=3), logprobs=2)
    async with aclosing(engine.generate(generation)) as events:
        pieces = [event async for event in events if isinstance(event, Piece)]
    assert all(len(token.top) == 2 for piece in pieces for token in piece.logprobs)
    assert sum(len(piece.logprobs) for piece in pieces) >= 1
