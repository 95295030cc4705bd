"""Which tools a prompt has where the model's context can't hold them all. Pure.

All of them with notes for their parameters, else all without notes, else the likeliest ones. What a client calls by
`tool_choice` is the only tool there is; what was called before in the conversation stays, so that a call that the model
reads has its tool.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from hailo_vision.chat import ChatRequest, ImageRef, LoadedModel, Text, Tool, Turn
from hailo_vision.generate.frames import image_refs
from hailo_vision.generate.prompting import prompted_turns
from hailo_vision.generate.ranking import last_said, ranked, used
from hailo_vision.generate.requirements import Requirements
from hailo_vision.generate.schemas import compact
from hailo_vision.generate.signatures import Detail, signature
from hailo_vision.generate.token_estimate import estimated_tokens

ANSWER_TOKENS = 200  # left free for the answer, or as many as the request has for it where those are fewer
_TURN_TOKENS = 6  # what the chat template puts around a turn
_NO_COUNT_SCALE = 1.5  # where an engine refuses without a count, the estimate is taken to be so much too low


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolBudget:
    """The tokens that a request leaves for its tools, and what decides which tools get them.

    `other_tokens` is the estimate for all but the tools; `said` are the user's last words; `used` are the names of the
    tools that were called in the conversation, which are always shown.
    """

    context_tokens: int
    answer_tokens: int
    other_tokens: int
    said: tuple[str, ...]
    used: frozenset[str]
    is_native: bool = False

    def fitted(self, requirements: Requirements, *, keeps_all: bool = False) -> Requirements:
        """The requirements with the tools and the detail that fit.

        With `keeps_all` no tool is left out, whether it fits or not: another engine has more room.
        """
        room = self.context_tokens - self.answer_tokens - self.other_tokens
        for detail in (Detail.BRIEF,) if self.is_native else (Detail.NOTED, Detail.BRIEF):
            if self._fit(requirements.tools, detail, room):
                return replace(requirements, shown=requirements.tools, detail=detail)
        names = None if keeps_all else self._likeliest(requirements.tools, room)
        shown = tuple(tool for tool in requirements.tools if names is None or tool.name in names)
        return replace(requirements, shown=shown, detail=Detail.BRIEF)

    def refitted(self, requirements: Requirements, prompt_tokens: int | None) -> Requirements | None:
        """Fewer tools after the engine has refused the prompt of these, which it may have counted; None for none.

        Where the estimate was wrong, all of the error is taken to be outside the tools. So it stays as large with fewer
        of them, and the second prompt fits wherever the error really was.
        """
        estimate = self.other_tokens + self._cost(requirements.offered, requirements.detail)
        counted = estimate * _NO_COUNT_SCALE if prompt_tokens is None else prompt_tokens
        fewer = replace(self, other_tokens=self.other_tokens + math.ceil(counted - estimate)).fitted(requirements)
        is_smaller = len(fewer.offered) < len(requirements.offered) or fewer.detail is not requirements.detail
        return fewer if is_smaller else None

    def _likeliest(self, tools: Sequence[Tool], room: int) -> set[str]:
        """The names of the tools that were used before, of the likeliest other one, and of those after it that fit."""
        used = [tool for tool in tools if tool.name in self.used]
        others = [tool for tool in ranked(tools, self.said) if tool.name not in self.used]
        names = {tool.name for tool in (*used, *others[:1])}
        room -= self._cost((*used, *others[:1]), Detail.BRIEF)
        for tool in others[1:]:
            room -= self._cost((tool,), Detail.BRIEF)
            if room < 0:
                break
            names.add(tool.name)
        return names

    def _fit(self, tools: Sequence[Tool], detail: Detail, room: int) -> bool:
        """Whether all tools fit. It stops at the first one that does not: a request may have megabytes of them."""
        costs = accumulate(self._cost((tool,), detail) for tool in tools)
        return all(cost <= room for cost in costs)

    def _cost(self, tools: Sequence[Tool], detail: Detail) -> int:
        text: Callable[[Tool], str] = _native if self.is_native else lambda tool: signature(tool, detail)
        return sum(estimated_tokens(text(tool) + "\n") for tool in tools)


def tool_budget(request: ChatRequest, requirements: Requirements, model: LoadedModel, *, is_native: bool) -> ToolBudget:
    """The room that a request leaves for tools. `is_native` where the engine writes them into the prompt itself."""
    turns = prompted_turns(request.turns, None if is_native else replace(requirements, shown=()))
    image_tokens = model.image_tokens * len(image_refs(request))
    return ToolBudget(
        context_tokens=model.context_tokens,
        answer_tokens=min(request.max_tokens, ANSWER_TOKENS),
        other_tokens=sum(map(_turn_tokens, turns)) + image_tokens,
        said=last_said(request.turns),
        used=used(request.turns),
        is_native=is_native,
    )


def _turn_tokens(turn: Turn[ImageRef]) -> int:
    return _TURN_TOKENS + sum(estimated_tokens(part.text) for part in turn.parts if isinstance(part, Text))


def _native(tool: Tool) -> str:
    return f'{{"type":"function","function":{{"name":"{tool.name}","description":"{tool.description}","parameters":' + (
        f"{compact(tool.parameters)}}}}}"
    )
