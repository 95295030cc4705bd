"""The bodies of POST /v1/messages and its count_tokens become a ChatRequest, or an error that names the field. Pure.

Unknown fields are ignored, as clients send what their newest server knows. `thinking` is taken and none is given, as
Ollama and llama.cpp do it for models that do not think: Anthropic's clients for programmers send it with each request.
"""

from typing import Any

from hailo_vision.chat import ChatRequest, JsonFormat, Priority
from hailo_vision.generate.schemas import check
from hailo_vision.http_api.anthropic.messages import turns
from hailo_vision.http_api.anthropic.reply import RequestFacts, Tier
from hailo_vision.http_api.anthropic.tools import offer
from hailo_vision.http_api.openai.sampling import sampling, stop_strings
from hailo_vision.http_api.web.fields import JsonObject, a_string, an_object, boolean, integer, invalid, unsupported
from hailo_vision.http_api.web.parsed import Parsed, priority
from hailo_vision.serving.served import Target

MAX_STOPS = 16
_NOT_HERE = {
    "mcp_servers": "This server calls no MCP servers: offer their tools as tools.",
    "container": "This server runs no code and has no containers: leave container out.",
}


def messages(body: JsonObject, target: Target) -> Parsed[RequestFacts]:
    """What the client asks. More than the operator's limit of `max_tokens` is cut to it."""
    max_tokens = integer(body, "max_tokens", least=1)
    if max_tokens is None:
        raise invalid("max_tokens", "a whole number of at least 1", None)
    request = _request(body, target, max_tokens=min(max_tokens, target.generation.max_tokens_limit))
    tier: Tier = "batch" if priority(body) is Priority.BATCH else "standard"
    return Parsed(requests=(request,), rest=RequestFacts(tier=tier, stop_sequences=request.stop))


def counted(body: JsonObject, target: Target) -> Parsed[None]:
    """The same prompt, of which only the tokens are counted."""
    return Parsed(requests=(_request(body, target, max_tokens=1),), rest=None)


def _request(body: JsonObject, target: Target, *, max_tokens: int) -> ChatRequest:
    _refuse_what_cannot_be(body)
    defaults = target.generation
    offered = offer(body.get("tools"), body.get("tool_choice"))
    return ChatRequest(
        model=target.name,
        turns=turns(body.get("system"), body.get("messages"), system_prompt=defaults.system_prompt),
        sampling=sampling(body, defaults),
        max_tokens=max_tokens,
        stop=stop_strings(body.get("stop_sequences"), most=MAX_STOPS, param="stop_sequences"),
        stream=boolean(body, "stream"),
        tools=offered.tools,
        tool_choice=offered.choice,
        parallel_tool_calls=offered.is_parallel,
        format=_format(body),
    )


def _format(body: JsonObject) -> JsonFormat | None:
    """`output_config.format`, and `output_format` as it was called before."""
    config = {} if body.get("output_config") is None else an_object(body["output_config"], "output_config")
    for value, param in ((config.get("format"), "output_config.format"), (body.get("output_format"), "output_format")):
        if value is not None:
            kind = an_object(value, param).get("type")
            if kind != "json_schema":
                raise invalid(f"{param}.type", "json_schema", kind)
            place = f"{param}.schema"
            return JsonFormat(schema=check(value.get("schema"), place), param=place)
    return None


def _refuse_what_cannot_be(body: JsonObject) -> None:
    for name, message in _NOT_HERE.items():
        if body.get(name):
            raise unsupported(name, message)
    metadata: Any = body.get("metadata")
    if metadata is not None and an_object(metadata, "metadata").get("user_id") is not None:
        a_string(metadata["user_id"], "metadata.user_id")
    if body.get("thinking") is not None:
        a_string(an_object(body["thinking"], "thinking").get("type"), "thinking.type")
