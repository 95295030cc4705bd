"""The body of POST /v1/responses becomes a ChatRequest, or an error that names the field. Pure.

Nothing is stored, so what would need a store is refused: each request brings its whole conversation.
"""

from typing import Any

from hailo_vision.chat import ChatRequest, JsonFormat, Priority
from hailo_vision.http_api.openai.messages import refuse_pictures_beside
from hailo_vision.http_api.openai.responses.items import turns
from hailo_vision.http_api.openai.responses.tools import offer, tools
from hailo_vision.http_api.openai.sampling import answer_tokens, check_logprobs, penalties, sampling, token_limit
from hailo_vision.http_api.openai.tools import DEFAULT_NAME, json_format
from hailo_vision.http_api.web.fields import (
    JsonObject,
    a_list,
    a_string,
    an_object,
    boolean,
    integer,
    invalid,
    unsupported,
)
from hailo_vision.http_api.web.parsed import Parsed, priority
from hailo_vision.serving.served import Target

_MAX_METADATA = 16
_MAX_KEY_CHARS, _MAX_VALUE_CHARS = 64, 512
_LOGPROBS = "message.output_text.logprobs"
_STATEFUL = {
    "previous_response_id": "send the whole conversation as input",
    "conversation": "send the whole conversation as input",
    "prompt": "send the prompt's text as instructions or input",
}


def responses(body: JsonObject, target: Target) -> Parsed[JsonObject]:
    """What the client asks, with the operator's defaults where it says nothing.

    The rest is what the response repeats of the request, in its JSON.
    """
    _refuse_what_cannot_be(body)
    defaults = target.generation
    instructions = _optional_string(body, "instructions")
    all_tools = tools(body.get("tools"))
    offered = offer(all_tools, body.get("tool_choice"))
    parallel = body.get("parallel_tool_calls") is None or boolean(body, "parallel_tool_calls")
    max_tokens = token_limit(body, "max_output_tokens", defaults)
    text_format = _format(body.get("text"))
    form = _json_format(text_format)
    is_whole = form is not None or (bool(offered.tools) and offered.choice != "none")
    request = ChatRequest(
        model=target.name,
        turns=turns(body.get("input"), instructions=instructions, system_prompt=defaults.system_prompt),
        sampling=sampling(body, defaults),
        max_tokens=answer_tokens(max_tokens, defaults, is_whole=is_whole),
        stream=boolean(body, "stream"),
        tools=offered.tools,
        tool_choice=offered.choice,
        parallel_tool_calls=parallel,
        format=form,
        logprobs=_logprobs(body, target),
        penalties=penalties(body, target),
    )
    echo = {
        "frequency_penalty": request.penalties.frequency if request.penalties else 0.0,
        "instructions": instructions,
        "max_output_tokens": None if (integer(body, "max_output_tokens") or 0) < 1 else max_tokens,
        "max_tool_calls": _repeated(body, "max_tool_calls", int),
        "metadata": _metadata(body.get("metadata")),
        "parallel_tool_calls": parallel,
        "presence_penalty": request.penalties.presence if request.penalties else 0.0,
        "prompt_cache_key": _repeated(body, "prompt_cache_key", str),
        "safety_identifier": _repeated(body, "safety_identifier", str),
        "service_tier": "flex" if priority(body) is Priority.BATCH else "default",
        "temperature": request.sampling.temperature or 0.0,  # greedy
        "text": {"format": text_format},
        "tool_choice": body.get("tool_choice") or "auto",
        "tools": [
            {
                "type": "function",
                "name": tool.name,
                "description": tool.description or None,
                "parameters": tool.parameters,
                "strict": tool.strict,
            }
            for tool in all_tools
        ],
        "top_logprobs": request.logprobs or 0,
        "top_p": 1.0 if request.sampling.top_p is None else request.sampling.top_p,
    }
    return Parsed(requests=(request,), rest=echo)


def _repeated(body: JsonObject, name: str, kind: type) -> Any:
    """A field that changes nothing here, as the response repeats it; null where it is of another type."""
    return value if type(value := body.get(name)) is kind else None


def _refuse_what_cannot_be(body: JsonObject) -> None:
    refuse_pictures_beside(body, "input")
    for name, instead in _STATEFUL.items():
        if body.get(name) is not None:
            raise unsupported(name, f"Nothing is stored here, so {name} has no meaning: {instead}.")
    if boolean(body, "background"):
        raise unsupported("background", "A response is given at once and never kept: leave background out.")
    boolean(body, "store")


def _logprobs(body: JsonObject, target: Target) -> int | None:
    """`include` asks for log probabilities, and `top_logprobs` for those of further tokens."""
    top = integer(body, "top_logprobs", least=0) or 0
    is_included = _LOGPROBS in a_list(body.get("include") or [], "include")
    if not is_included and not top:
        return None
    check_logprobs("include" if is_included else "top_logprobs", top, target)
    return top


def _format(value: object) -> JsonObject:
    """`text.format` as the response repeats it."""
    text = {} if value is None else an_object(value, "text")
    form: Any = text.get("format")
    if form is None:
        return {"type": "text"}
    match an_object(form, "text.format").get("type"):
        case "json_object" if form.get("schema") is not None:
            return {"type": "json_object", "schema": an_object(form["schema"], "text.format.schema")}
        case "text" | "json_object" as kind:
            return {"type": kind}
        case "json_schema":
            return {
                "type": "json_schema",
                "name": a_string(form.get("name") or DEFAULT_NAME, "text.format.name"),
                **_description(form),
                "schema": an_object(form.get("schema"), "text.format.schema"),
                "strict": boolean(form, "strict", within="text.format."),
            }
        case other:
            raise invalid("text.format.type", "text, json_object or json_schema", other)


def _description(form: JsonObject) -> JsonObject:
    """The description where there is one: the specification knows no null there."""
    text = a_string(form.get("description") or "", "text.format.description")
    return {"description": text} if text else {}


def _json_format(text_format: JsonObject) -> JsonFormat | None:
    match text_format:
        case {"type": "json_schema"} | {"type": "json_object", "schema": _}:
            return json_format(text_format, "text.format")
        case {"type": "json_object"}:
            return JsonFormat(schema=None)
    return None


def _metadata(value: object) -> JsonObject:
    """Up to 16 pairs of strings, which the response repeats."""
    pairs = {} if value is None else an_object(value, "metadata")
    if len(pairs) > _MAX_METADATA or any(len(key) > _MAX_KEY_CHARS for key in pairs):
        raise invalid("metadata", f"at most {_MAX_METADATA} pairs with keys of {_MAX_KEY_CHARS} characters", pairs)
    for key, text in pairs.items():
        if len(a_string(text, f"metadata.{key}")) > _MAX_VALUE_CHARS:
            raise invalid(f"metadata.{key}", f"at most {_MAX_VALUE_CHARS} characters long", text)
    return pairs


def _optional_string(body: JsonObject, name: str) -> str | None:
    value = body.get(name)
    return None if value is None else a_string(value, name)
