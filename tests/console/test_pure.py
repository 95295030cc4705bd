"""What the page says and sends, without a page: the words of waiting, the request, the text that is saved."""

from typing import Any

import pytest

from console.modules import Modules
from needs import needs

pytestmark = [needs("node", "nodejs")]

WAITING = '{ placeAfter, waitingWords } from "./waiting.js"'
CONVERSATION = '{ bodyOf, textOf } from "./conversation.js"'
NO_OPTIONS = {"system": "", "maxTokens": None, "temperature": None}
PICTURE = {"name": "cup.jpg", "fileName": "photo-1.jpg", "isFine": False}
EXCHANGES = [
    {"pictures": [PICTURE], "question": "What is this?", "answer": "A **cup**."},
    {"pictures": [], "question": "And now?", "answer": ""},
]


@pytest.mark.parametrize(
    ("queues", "places"),
    [
        ([(1, 3), (1, 2), (1, 5), (1, 1), (1, 0), (1, 2)], [3, 2, 2, 1, 0, 0]),  # who comes later waits behind
        ([(0, 0), (1, 2), (1, 1)], [None, 2, 1]),  # the pictures are still on their way at first
        ([(1, 0), (1, 4)], [0, 0]),  # it runs; the four came after
    ],
)
def test_the_place_in_the_queue_only_falls(
    modules: Modules, queues: list[tuple[int, int]], places: list[int | None]
) -> None:
    seen = [{"running": running, "waiting": waiting} for running, waiting in queues]
    steps = "given.reduce((all, queue) => [...all, placeAfter(all.at(-1) ?? null, queue)], [])"
    assert modules.run(WAITING, steps, seen) == places


@pytest.mark.parametrize(
    ("known", "words"),
    [
        ({"elapsedS": 0.4, "place": None, "isLoading": False, "hasPictures": True}, "Looking"),
        ({"elapsedS": 31.9, "place": 0, "isLoading": False, "hasPictures": False}, "Reading, 31 s"),
        (
            {"elapsedS": 5, "place": 2, "isLoading": False, "hasPictures": True},
            "Waiting, place 2 in the queue at most, 5 s",
        ),
        (
            {"elapsedS": 12, "place": 2, "isLoading": True, "hasPictures": True},
            "The model is being loaded; your question is asked when it is ready, 12 s",
        ),
    ],
)
def test_while_waiting_the_seconds_and_the_reason_are_said(modules: Modules, known: dict[str, Any], words: str) -> None:
    assert modules.run(WAITING, "waitingWords(given)", known) == words


def test_a_request_has_the_options_that_were_chosen_and_no_others(modules: Modules) -> None:
    request = {"model": "m", "exchanges": EXCHANGES[1:], "options": NO_OPTIONS}
    expression = "bodyOf(given, ({ fileName }) => fileName)"
    said = {"role": "user", "content": "And now?"}
    assert modules.run(CONVERSATION, expression, request) == {"model": "m", "messages": [said]}
    chosen = {"system": "Be brief.", "maxTokens": 40, "temperature": 0}
    assert modules.run(CONVERSATION, expression, {**request, "options": chosen}) == {
        "model": "m",
        "messages": [{"role": "system", "content": "Be brief."}, said],
        "max_completion_tokens": 40,
        "temperature": 0,
    }


@pytest.mark.parametrize("language", ["curl", "python"])
def test_the_examples_have_the_options_too(modules: Modules, language: str) -> None:
    options = {"system": "It's brief.", "maxTokens": 40, "temperature": 0.5}
    given = {
        "url": "http://h/",
        "request": {"model": "m", "exchanges": EXCHANGES, "options": options},
        "needsKey": False,
    }
    text = modules.run('{ curl, python } from "./snippets.js"', f"{language}(given)", given)
    form = '"max_completion_tokens":40,"temperature":0.5' if language == "curl" else "max_completion_tokens=40,"
    assert form in text
    assert text.index("s brief.") < text.index("What is this?")


def test_a_saved_conversation_has_questions_answers_and_the_pictures_names(modules: Modules) -> None:
    text = modules.run(CONVERSATION, "textOf(given)", EXCHANGES[:1])
    assert text == "[picture: cup.jpg]\nQuestion: What is this?\n\nA **cup**.\n"
