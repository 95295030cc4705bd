"""Composes an answer: turns and pictures become a script with several wordings, of which the sampler chooses.

The composer knows no things. It states colours, light and places, and says so where a question asks for more.
"""

import re
from collections.abc import Callable, Sequence
from typing import Final

from hailo_vision.simulator.image_stats import ImageStats
from hailo_vision.simulator.phrases import Script, images, quoted, size
from hailo_vision.simulator.question import Ask, Question, read_question
from hailo_vision.simulator.replies import Subject, compare_light, describe, reply
from hailo_vision.simulator.structured import structured_answer
from hailo_vision.simulator.turns import ContextTurn, Picture

_BRIEF: Final = re.compile(r"\b(?:brief\w*|short\w*|concise\w*|one sentence|single sentence|few words|one word)\b")


def compose(turns: Sequence[ContextTurn], analyse: Callable[[Picture], ImageStats]) -> list[tuple[str, ...]]:
    """The script of the answer to a conversation: a list of places, each with its wordings."""
    script = Script()
    question_turn = _last_question(turns)
    text = question_turn.text if question_turn else ""
    question = read_question(text)
    pictures = [picture for turn in turns for picture in turn.pictures]
    chosen = _choose(question, pictures, question_turn)
    if not pictures:
        _say_no_image(script, question, text)
    elif not chosen:
        script.say(f"There is no image {question.number}.", f"I was given no image {question.number}.")
        script.say(images(len(pictures)))
    else:
        is_only = len(pictures) == 1
        subjects = [
            Subject(name="the image" if is_only else f"image {pictures.index(picture) + 1}", stats=analyse(picture))
            for picture in chosen
        ]
        is_brief = any(turn.role == "system" and _BRIEF.search(turn.text.lower()) for turn in turns)
        is_brief = is_brief or bool(_BRIEF.search(text.lower()))
        _say_answer(script, question, text, subjects, count=len(pictures), is_brief=is_brief)
    words = "".join(wordings[0] for wordings in script.places)
    structured = structured_answer(turns, words)
    return script.places if structured is None else [(structured,)]


def _last_question(turns: Sequence[ContextTurn]) -> ContextTurn | None:
    """The last turn that is neither the model's nor an instruction."""
    return next((turn for turn in reversed(turns) if turn.role not in ("assistant", "system")), None)


def _choose(question: Question, pictures: Sequence[Picture], turn: ContextTurn | None) -> Sequence[Picture]:
    """The pictures that a question is about: the one it names, those of its own turn, or all pictures of the
    conversation.
    """
    if question.number is not None:
        index = len(pictures) - 1 if question.number == -1 else question.number - 1
        return pictures[index : index + 1] if index >= 0 else ()
    if turn is not None and turn.pictures and not question.wants_all:
        return turn.pictures
    return pictures


def _say_no_image(script: Script, question: Question, text: str) -> None:
    script.say("There is no image here.", "I was given no image.", "I have no image to look at.")
    if text and question.asks != (Ask.COUNT,):
        words = quoted(text)
        script.say(
            f"All I have are your words, {words}, and I only know colours and light.",
            f"You wrote {words}, but colours and light are all I know.",
            f"To {words} I can say nothing, since I only know colours and light.",
        )
    script.say(
        "Send a picture, and I will tell you what is in its pixels.",
        "Show me a picture, and I will tell you what its pixels say.",
    )


def _say_answer(
    script: Script, question: Question, text: str, subjects: Sequence[Subject], *, count: int, is_brief: bool
) -> None:
    for ask in question.asks:
        match ask:
            case Ask.COUNT:
                script.say(images(count), images(count).replace("There is", "I see").replace("There are", "I see"))
            case Ask.COMPARE_LIGHT if len(subjects) > 1:
                compare_light(script, {subject.name: subject.stats.brightness for subject in subjects}, question)
            case Ask.DESCRIBE | Ask.OTHER:
                _say_description(script, question, text, subjects, is_brief=is_brief)
            case _:
                for subject in subjects:
                    reply(script, ask, question, subject)


def _say_description(
    script: Script, question: Question, text: str, subjects: Sequence[Subject], *, is_brief: bool
) -> None:
    if Ask.OTHER in question.asks and text:
        words = quoted(text)
        script.say(
            f"I see colours and light, not things, so to {words} I can say this.",
            f"I only know colours and light, so my answer to {words} is this.",
            f"Of things I know nothing, only of colours and light; so to {words} I say this.",
        )
    if len(subjects) > 1:
        script.say(images(len(subjects))[:-1] + f" of {size(subjects[0].stats)}.")
    for subject in subjects:
        describe(script, subject, among=len(subjects), is_brief=is_brief, is_detailed=question.wants_detail)
