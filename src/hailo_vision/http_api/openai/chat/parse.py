"""The body of POST /v1/chat/completions becomes a ChatRequest, or an error that names the field. Pure.

Unknown fields are ignored, as clients send what their newest server knows. A field that would change the answer and
can't be honoured is refused: silence would be a lie.
"""

from hailo_vision.chat import ChatRequest
from hailo_vision.http_api.openai.messages import refuse_pictures_beside, turns
from hailo_vision.http_api.openai.sampling import (
    logprobs,
    max_tokens,
    penalties,
    refuse_other_forms,
    sampling,
    stop_strings,
)
from hailo_vision.http_api.openai.tools import response_format, tool_choice, tools
from hailo_vision.http_api.web.fields import (
    JsonObject,
    a_list,
    an_object,
    boolean,
    integer,
    unsupported,
)
from hailo_vision.http_api.web.parsed import Parsed
from hailo_vision.serving.served import Target

MAX_CHOICES = 4


def chat(body: JsonObject, target: Target) -> Parsed[None]:
    return Parsed(requests=(chat_request(body, target),), rest=None)


def chat_request(body: JsonObject, target: Target) -> ChatRequest:
    """What the client asks, with the operator's defaults where it says nothing. What the engine can't do is refused."""
    defaults = target.generation
    _refuse_what_cannot_be(body)
    choice, offered = tool_choice(body.get("tool_choice"), tools(body.get("tools")))
    form = response_format(body.get("response_format"))
    is_whole = form is not None or (bool(offered) and choice != "none")
    stream_options = body.get("stream_options")
    options = {} if stream_options is None else an_object(stream_options, "stream_options")
    return ChatRequest(
        model=target.name,
        turns=turns(body.get("messages"), system_prompt=defaults.system_prompt),
        sampling=sampling(body, defaults),
        max_tokens=max_tokens(body, defaults, is_whole=is_whole),
        stop=stop_strings(body.get("stop")),
        stream=boolean(body, "stream"),
        include_usage=boolean(options, "include_usage", within="stream_options."),
        n=_choices(body),
        tools=offered,
        tool_choice=choice,
        parallel_tool_calls=body.get("parallel_tool_calls") is None or boolean(body, "parallel_tool_calls"),
        format=form,
        logprobs=logprobs(body, target),
        penalties=penalties(body, target),
    )


def _choices(body: JsonObject) -> int:
    choices = integer(body, "n", least=1) or 1
    if choices > MAX_CHOICES:
        raise unsupported("n", f"This server gives at most {MAX_CHOICES} answers to a request: send a smaller n.")
    return choices


def _refuse_what_cannot_be(body: JsonObject) -> None:
    refuse_pictures_beside(body, "messages")
    refuse_other_forms(body)
    if "audio" in a_list(body.get("modalities") or [], "modalities"):
        raise unsupported("modalities", "This server answers in text: leave audio out.")
    if a_list(body.get("functions") or [], "functions"):
        raise unsupported("functions", "functions is not served: send the same functions as tools.")
    if body.get("function_call") not in (None, "none", "auto"):
        raise unsupported("function_call", "function_call is not served: send tools and tool_choice in its place.")
