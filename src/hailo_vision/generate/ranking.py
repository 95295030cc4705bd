"""The tools of a request in the order of how likely the user's last words need them. Pure, by words alone.

It decides only which tools a prompt has that can't hold them all; the model decides which one to call.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from hailo_vision.chat import ImageRef, Text, Tool, ToolCall, Turn
from hailo_vision.generate.words import terms, topics, words

# How much it counts that a word stands in a tool's name, its description, its enums and its parameters.
_NAME, _DESCRIPTION, _ENUM, _PARAMETER, _NOTE = 3.0, 1.0, 1.0, 0.5, 0.3
_MAX_WEIGHT = 4.0  # of one word, however often it stands in a tool
_MAX_TOOL_CHARS, _MAX_TEXT_CHARS = 6000, 2000  # that are read of a tool, and of one of its descriptions or enums
_EARLIER = 0.3  # what the words of the user's earlier turns count, beside those of the last one
_EARLIER_TURNS = 3
_MAX_QUESTION_CHARS = 2000  # from the end: what is asked mostly stands there


def ranked(tools: Sequence[Tool], said: Sequence[str]) -> tuple[Tool, ...]:
    """The likeliest tool first for the last of the texts that the user `said`; the others count less.

    Tools of the same score stay in the client's order.
    """
    profiles = [_profile(tool) for tool in tools]
    rarity = _rarity(profiles)
    question = _question(said)
    scores = [
        sum(weight * question[term] * rarity[term] for term, weight in profile.items() if term in question)
        for profile in profiles
    ]
    return tuple(tools[index] for index in sorted(range(len(tools)), key=lambda index: -scores[index]))


def used(turns: Sequence[Turn[ImageRef]]) -> frozenset[str]:
    """The names of the tools that were called in the conversation."""
    return frozenset(part.name for turn in turns for part in turn.parts if isinstance(part, ToolCall))


def _profile(tool: Tool) -> dict[str, float]:
    """The terms of a tool, each with its weight."""
    weights: defaultdict[str, float] = defaultdict(float)
    left_chars = _MAX_TOOL_CHARS
    for text, weight in _texts(tool):
        for term in dict.fromkeys(terms(text[: min(left_chars, _MAX_TEXT_CHARS)])):
            weights[term] += weight
        left_chars = max(0, left_chars - len(text))
    return {term: min(weight, _MAX_WEIGHT) for term, weight in weights.items()}


def _texts(tool: Tool) -> Iterator[tuple[str, float]]:
    yield tool.name, _NAME
    yield tool.description, _DESCRIPTION
    properties = tool.parameters.get("properties")
    for name, schema in properties.items() if isinstance(properties, dict) else ():
        yield name, _PARAMETER
        if isinstance(schema, dict):
            yield str(schema.get("description", "")), _NOTE
            yield " ".join(_enum_values(schema)), _ENUM


def _enum_values(schema: Any) -> Iterator[str]:
    """The values of an enum, also of the items of a list."""
    while isinstance(schema, dict):
        if isinstance(values := schema.get("enum"), list):
            yield from (value for value in values if isinstance(value, str))
        schema = schema.get("items")


def _rarity(profiles: Sequence[dict[str, float]]) -> dict[str, float]:
    """A term that every tool has tells nothing; one that a single tool has tells the most."""
    counts = Counter(term for profile in profiles for term in profile)
    return {term: math.log((len(profiles) + 1) / count) for term, count in counts.items()}


def last_said(turns: Sequence[Turn[ImageRef]]) -> tuple[str, ...]:
    """The words of the user's last turns that have any, of each the end."""
    texts = [text for turn in turns if turn.role == "user" and (text := _text(turn).strip())]
    return tuple(text[-_MAX_QUESTION_CHARS:] for text in texts[-1 - _EARLIER_TURNS :])


def _question(said: Sequence[str]) -> dict[str, float]:
    """The terms of a question, each with its weight."""
    found: dict[str, float] = {}
    for text in said[:-1]:
        found.update(dict.fromkeys(_asked_terms(text), _EARLIER))
    for text in said[-1:]:
        found.update(dict.fromkeys(_asked_terms(text), 1.0))
    return found


def _asked_terms(text: str) -> Iterator[str]:
    """The terms of a question; in a question the small words count too, as `is` asks for a state."""
    yield from terms(text)
    for word in words(text):
        yield from topics(word)


def _text(turn: Turn[ImageRef]) -> str:
    return " ".join(part.text for part in turn.parts if isinstance(part, Text))
