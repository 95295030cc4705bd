"""What a request requires beyond text, JSON that fits a schema or tool calls, and whether an answer meets it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from hailo_vision.chat import ChatRequest, JsonFormat, Tool, ToolCall, ToolCount
from hailo_vision.generate.calls import (
    InvalidCall,
    SplitAnswer,
    new_call,
    parse_call,
    split_engine_calls,
    split_text_calls,
)
from hailo_vision.generate.documents import NoDocument, document, dumped
from hailo_vision.generate.schemas import invalid_schema, patterns, with_patterns
from hailo_vision.generate.signatures import Detail
from hailo_vision.generate.validator import NotValidated, Validator


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirements:
    """`must_call`: an answer without a tool call is rejected. `tools` is empty where none may be called.

    `shown` are those of `tools` that the model is told of, and in which `detail`; None is all of them.
    """

    tools: tuple[Tool, ...] = ()
    shown: tuple[Tool, ...] | None = None
    detail: Detail = Detail.NOTED
    must_call: bool = False
    many_calls: bool = True
    format: JsonFormat | None = None

    @property
    def offered(self) -> tuple[Tool, ...]:
        """The tools that the model is told of."""
        return self.tools if self.shown is None else self.shown

    @property
    def count(self) -> ToolCount | None:
        """How many of the tools the model is told of; None where there is none."""
        return ToolCount(shown=len(self.offered), offered=len(self.tools)) if self.tools else None

    @property
    def streams_text(self) -> bool:
        """Whether text can be sent while it comes. A tool call in it is held back."""
        return self.format is None and not self.must_call


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The answer that may be sent: text, tool calls, or both."""

    text: str
    calls: tuple[ToolCall, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """The problem of an answer, in words that the model and a person can make use of."""

    problem: str


def requirements_of(request: ChatRequest) -> Requirements | None:
    """None where any text is an answer."""
    tools = request.tools if request.tool_choice != "none" else ()
    if not tools and request.format is None:
        return None
    return Requirements(
        tools=tools,
        must_call=bool(tools) and request.tool_choice == "required",
        many_calls=request.parallel_tool_calls,
        format=request.format,
    )


async def with_readable_patterns(request: ChatRequest, validator: Validator) -> ChatRequest:
    """The request with its patterns as Python reads them, and without those that it can't, which are not checked.

    Raises InvalidSchema where they can't be compiled within the bounds.
    """
    schemas = [(tool.parameters, tool.param) for tool in request.tools]
    if request.format is not None and request.format.schema is not None:
        schemas.append((request.format.schema, request.format.param))
    await asyncio.sleep(0)  # after the parser, the loop gets a turn
    places = {pattern: param for schema, param in schemas for pattern in patterns(schema)}
    if not places:
        return request
    try:
        readings = await validator.readings(list(places))
    except NotValidated as error:
        raise invalid_schema(str(error), next(iter(places.values()))) from None
    changed = {pattern: reading for pattern, reading in readings.items() if reading != pattern}
    return await _rewritten(request, changed) if changed else request


async def _rewritten(request: ChatRequest, changed: Mapping[str, str | None]) -> ChatRequest:
    tools: list[Tool] = []
    for tool in request.tools:
        await asyncio.sleep(0)
        tools.append(replace(tool, parameters=with_patterns(tool.parameters, changed)))
    form = request.format
    if form is not None and form.schema is not None:
        form = replace(form, schema=with_patterns(form.schema, changed))
    return replace(request, tools=tuple(tools), format=form)


async def evaluate(
    requirements: Requirements, text: str, validator: Validator, engine_calls: Sequence[ToolCall] = ()
) -> Accepted | Rejected:
    """Hold a model's text, and the tool calls that an engine with tools has parsed itself, against the requirements.

    Raises NotValidated.
    """
    answer = split_engine_calls(text, engine_calls) if engine_calls else split_text_calls(text, requirements.tools)
    if answer.calls:
        return await _evaluate_calls(requirements, answer, validator)
    if requirements.must_call:
        return Rejected(problem="no function was called")
    if requirements.format is None:
        return Accepted(text=text)
    return await _evaluate_document(requirements.format, text, validator)


async def _evaluate_calls(requirements: Requirements, answer: SplitAnswer, validator: Validator) -> Accepted | Rejected:
    accepted: list[ToolCall] = []
    for call in answer.calls if requirements.many_calls else answer.calls[:1]:
        try:
            tool, arguments = parse_call(call, requirements.tools, requirements.offered)
        except InvalidCall as error:
            return Rejected(problem=str(error))
        if problems := await validator.problems(tool.parameters, arguments):
            return Rejected(problem=f"arguments of {tool.name}: {'; '.join(problems)}")
        accepted.append(new_call(tool, arguments))
    has_text = requirements.streams_text and answer.text.strip()
    return Accepted(text=answer.text if has_text else "", calls=tuple(accepted))


async def _evaluate_document(form: JsonFormat, text: str, validator: Validator) -> Accepted | Rejected:
    try:
        value = document(text)
    except NoDocument as error:
        return Rejected(problem=str(error))
    problems = await validator.problems({"type": "object"} if form.schema is None else form.schema, value)
    return Rejected(problem="; ".join(problems)) if problems else Accepted(text=dumped(value))
