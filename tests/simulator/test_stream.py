"""The stream of chunks: special tokens, empty chunks, the status on the last one, time (contract 2.7, 2.9)."""

from collections.abc import Callable
from typing import Any

import pytest

from hailo_vision.simulator.clock import block_until, now
from simulator.platforms import RED, Platform, plain, user

ASK = [user("Is it bright or dark?", 1)]


def test_a_normal_end_is_the_stop_token_and_carries_the_status(either: Platform) -> None:
    completion = either.vlm().generate(prompt=ASK, frames=[plain(RED)])
    chunks = either.chunks(completion)
    assert chunks[-1] == ("<|im_end|>", "LOGICAL_END_OF_GENERATION")
    assert {status for _, status in chunks[:-1]} == {"GENERATING"}
    assert "".join(text for text, _ in chunks[:-1]) == "The image is dark (brightness 30 of 100)."


def test_the_limit_is_followed_by_the_recovery_token_which_carries_the_status(either: Platform) -> None:
    # The max-th token arrives with GENERATING; recovery tokens do not count.
    completion = either.vlm().generate(prompt=ASK, frames=[plain(RED)], max_generated_tokens=3)
    assert either.chunks(completion) == [
        ("The", "GENERATING"),
        (" image", "GENERATING"),
        (" is", "GENERATING"),
        ("<|im_end|>", "MAX_TOKENS_REACHED"),
    ]


def test_without_a_recovery_sequence_the_last_token_carries_the_status(platform: Platform) -> None:
    vlm = platform.vlm()
    assert vlm.get_generation_recovery_sequence() == "<|im_end|>"
    vlm.set_generation_recovery_sequence("")
    completion = vlm.generate(prompt=ASK, frames=[plain(RED)], max_generated_tokens=2)
    assert platform.chunks(completion)[-1] == (" image", "MAX_TOKENS_REACHED")
    vlm.set_generation_recovery_sequence(" the end")
    completion = vlm.generate(prompt=ASK, frames=[plain(RED)], max_generated_tokens=1)
    assert platform.chunks(completion)[1:] == [(" the", "GENERATING"), (" end", "MAX_TOKENS_REACHED")]


def test_a_stop_token_that_is_also_the_last_one_allowed_counts_as_the_limit(platform: Platform) -> None:
    # Check order: max first, then stop sequences.
    vlm = platform.vlm()
    length = len(platform.chunks(vlm.generate(prompt=ASK, frames=[plain(RED)])))
    vlm.clear_context()
    chunks = platform.chunks(vlm.generate(prompt=ASK, frames=[plain(RED)], max_generated_tokens=length))
    assert chunks[-2:] == [("<|im_end|>", "GENERATING"), ("<|im_end|>", "MAX_TOKENS_REACHED")]


def test_an_incomplete_character_is_an_empty_chunk_and_comes_with_a_later_token(platform: Platform) -> None:
    completion = platform.vlm().generate(prompt=[user("Où est la fête 🎉?")], frames=[])
    texts = [text for text, _ in platform.chunks(completion)]
    assert "" in texts
    assert '"Où est la fête 🎉?"' in "".join(texts)
    assert "\ufffd" not in "".join(texts)


def test_a_character_cut_by_the_limit_sticks_to_the_recovery_text(platform: Platform) -> None:
    vlm = platform.vlm()
    prompt = [user("🎉")]
    length = [text for text, _ in platform.chunks(vlm.generate(prompt=prompt, frames=[]))].index("") + 1
    vlm.clear_context()
    chunks = platform.chunks(vlm.generate(prompt=prompt, frames=[], max_generated_tokens=length))
    assert chunks[-2:] == [("", "GENERATING"), ("\ufffd<|im_end|>", "MAX_TOKENS_REACHED")]


def test_reading_on_after_the_end_is_an_invalid_operation(either: Platform) -> None:
    completion = either.vlm().generate(prompt=ASK, frames=[plain(RED)])
    completion.read_all()
    with pytest.raises(either.wrapped.HailoRTInvalidOperationException):
        completion.read()
    assert list(completion) == []
    completion.release()
    with pytest.raises(AttributeError):
        completion.read()
    with pytest.raises(AttributeError):
        _ = completion.generation_status
    completion.release()


@pytest.mark.parametrize("timeout_ms", [1.0, -1, "10", None, 2**32])
def test_a_timeout_is_a_uint32(platform: Platform, timeout_ms: Any) -> None:
    with platform.vlm().generate(prompt=ASK, frames=[plain(RED)]) as completion, pytest.raises(TypeError):
        completion.read(timeout_ms=timeout_ms)


def test_a_timeout_leaves_everything_intact(fresh: Callable[..., Platform]) -> None:
    # Trap 15: HailoRTTimeout is resumable; 0 is a poll.
    platform = fresh(prefill_s=0.05)
    with platform.vlm().generate(prompt=ASK, frames=[plain(RED)]) as completion:
        with pytest.raises(platform.wrapped.HailoRTTimeout):
            completion.read(timeout_ms=0)
        text = ""
        while completion.generation_status.name == "GENERATING":
            try:
                text += completion.read(timeout_ms=5)
            except platform.wrapped.HailoRTTimeout:
                continue
    assert text == "The image is dark (brightness 30 of 100).<|im_end|>"


def test_a_timeout_of_read_all_loses_what_was_read(fresh: Callable[..., Platform]) -> None:
    platform = fresh(tokens_per_s=100)
    with platform.vlm().generate(prompt=ASK, frames=[plain(RED)]) as completion:
        with pytest.raises(platform.wrapped.HailoRTTimeout):
            completion.read_all(timeout_ms=50)
        assert not completion.read_all().startswith("The image")


def test_the_device_runs_ahead_of_a_host_that_does_not_read(fresh: Callable[..., Platform]) -> None:
    platform = fresh(tokens_per_s=500)
    with platform.vlm().generate(prompt=ASK, frames=[plain(RED)]) as completion:
        block_until(now() + 0.1)
        ready = ""
        while completion.generation_status.name == "GENERATING":
            ready += completion.read(timeout_ms=0)
    assert ready.endswith("<|im_end|>")


def test_the_status_flips_when_the_chunk_is_read_not_when_it_is_made(fresh: Callable[..., Platform]) -> None:
    platform = fresh(tokens_per_s=100_000)
    with platform.vlm().generate(prompt=ASK, frames=[plain(RED)], max_generated_tokens=1) as completion:
        block_until(now() + 0.01)
        assert completion.read() == "The"
        assert completion.generation_status.name == "GENERATING"
        completion.read()
        assert int(completion.generation_status) == 1


def test_stop_tokens_replace_the_models_own_and_stay(platform: Platform) -> None:
    # Contract 2.9, trap 8.
    vlm = platform.vlm()
    assert vlm.get_stop_tokens() == ["<|im_end|>", "<|endoftext|>"]
    vlm.set_stop_tokens([" dark", ""])
    assert vlm.get_stop_tokens() == [" dark"]
    vlm.clear_context()
    chunks = platform.chunks(vlm.generate(prompt=ASK, frames=[plain(RED)]))
    assert chunks[-1] == (" dark", "LOGICAL_END_OF_GENERATION")


def test_a_stop_string_of_other_pieces_is_missed(platform: Platform) -> None:
    # Contract 2.9: exact token ids; " image" with its space is another token than "image".
    vlm = platform.vlm()
    vlm.set_stop_tokens([*vlm.get_stop_tokens(), "image"])
    assert platform.ask(vlm, "Is it bright or dark?", plain(RED)).endswith("of 100).")
    vlm.set_stop_tokens([*vlm.get_stop_tokens(), " image"])
    assert platform.ask(vlm, "Is it bright or dark?", plain(RED)) == "The image"


def test_without_stop_tokens_nothing_but_the_limit_ends_it(platform: Platform) -> None:
    vlm = platform.vlm()
    vlm.set_stop_tokens([])
    completion = vlm.generate(prompt=ASK, frames=[plain(RED)], max_generated_tokens=100)
    chunks = platform.chunks(completion)
    assert len(chunks) == 101
    assert ("<|im_end|>", "GENERATING") in chunks


def test_generate_all_is_the_same_in_one_call(platform: Platform) -> None:
    vlm = platform.vlm()
    assert vlm.generate_all(prompt=ASK, frames=[plain(RED)], timeout_ms=1000) == (
        "The image is dark (brightness 30 of 100).<|im_end|>"
    )


def test_the_completion_status_is_no_number_but_has_one(platform: Platform) -> None:
    status = platform.raw.LLMGeneratorCompletionStatus
    assert [int(member) for member in status] == [0, 1, 2, 3]
    assert status.GENERATING != 0
