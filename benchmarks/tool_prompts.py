"""How many tokens the tools of real applications cost in the prompt, and how often the right tool is among those shown.

    .venv/bin/python benchmarks/tool_prompts.py [--recordings DIRECTORY] [--table qwen.tiktoken]

Before: each tool as its JSON Schema. After: as a signature, with notes and without. Without a table the simulator's
tokenizer counts; PyPI's package `dashscope` has a real one in resources/qwen.tiktoken. Without recordings the tools are
those of tests/generate/tool_sets.json, which have the names and shapes of the applications' own.
"""

import argparse
import base64
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from offered_tools import COMMANDS, RECORDINGS, TOOL_SETS, UNSEEN_COMMANDS, recorded, tools_of

from hailo_vision.chat import ChatRequest, ImageRef, LoadedModel, Sampling, Text, Tool, Turn
from hailo_vision.generate.prompting import prompted_turns
from hailo_vision.generate.ranking import ranked
from hailo_vision.generate.requirements import Requirements
from hailo_vision.generate.schemas import compact
from hailo_vision.generate.signatures import Detail, signature
from hailo_vision.generate.token_estimate import estimated_tokens
from hailo_vision.generate.tool_budget import tool_budget
from hailo_vision.simulator import tokenizer

CONTEXT_TOKENS = 2048
PICTURE_TOKENS = 146  # 144 and the two marks around it
PIECES = re.compile(
    r"'(?i:[sdmt]|ll|ve|re)|(?:(?![\r\n\w])[\x00-\x7f]|_)?[^\W\d_]+|\d| ?(?:[^\s\w]|_)+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
MODEL = LoadedModel(
    runtime="simulated",
    runtime_version="5.2.0",
    device="none",
    frame_width_px=336,
    frame_height_px=336,
    context_tokens=CONTEXT_TOKENS,
    image_tokens=144,
    max_images=None,
    load_s=0,
)
APPLICATIONS = {
    "home_assistant": ("home_assistant_second_agent_11_tools", "Turn on the Porch light"),
    "open_webui": ("open_webui_28_tools", "What colours are in this photo?"),
}

Count = Callable[[str], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What one application sends: its system prompt, a question, its tools, and how many pictures."""

    system: str
    question: str
    tools: tuple[Tool, ...]
    pictures: int = 0


def real_count(table: Path) -> Count:
    """Counts with a table of byte pairs in tiktoken's format, merged as tiktoken merges them."""
    lines = (line.split() for line in table.read_bytes().splitlines() if line)
    ranks = {base64.b64decode(token): int(rank) for token, rank in lines}
    never = len(ranks)

    def tokens(piece: bytes) -> int:
        parts = [piece[index : index + 1] for index in range(len(piece))]
        while len(parts) > 1:
            scores = [ranks.get(left + right, never) for left, right in pairwise(parts)]
            best = min(range(len(scores)), key=scores.__getitem__)
            if scores[best] == never:
                break
            parts[best : best + 2] = [parts[best] + parts[best + 1]]
        return len(parts)

    return lambda text: sum(tokens(piece.encode()) for piece in PIECES.findall(text))


def offers(recordings: Path | None) -> dict[str, Offer]:
    found = {}
    for name, (recording, question) in APPLICATIONS.items():
        body = None if recordings is None else recorded(recording, recordings)
        messages = [] if body is None else body["messages"]
        system = "\n".join(message["content"] for message in messages if message["role"] == "system")
        tools = tools_of(TOOL_SETS[name] if body is None else body["tools"])
        found[name] = Offer(system=system, question=question, tools=tools, pictures=int(name == "open_webui"))
    return found


def as_schema(tool: Tool) -> str:
    """The tool as prompts had it before there were signatures."""
    function = {"name": tool.name, "description": tool.description, "parameters": json.loads(compact(tool.parameters))}
    return json.dumps({"type": "function", "function": function}, separators=(",", ":"), ensure_ascii=False)


def request_of(offer: Offer, command: str) -> tuple[ChatRequest, Requirements]:
    system: Turn[ImageRef] = Turn(role="system", parts=(Text(text=offer.system),))
    pictures = [ImageRef(url="", param="")] * offer.pictures
    user: Turn[ImageRef] = Turn(role="user", parts=(*pictures, Text(text=command)))
    turns = (system, user) if offer.system else (user,)
    request = ChatRequest(model="m", turns=turns, sampling=Sampling(), max_tokens=512, tools=offer.tools)
    return request, Requirements(tools=offer.tools)


def prompt_tokens(offer: Offer, detail: Detail, count: Count) -> int:
    """The whole prompt with all tools in one form, in the template of Qwen's family."""
    request, requirements = request_of(offer, offer.question)
    turns = prompted_turns(request.turns, replace(requirements, detail=detail))
    text = "".join(
        f"<|im_start|>{turn.role}\n{''.join(part.text for part in turn.parts if isinstance(part, Text))}<|im_end|>\n"
        for turn in turns
    )
    marks = text.count("<|im_start|>") + text.count("<|im_end|>")
    plain = re.sub(r"<\|im_(?:start|end)\|>", "", text)
    return count(plain) + marks + PICTURE_TOKENS * offer.pictures + 3  # where the answer begins


def print_sizes(name: str, offer: Offer, count: Count) -> None:
    before = count("\n".join(map(as_schema, offer.tools)))
    texts = {detail: "\n".join(signature(tool, detail) for tool in offer.tools) for detail in Detail}
    print(f"{name}: {len(offer.tools)} tools")
    print(f"  {'JSON Schemas':24}{before:6} tokens")
    for detail, text in texts.items():
        tokens = count(text)
        print(
            f"  {'signatures, ' + detail.value:24}{tokens:6} tokens, {tokens / before:4.0%}; estimated "
            f"{estimated_tokens(text) / tokens:.2f} times as many; prompt {prompt_tokens(offer, detail, count)}"
        )


def shown(offer: Offer, command: str, room_tokens: int | None) -> list[str]:
    """The names of the tools in the prompt; with `room_tokens` so much of the context is left for them."""
    request, requirements = request_of(offer, command)
    budget = tool_budget(request, requirements, MODEL, is_native=False)
    if room_tokens is not None:
        budget = replace(budget, other_tokens=CONTEXT_TOKENS - budget.answer_tokens - room_tokens)
    return [tool.name for tool in budget.fitted(requirements).offered]


def print_hits(offered: dict[str, Offer]) -> None:
    print(f"{len(COMMANDS)} commands: how often the right tool is among those shown")
    for label, room_tokens in (("as recorded", None), ("800 tokens", 800), ("400 tokens", 400), ("200 tokens", 200)):
        names = [shown(offered[each["tools"]], each["command"], room_tokens) for each in COMMANDS]
        hits = sum(each["tool"] in found for each, found in zip(COMMANDS, names, strict=True))
        mean = {
            name: sum(len(found) for each, found in zip(COMMANDS, names, strict=True) if each["tools"] == name)
            / sum(each["tools"] == name for each in COMMANDS)
            for name in offered
        }
        means = ", ".join(f"{mean[name]:.1f} of {len(offered[name].tools)} ({name})" for name in offered)
        print(f"  room for tools: {label:12} {hits:3}   shown on average: {means}")
    for commands, label in ((COMMANDS, "the same"), (UNSEEN_COMMANDS, "written after the table of words")):
        places = [place(offered[each["tools"]], each) for each in commands]
        sizes = ", ".join(f"{size}: {sum(one < size for one in places)}" for size in (1, 2, 4, 6, 8, 10))
        print(f"  {len(commands)} commands, {label}: the right tool is among the likeliest {sizes}")


def place(offer: Offer, command: dict[str, str]) -> int:
    """The right tool's place in the ranking, counted from 0."""
    return [tool.name for tool in ranked(offer.tools, (command["command"],))].index(command["tool"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recordings", type=Path, default=RECORDINGS if RECORDINGS.is_dir() else None)
    parser.add_argument("--table", type=Path, help="a table of byte pairs, such as dashscope's qwen.tiktoken")
    options = parser.parse_args()
    count: Count = real_count(options.table) if options.table else lambda text: len(tokenizer.encode(text))
    offered = offers(options.recordings)
    source = "recordings" if options.recordings else "tests/generate/tool_sets.json"
    print(f"counted with {options.table.name if options.table else 'the simulator'}; tools of {source}")
    for name, offer in offered.items():
        print_sizes(name, offer, count)
    print_hits(offered)


if __name__ == "__main__":
    main()
