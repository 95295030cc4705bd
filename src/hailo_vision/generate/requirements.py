"""What a request asks for beyond words: JSON of a form, calls of tools. And what an answer's text is worth then."""

from collections.abc import Sequence
from dataclasses import dataclass

from hailo_vision.chat import ChatRequest, JsonFormat, Tool, ToolCall
from hailo_vision.generate import calls
from hailo_vision.generate.calls import BadCall
from hailo_vision.generate.documents import NoDocument, document, dumped
from hailo_vision.generate.validator import Judge


@dataclass(frozen=True, slots=True, kw_only=True)
class Demands:
    """`must_call`: words alone are no answer. `tools` is empty where none may be called."""

    tools: tuple[Tool, ...] = ()
    must_call: bool = False
    many_calls: bool = True
    format: JsonFormat | None = None

    @property
    def may_speak_at_once(self) -> bool:
        """Whether words can be said while they come. A call among them is held back."""
        return self.format is None and not self.must_call


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """What may be said: words, calls, or both."""

    words: str
    calls: tuple[ToolCall, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """What is wrong, in words that the model and a person can make use of."""

    problem: str


def demands(asked: ChatRequest) -> Demands | None:
    """None where any words are an answer."""
    tools = asked.tools if asked.tool_choice != "none" else ()
    if not tools and asked.format is None:
        return None
    return Demands(
        tools=tools,
        must_call=bool(tools) and asked.tool_choice == "required",
        many_calls=asked.parallel_tool_calls,
        format=asked.format,
    )


async def weigh(wanted: Demands, text: str, judge: Judge, made: Sequence[ToolCall] = ()) -> Met | Missed:
    """Whether the text of a model, and the calls that an engine with tools has made, are what was demanded.

    Raises Unjudged.
    """
    heard = calls.made(text, made) if made else calls.heard(text, wanted.tools)
    if heard.blocks:
        return await _weigh_calls(wanted, heard, judge)
    if wanted.must_call:
        return Missed(problem="no function was called")
    if wanted.format is None:
        return Met(words=text)
    return await _weigh_document(wanted.format, text, judge)


async def _weigh_calls(wanted: Demands, heard: calls.Heard, judge: Judge) -> Met | Missed:
    found: list[ToolCall] = []
    for block in heard.blocks if wanted.many_calls else heard.blocks[:1]:
        try:
            tool, arguments = calls.read(block, wanted.tools)
            wrong = await judge.problems(tool.parameters, arguments)
        except BadCall as error:
            return Missed(problem=str(error))
        if wrong:
            return Missed(problem=f"arguments of {tool.name}: {'; '.join(wrong)}")
        found.append(calls.call(tool, arguments))
    says = wanted.may_speak_at_once and heard.words.strip()
    return Met(words=heard.words if says else "", calls=tuple(found))


async def _weigh_document(wanted: JsonFormat, text: str, judge: Judge) -> Met | Missed:
    try:
        value = document(text)
    except NoDocument as error:
        return Missed(problem=str(error))
    wrong = await judge.problems({"type": "object"} if wanted.schema is None else wanted.schema, value)
    return Missed(problem="; ".join(wrong)) if wrong else Met(words=dumped(value))
