"""A value is judged by its schema, and no schema can hold the daemon up."""

import asyncio
import errno
import os
import subprocess
import sys
from typing import Any

import pytest
from waiters import ANYONE

from costly import pattern_bomb
from hailo_vision.errors import OutOfMemory
from hailo_vision.generate.schemas import check
from hailo_vision.generate.validation import MAX_PROBLEM_CHARS, MAX_PROBLEMS
from hailo_vision.generate.validator import MAX_KNOWN_PATTERNS, NotValidated, Validator, ValidatorProcesses

ENDLESS = {"type": "string", "pattern": "^(a+)+$"}
DOUBLING: dict[str, Any] = {
    "$defs": {
        **{f"a{n}": {"allOf": [{"$ref": f"#/$defs/a{n + 1}"}, {"$ref": f"#/$defs/a{n + 1}"}]} for n in range(40)},
        "a40": {},
    },
    "$ref": "#/$defs/a0",
}
TREE = {"type": "object", "properties": {"children": {"type": "array", "items": {"$ref": "#"}}}}


async def judged(schema: dict[str, Any], value: Any) -> list[str]:
    return await Validator(ValidatorProcesses(), ANYONE).problems(check(schema, "p"), value)


@pytest.mark.parametrize(
    ("schema", "value", "lines"),
    [
        ({"type": "object"}, {}, []),
        ({"type": "object"}, [], ["[] is not of type 'object'"]),
        ({"properties": {"a": {"type": "string"}}}, {"a": 5}, ["a: 5 is not of type 'string'"]),
        ({"items": {"maximum": 3}}, [1, 5], ["$[1]: 5 is greater than the maximum of 3"]),
        ({"pattern": "^a+$"}, "aa", []),
        ({"pattern": "^a+$"}, "b", ["'b' does not match '^a+$'"]),
        (TREE, {"children": [{"children": []}]}, []),
        (TREE, {"children": [5]}, ["children[0]: 5 is not of type 'object'"]),
    ],
)
async def test_what_is_wrong_is_told_with_its_place(schema: dict[str, Any], value: Any, lines: list[str]) -> None:
    assert await judged(schema, value) == lines


async def test_of_many_problems_some_are_told_and_each_in_short() -> None:
    found = await judged({"items": {"type": "string"}}, [[["x" * 1000]]] * 10)
    assert len(found) == MAX_PROBLEMS
    assert all(len(line) <= MAX_PROBLEM_CHARS for line in found)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("schema", "value"), [(ENDLESS, "a" * 40 + "!"), (DOUBLING, {})], ids=["pattern", "references"]
)
async def test_a_schema_that_would_take_for_ever_is_given_up_and_holds_nobody_up(
    schema: dict[str, Any], value: Any
) -> None:
    turns = 0

    async def go_on() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0.01)
            turns += 1

    other = asyncio.ensure_future(go_on())
    with pytest.raises(NotValidated):
        await judged(schema, value)
    other.cancel()
    assert turns > 10


async def test_more_at_once_than_there_are_processes_all_get_their_verdict() -> None:
    validator = Validator(ValidatorProcesses(), ANYONE)
    found = await asyncio.gather(*[validator.problems({"pattern": "^b$"}, letter) for letter in "abcabc"])
    assert [not lines for lines in found] == [letter == "b" for letter in "abcabc"]


def nested(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"items": {}}
    for _ in range(levels):
        schema = {"anyOf": [schema], "unevaluatedItems": False}
    return schema


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"anyOf": [{"const": index} for index in range(900)]}, "a" * 100_000),
        ({"anyOf": [{"const": index} for index in range(900)]}, {"a" * 100_000: 1}),
        ({"allOf": [{"const": "a" * 15_000}]}, "a" * 100_000),
        (nested(20), [1]),
    ],
    ids=["a long text", "a long name", "two long texts", "what is evaluated is evaluated twice"],
)
async def test_what_may_take_long_goes_to_a_process(
    schema: dict[str, Any], value: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere")
    with pytest.raises(OSError, match="nowhere"):
        await judged(schema, value)


@pytest.mark.parametrize("pattern", ["^[a-z]+$", "(?P<a>\\d)(?P=a)", "\\w{3}|é", "\ud800"])
async def test_patterns_are_compiled_in_a_process_and_remembered(pattern: str, monkeypatch: pytest.MonkeyPatch) -> None:
    validator = Validator(ValidatorProcesses(), ANYONE)
    assert await validator.readings([pattern, "a"]) == {pattern: pattern, "a": "a"}
    assert await validator.readings([pattern, "(", "(?<n>b)"]) == {pattern: pattern, "(": None, "(?<n>b)": "(b)"}
    monkeypatch.setattr(sys, "executable", "/nowhere")
    assert await validator.readings(["a", "(", pattern]) == {"a": "a", "(": None, pattern: pattern}
    with pytest.raises(OSError, match="nowhere"):
        await validator.readings(["b"])


@pytest.mark.slow
async def test_patterns_that_take_long_to_compile_are_given_up() -> None:
    validator = Validator(ValidatorProcesses(), ANYONE)
    with pytest.raises(NotValidated, match="more than 1 s to compile"):
        await validator.readings([pattern_bomb(number) for number in range(16)])
    assert await validator.readings(["a"]) == {"a": "a"}


async def test_no_more_patterns_are_remembered_than_there_may_be() -> None:
    processes = ValidatorProcesses()
    for start in range(3):
        names = [f"{start}-{index}" for index in range(MAX_KNOWN_PATTERNS)]
        await Validator(processes, ANYONE).readings(names)
        assert len(processes.known(names)) == MAX_KNOWN_PATTERNS
    assert processes.known(["0-0"]) == {}


@pytest.mark.parametrize("number", [errno.ENOMEM, errno.EAGAIN])
async def test_a_machine_without_memory_for_a_process_is_no_bug(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(*_: Any, **__: Any) -> Any:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(asyncio, "create_subprocess_exec", full)
    with pytest.raises(OutOfMemory):
        await judged({"pattern": "a"}, "a")


async def test_a_plain_schema_needs_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere")
    assert await judged({"type": "object", "required": ["a"]}, {}) == ["'a' is a required property"]
    with pytest.raises(OSError, match="nowhere"):
        await judged({"pattern": "a"}, "a")


def test_a_reference_that_slipped_through_is_not_fetched_even_so() -> None:
    """The program's own word, as the check before it would refuse this schema."""
    asked = '{"schema": {"$ref": "http://127.0.0.1:1/"}, "value": 1}'
    command = [sys.executable, "-P", "-W", "error", "-m", "hailo_vision.generate.validation"]
    result = subprocess.run(command, input=asked, capture_output=True, text=True, timeout=30, check=False)
    assert result.returncode == 1
    assert "can't be applied" in result.stderr
