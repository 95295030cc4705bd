"""A response object and its items. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from hailo_vision.chat import Finish, FinishReason, Logprob, ToolCall
from hailo_vision.http_api.openai.usage import finish_word, logprob_json, tools_json
from hailo_vision.http_api.web.faults import Fault
from hailo_vision.http_api.web.fields import JsonObject
from hailo_vision.http_api.web.json_reply import each

Status = Literal["in_progress", "completed", "incomplete", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What all parts of one response share; `echo` is what it repeats of its request."""

    id: str
    created_at: int
    model: str
    echo: JsonObject

    def response(
        self,
        status: Status,
        output: list[JsonObject],
        *,
        finish: Finish | None = None,
        incomplete: str | None = None,
        failure: Fault | None = None,
        completed_at: int | None = None,
    ) -> JsonObject:
        return {
            "id": f"resp_{self.id}",
            "object": "response",
            "created_at": self.created_at,
            "completed_at": completed_at,
            "status": status,
            "background": False,
            "error": failure and {"code": "server_error", "message": failure.message},
            "incomplete_details": incomplete and {"reason": incomplete},
            "model": self.model,
            "output": output,
            "previous_response_id": None,
            "reasoning": {"effort": None, "summary": None},
            "service_tier": "default",
            "store": False,
            "truncation": "disabled",
            "usage": finish and usage_json(finish),
            **self.echo,
        }

    def message(self, index: int, status: Status, content: list[JsonObject]) -> JsonObject:
        return {
            "id": f"msg_{self.id}_{index}",
            "type": "message",
            "role": "assistant",
            "status": status,
            "content": content,
        }

    def call(self, index: int, status: Status, call: ToolCall, arguments: str) -> JsonObject:
        return {
            "id": f"fc_{self.id}_{index}",
            "type": "function_call",
            "status": status,
            "call_id": call.id,
            "name": call.name,
            "arguments": arguments,
        }


def incomplete_reason(reason: FinishReason) -> str | None:
    """Why an answer was cut; the specification has no word of its own for a deadline."""
    return "max_output_tokens" if finish_word(reason) == "length" else None


def text_part(text: str, logprobs: Sequence[Logprob] = ()) -> JsonObject:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": each(logprobs, logprob_json)}


def usage_json(finish: Finish) -> JsonObject:
    usage = finish.usage
    return {
        "input_tokens": usage.prompt_tokens,
        "input_tokens_details": {
            "cached_tokens": usage.cached_tokens,
            "cache_write_tokens": 0,
            "image_tokens": usage.image_tokens,
        },
        "output_tokens": usage.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
        **tools_json(finish.tools),
    }
