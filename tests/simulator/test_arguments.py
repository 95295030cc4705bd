"""What generate() takes and what it refuses, by version and in the vendor's order (contract 2.1 to 2.4)."""

import inspect
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from simulator.platforms import RED, Platform, halves, plain, user

FRAME_BYTES = 336 * 336 * 3


def names(function: Any) -> list[str]:
    return list(inspect.signature(function).parameters)[1:]


def test_5_2_0_shifts_the_positional_arguments(fresh: Callable[..., Platform]) -> None:
    # Contract 1.4, trap 19: videos comes third for a VLM, tools second for an LLM.
    common = ["temperature", "top_p", "top_k", "frequency_penalty", "max_generated_tokens", "do_sample", "seed"]
    old = fresh(version="5.1.1").genai
    assert names(old.VLM.generate) == ["prompt", "frames", *common]
    assert names(old.LLM.generate) == ["prompt", *common]
    new = fresh(version="5.2.0").genai
    assert names(new.VLM.generate) == ["prompt", "frames", "videos", *common]
    assert names(new.LLM.generate) == ["prompt", "tools", *common]
    assert names(new.VLM.generate_all) == ["prompt", "frames", "videos", *common, "timeout_ms"]


@pytest.mark.parametrize("prompt", [None, 5, ({"role": "user"},), ["a"], b"bytes"])
def test_python_refuses_prompts_of_other_types(platform: Platform, prompt: Any) -> None:
    # Contract 2.2.1: plain HailoRTException, nothing sent.
    with pytest.raises(platform.root.HailoRTException) as raised:
        platform.vlm().generate(prompt=prompt, frames=[])
    assert raised.value.__cause__ is None


@pytest.mark.parametrize("frames", [None, (), [None], ["a"]])
def test_python_refuses_frames_that_are_no_list_of_arrays(platform: Platform, frames: Any) -> None:
    with pytest.raises(platform.root.HailoRTException):
        platform.vlm().generate(prompt="x", frames=frames)


def test_a_message_that_is_no_json_is_a_type_error(platform: Platform) -> None:
    with pytest.raises(TypeError):
        platform.vlm().generate(prompt=[{"role": "user", "content": {1, 2}}], frames=[])


@pytest.mark.parametrize(
    "params",
    [
        {"top_k": -1},
        {"top_k": 1.5},
        {"top_k": 2**32},
        {"max_generated_tokens": -1},
        {"seed": -1},
        {"seed": 2**32},
        {"temperature": "hot"},
        {"do_sample": "yes"},
    ],
)
def test_the_bindings_refuse_numbers_that_do_not_fit(platform: Platform, params: dict[str, Any]) -> None:
    # Contract 2.2.2: uint32, float32, bool.
    with pytest.raises(TypeError):
        platform.vlm().generate(prompt="x", frames=[], **params)


@pytest.mark.parametrize(
    "params",
    [
        {"temperature": 0},
        {"temperature": -1.0},
        {"temperature": math.nan},
        {"temperature": 1e-60},
        {"top_p": 1.01},
        {"top_p": -0.01},
        {"top_p": math.nan},
        {"top_k": 0},
        {"frequency_penalty": 0},
    ],
)
def test_the_client_refuses_values_out_of_range(either: Platform, params: dict[str, Any]) -> None:
    # Contract 2.2.3, trap 9: status 2; 1e-60 underflows to 0 as a float32.
    with pytest.raises(either.wrapped.HailoRTInvalidArgumentException):
        either.vlm().generate(prompt="x", frames=[], **params)


@pytest.mark.parametrize(
    "params",
    [{"temperature": math.inf}, {"frequency_penalty": -1.0}, {"top_k": 2**32 - 1}, {"top_p": 0}, {"top_p": 1}],
)
def test_harmful_values_are_accepted(platform: Platform, params: dict[str, Any]) -> None:
    # Contract 2.2.3: accepted, whatever the device makes of them.
    vlm = platform.vlm()
    assert platform.ask(vlm, "What do you see?", plain(RED), do_sample=True, **params)


def test_none_leaves_the_models_default(platform: Platform) -> None:
    params = platform.vlm()._vlm.create_generator_params()
    # Contract 2.3.
    assert math.isclose(params.temperature, 0.01, rel_tol=1e-6)
    assert (params.top_k, params.do_sample, params.max_generated_tokens) == (1, False, 1024)


def test_5_1_1_refuses_to_generate_nothing(platform: Platform) -> None:
    # Contract 1.4.
    with pytest.raises(platform.wrapped.HailoRTInvalidArgumentException):
        platform.vlm().generate(prompt="hello there", frames=[], max_generated_tokens=0)


def test_nothing_to_generate_is_a_prefill_alone_for_5_2_0(fresh: Callable[..., Platform]) -> None:
    # Contract 1.4, 2.5, 12.4: generate() waits for the prefill and ends it; usage is P afterwards.
    new = fresh(version="5.2.0")
    vlm = new.vlm()
    completion = vlm.generate(prompt="hello there", frames=[], max_generated_tokens=0)
    assert completion.generation_status.name == "MAX_TOKENS_REACHED"
    with pytest.raises(new.wrapped.HailoRTInvalidOperationException):
        completion.read()
    assert vlm.get_context_usage_size() == len(vlm.tokenize("hello there"))


@pytest.mark.parametrize("prompt", ["", []])
def test_an_empty_prompt_is_an_invalid_argument(platform: Platform, prompt: Any) -> None:
    # Contract 2.2.5.
    with pytest.raises(platform.wrapped.HailoRTInvalidArgumentException):
        platform.vlm().generate(prompt=prompt, frames=[])


def test_a_message_without_a_role_is_rendered_with_none(platform: Platform) -> None:
    # Contract 12.4: minja renders what is missing as nothing.
    vlm = platform.vlm()
    platform.chunks(vlm.generate(prompt=[{"content": "x"}], frames=[], max_generated_tokens=1))
    assert vlm.get_context_usage_size() > len(vlm.tokenize("x"))


@pytest.mark.parametrize(
    "message",
    [{"role": 5, "content": "x"}, {"role": "user"}, {"role": "user", "content": 5}, {"role": "user", "content": ["x"]}],
)
def test_a_message_that_the_template_can_not_render_is_an_internal_failure(
    platform: Platform, message: dict[str, Any]
) -> None:
    with pytest.raises(platform.root.HailoRTException) as raised:
        platform.vlm().generate(prompt=[message], frames=[])
    assert raised.value.__cause__.args == ("8",)  # type: ignore[union-attr]


def test_an_llm_of_5_1_1_takes_a_failed_template_for_an_empty_prompt(either: Platform) -> None:
    # Contract 1.4.
    with pytest.raises(either.root.HailoRTException) as raised:
        either.llm().generate(prompt=[{"role": "user"}])
    number = "6" if either.root.__version__ == "5.1.1" else "8"
    assert raised.value.__cause__.args == (number,)  # type: ignore[union-attr]


def test_a_lone_surrogate_breaks_the_parser_in_messages_and_the_binding_in_text(platform: Platform) -> None:
    # Contract 2.4: status 8 for messages; 1.2: UnicodeEncodeError otherwise.
    vlm = platform.vlm()
    with pytest.raises(platform.root.HailoRTException) as raised:
        vlm.generate(prompt=[user("\ud800")], frames=[])
    assert raised.value.__cause__.args == ("8",)  # type: ignore[union-attr]
    with pytest.raises(UnicodeEncodeError):
        vlm.generate(prompt="\ud800", frames=[])


def test_a_frame_that_is_read_only_is_a_value_error(platform: Platform) -> None:
    frame = np.frombuffer(bytes(FRAME_BYTES), np.uint8).reshape(336, 336, 3)
    with pytest.raises(ValueError, match="writeable"):
        platform.vlm().generate(prompt=[user("x", 1)], frames=[frame])


def test_only_the_number_of_bytes_counts_not_shape_or_type(platform: Platform) -> None:
    # Contract 2.2: frame rules.
    vlm = platform.vlm()
    picture = halves(RED, (0, 0, 255))
    as_floats = picture.reshape(-1).view(np.float32)
    assert platform.ask(vlm, "Describe it.", picture) == platform.ask(vlm, "Describe it.", as_floats)


def test_a_view_is_read_by_its_memory_and_so_wrongly(platform: Platform, capsys: pytest.CaptureFixture[str]) -> None:
    # Contract 2.2, trap 4: the pointer and nbytes are all that C++ looks at.
    vlm = platform.vlm()
    left_right = halves(RED, (0, 0, 255))
    assert platform.ask(vlm, "Where is the red part?", left_right.transpose(1, 0, 2)) == platform.ask(
        vlm, "Where is the red part?", left_right
    )
    assert "not C-contiguous" in capsys.readouterr().err
    assert platform.ask(vlm, "Is there any red?", plain(RED)[..., ::-1]).startswith("No")
    assert platform.ask(vlm, "Is there any green?", plain(RED)[..., ::-1]).startswith("Yes")


def test_a_frame_of_the_wrong_size_poisons_5_2_0(fresh: Callable[..., Platform]) -> None:
    # Contract 2.2 and 2.8: status 6, and every later request mismatches, cleared context or not.
    platform = fresh(version="5.2.0")
    vlm = platform.vlm()
    with pytest.raises(platform.wrapped.HailoRTInvalidOperationException):
        vlm.generate(prompt=[user("x", 1)], frames=[np.zeros(10, np.uint8)])
    vlm.clear_context()
    with (
        vlm.generate(prompt=[user("x", 1)], frames=[plain(RED)]) as completion,
        pytest.raises(platform.wrapped.HailoRTInvalidOperationException),
    ):
        completion.read()
    vlm.release()
    assert platform.ask(platform.vlm(), "Is it red?", plain(RED)).startswith("Yes")


@pytest.mark.parametrize(("size", "number", "survives"), [(10, 2, True), (FRAME_BYTES + 1, 6, False)])
def test_a_frame_of_the_wrong_size_on_5_1_1(platform: Platform, size: int, number: int, survives: bool) -> None:
    # Contract 2.2, trap 4: too small 2, too large 6, and unread bytes break the session.
    vlm = platform.vlm()
    with pytest.raises(platform.root.HailoRTException) as raised:
        vlm.generate(prompt=[user("x", 1)], frames=[np.zeros(size, np.uint8)])
    assert raised.value.__cause__.args == (str(number),)  # type: ignore[union-attr]
    if survives:
        assert vlm.get_context_usage_size() == 0
    else:
        with pytest.raises(platform.root.HailoCommunicationClosedException):
            vlm.get_context_usage_size()


def test_5_1_1_takes_five_frames_and_breaks_at_six(platform: Platform) -> None:
    # Contract 1.4, trap 5.
    vlm = platform.vlm()
    assert platform.ask(vlm, "How many images?", *[plain(RED)] * 5) == "There are 5 images."
    vlm.clear_context()
    with pytest.raises(platform.wrapped.HailoRTInvalidArgumentException):
        vlm.generate(prompt=[user("x", 6)], frames=[plain(RED)] * 6)
    with pytest.raises(platform.root.HailoCommunicationClosedException):
        vlm.clear_context()


def test_5_2_0_takes_as_many_frames_as_the_context_holds(fresh: Callable[..., Platform]) -> None:
    platform = fresh(version="5.2.0")
    assert platform.ask(platform.vlm(), "How many images?", *[plain(RED)] * 9) == "There are 9 images."


def test_5_2_0_has_videos_that_this_encoder_does_not_take(fresh: Callable[..., Platform]) -> None:
    # Contract 2.5: an encoder with one input refuses with 6.
    platform = fresh(version="5.2.0")
    vlm = platform.vlm()
    with pytest.raises(platform.wrapped.HailoRTInvalidOperationException):
        vlm.generate(prompt=[user("x")], frames=[], videos=[[plain(RED)]])
    with pytest.raises(platform.root.HailoRTException):
        vlm.generate(prompt=[user("x")], frames=[], videos=(plain(RED),))


def test_a_mismatch_of_pictures_shows_at_the_first_read_and_poisons(either: Platform) -> None:
    # Contract 2.2.7, 2.8, trap 3.
    vlm = either.vlm()
    for prompt in ([user("two places", 2)], [user("one place", 1)]):
        completion = vlm.generate(prompt=prompt, frames=[plain(RED)])
        with pytest.raises(either.wrapped.HailoRTInvalidOperationException):
            completion.read()
        assert completion.generation_status.name == "GENERATING"  # trap 16
        completion.release()
        vlm.clear_context()


def test_a_missing_picture_does_not_poison_where_none_was_sent(platform: Platform) -> None:
    # Contract 2.8: not poisoned when frames=[] was sent.
    vlm = platform.vlm()
    with vlm.generate(prompt=[user("x", 1)], frames=[]) as completion, pytest.raises(platform.root.HailoRTException):
        completion.read()
    assert platform.ask(vlm, "Is it red?", plain(RED)).startswith("Yes")


def test_a_place_for_a_picture_in_a_users_text_counts(platform: Platform) -> None:
    # Trap 24: special tokens in user text are taken for what they are.
    vlm = platform.vlm()
    with (
        vlm.generate(prompt=[user("Look: <|image_pad|>", 1)], frames=[plain(RED)]) as completion,
        pytest.raises(platform.wrapped.HailoRTInvalidOperationException),
    ):
        completion.read()


def test_a_raw_prompt_of_one_token_leaves_its_frames_on_the_device(platform: Platform) -> None:
    # Trap 29.
    vlm = platform.vlm()
    vlm.generate_all(prompt="<|image_pad|>", frames=[plain(RED)], max_generated_tokens=1)
    with (
        vlm.generate(prompt=[user("x", 1)], frames=[plain(RED)]) as completion,
        pytest.raises(platform.wrapped.HailoRTInvalidOperationException),
    ):
        completion.read()


def test_the_device_takes_parameters_even_of_a_call_that_fails_later(platform: Platform) -> None:
    # Contract 2.2.4: "create generator" comes before the prompt is looked at.
    vlm = platform.vlm()
    with pytest.raises(platform.wrapped.HailoRTInvalidArgumentException):
        vlm.generate(prompt="", frames=[], max_generated_tokens=7)
    assert vlm._vlm._session._params.max_tokens == 7


def test_tools_belong_to_messages_and_to_fresh_contexts(fresh: Callable[..., Platform]) -> None:
    # Contract 4, 2.4.
    platform = fresh(version="5.2.0")
    llm = platform.llm()
    with pytest.raises(TypeError):
        llm.generate(prompt="raw", tools=[{"name": "f"}])
    assert llm.generate_all(prompt=[user("hello")], tools=[{"name": "f"}])
    with pytest.raises(platform.wrapped.HailoRTInvalidOperationException):
        llm.generate(prompt=[user("hello")], tools=[{"name": "f"}])
