"""From turns and pictures to a script: what is said is settled here, how it is worded is left to the sampler.

Nothing here knows what things are. It speaks of colours, light and places, and says so where more is asked.
"""

import re
from collections.abc import Callable, Sequence
from typing import Final

from hailo_vision.simulator.eyes import Sight
from hailo_vision.simulator.forms import formed
from hailo_vision.simulator.phrases import Script, images, quoted, size
from hailo_vision.simulator.question import Ask, Question, read_question
from hailo_vision.simulator.reading import Picture, Turn
from hailo_vision.simulator.replies import Subject, compare_light, describe, reply

_BRIEF: Final = re.compile(r"\b(?:brief\w*|short\w*|concise\w*|one sentence|single sentence|few words|one word)\b")


def answer(turns: Sequence[Turn], look: Callable[[Picture], Sight]) -> list[tuple[str, ...]]:
    """The script of the answer to a conversation: places with their wordings."""
    script = Script()
    asked = _last_question(turns)
    text = asked.text if asked else ""
    question = read_question(text)
    pictures = [picture for turn in turns for picture in turn.pictures]
    chosen = _choose(question, pictures, asked)
    if not pictures:
        _say_no_image(script, question, text)
    elif not chosen:
        script.say(f"There is no image {question.number}.", f"I was given no image {question.number}.")
        script.say(images(len(pictures)))
    else:
        is_only = len(pictures) == 1
        subjects = [
            Subject(name="the image" if is_only else f"image {pictures.index(picture) + 1}", sight=look(picture))
            for picture in chosen
        ]
        is_brief = any(turn.role == "system" and _BRIEF.search(turn.text.lower()) for turn in turns)
        is_brief = is_brief or bool(_BRIEF.search(text.lower()))
        _say_answer(script, question, text, subjects, count=len(pictures), is_brief=is_brief)
    words = "".join(wordings[0] for wordings in script.places)
    form = formed(turns, words)
    return script.places if form is None else [(form,)]


def _last_question(turns: Sequence[Turn]) -> Turn | None:
    """The last turn that is neither the model's nor an instruction."""
    return next((turn for turn in reversed(turns) if turn.role not in ("assistant", "system")), None)


def _choose(question: Question, pictures: Sequence[Picture], asked: Turn | None) -> Sequence[Picture]:
    """The pictures that a question is about: the one it names, those it came with, or all that were shown."""
    if question.number is not None:
        index = len(pictures) - 1 if question.number == -1 else question.number - 1
        return pictures[index : index + 1] if index >= 0 else ()
    if asked is not None and asked.pictures and not question.wants_all:
        return asked.pictures
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
                compare_light(script, {subject.name: subject.sight.brightness for subject in subjects}, question)
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
        script.say(images(len(subjects))[:-1] + f" of {size(subjects[0].sight)}.")
    for subject in subjects:
        describe(script, subject, among=len(subjects), is_brief=is_brief, is_detailed=question.wants_detail)
