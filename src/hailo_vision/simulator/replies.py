"""Replies about one picture: a whole description, or the answer to one thing that the question asks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from hailo_vision.simulator.image_stats import PLACES, ImageStats
from hailo_vision.simulator.phrases import Script, at, capital, light, listed, mix, percent, positions, size
from hailo_vision.simulator.question import Ask, Question

_WALK: Final = ("top", "bottom", "left", "right", "centre")
_PRESENT: Final = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A picture that an answer is about: its name ("the image", "image 2") and its statistics."""

    name: str
    stats: ImageStats

    @property
    def of(self) -> str:
        """The words that follow a place in the picture."""
        return "" if self.name == "the image" else f" of {self.name}"


def describe(script: Script, subject: Subject, *, among: int, is_brief: bool, is_detailed: bool) -> None:
    """Describe a picture: colours, light, places, size and bars, in 40 to 90 tokens if it is alone.

    `among` is the number of pictures described: the more there are, the shorter each description.
    """
    stats, name = subject.stats, capital(subject.name)
    main = stats.colours(at_most=3 if among < 3 else 2)
    colours, brightness, where = mix(main), light(stats.brightness), positions(stats, main, "is")
    if is_brief:
        script.say(f"{name} is {colours}.", f"{name} shows {colours}.")
        return
    script.say(f"{name} is {colours}", f"{name} shows {colours}", f"In {subject.name} I see {colours}")
    if among > 1:
        script.say(f", {brightness}", f"; it is {brightness}")
        _say_frame(script, stats)
        script.say(f", {where}.", f"; {where}.")
    else:
        script.say(f", and {brightness}.", f"; overall it is {brightness}.")
        others = [positions(stats, main, verb) for verb in ("lies", "can be seen")]
        script.say(*[f"{capital(wording)}." for wording in (where, *others)])
        script.say(f"It was shown to me as {size(stats)}", f"I was given it as {size(stats)}", f"I saw {size(stats)}")
        _say_frame(script, stats)
        script.say(".")
    if is_detailed:
        for place in _WALK:
            there = mix(stats.colours(place, at_most=2))
            script.say(f"The {place} is {there}.", f"{capital(at(place))} it is {there}.")


def reply(script: Script, ask: Ask, question: Question, subject: Subject) -> None:
    """Answer one thing that the question asks about one picture."""
    match ask:
        case Ask.SIZE:
            _reply_size(script, subject)
        case Ask.BARS if subject.stats.bars:
            script.say(f"There are plain grey bars {subject.stats.bars} of {subject.name}.")
        case Ask.BARS:
            script.say(f"There are no plain grey bars around {subject.name}.")
        case Ask.WHERE_IS_COLOUR | Ask.HAS_COLOUR if question.places:
            _reply_colours_there(script, question, subject)
        case Ask.WHERE_IS_COLOUR | Ask.HAS_COLOUR:
            for colour in question.colours:
                _reply_colour(script, ask, question, colour, subject)
        case Ask.COLOUR_THERE:
            for place in question.places:
                there = mix(subject.stats.colours(place))
                script.say(f"The {place}{subject.of} is {there}.", f"{capital(at(place))}{subject.of} it is {there}.")
        case Ask.COLOURS:
            _reply_colours(script, subject)
        case Ask.BRIGHTEST:
            _reply_extreme(script, question, subject)
        case _:
            _reply_light(script, question, subject)


def compare_light(script: Script, brightness: Mapping[str, int], question: Question) -> None:
    """Say which of several pictures or places is the brightest or the darkest."""
    order = sorted(brightness, key=lambda name: brightness[name], reverse=not question.is_darkness)
    first, rest = order[0], order[1:]
    word = ("dark" if question.is_darkness else "bright") + ("er" if len(rest) == 1 else "est")
    others = listed([f"{brightness[name]} for {name}" for name in rest])
    if brightness[first] == brightness[rest[0]]:
        script.say(f"They are as bright as each other: {brightness[first]} of 100.")
        return
    start = f"{capital(first)} is {'' if len(rest) == 1 else 'the '}{word}"
    script.say(
        f"{start}: brightness {brightness[first]} of 100, against {others}.",
        f"{start}, with brightness {brightness[first]} of 100 against {others}.",
    )


def _say_frame(script: Script, stats: ImageStats) -> None:
    """Mention the bars that the daemon added, and a picture whose beginning was dropped from the context."""
    if stats.bars:
        script.say(f", with plain grey bars {stats.bars}", f", plain grey bars {stats.bars} included")
    if stats.is_cut:
        script.say(", of which only the lower part is in view", ", with its upper part out of view")


def _reply_size(script: Script, subject: Subject) -> None:
    stats, name = subject.stats, capital(subject.name)
    script.say(f"{name} is {size(stats)}", f"{name} was given to me as {size(stats)}")
    if stats.bars:
        inner, bars = f"{stats.content_width_px} x {stats.content_height_px}", f"the plain grey bars {stats.bars}"
        script.say(f", of which {inner} lie between {bars}.", f", {inner} without {bars}.")
    else:
        script.say(".")


def _reply_colours(script: Script, subject: Subject) -> None:
    colours = subject.stats.colours()
    noun = "main colours" if len(colours) > 1 else "main colour"
    verb = "are" if len(colours) > 1 else "is"
    script.say(f"The {noun} of {subject.name} {verb} {mix(colours)}.", f"{capital(subject.name)} is {mix(colours)}.")


def _reply_colour(script: Script, ask: Ask, question: Question, colour: str, subject: Subject) -> None:
    share, where, name = subject.stats.share(colour), subject.stats.where(colour), subject.name
    if share < _PRESENT:
        script.say(_with_no(question, f"there is no {colour} in {name}."))
    elif ask is Ask.WHERE_IS_COLOUR:
        script.say(
            f"The {colour} part is {where} and covers {percent(share)} of {name}.",
            f"The {colour} part, {percent(share)} of {name}, is {where}.",
        )
    else:
        covered = _with_yes(question, f"{percent(share)} of {name} is {colour}")
        script.say(f"{covered}, {where}.", f"{covered}; you find it {where}.")


def _reply_colours_there(script: Script, question: Question, subject: Subject) -> None:
    for place in question.places:
        shares = dict(subject.stats.colours(place, at_least=_PRESENT, at_most=99))
        for colour in question.colours:
            if colour in shares:
                text = f"{percent(shares[colour])} of the {place}{subject.of} is {colour}."
                script.say(_with_yes(question, text))
            else:
                script.say(_with_no(question, f"there is no {colour} {at(place)}{subject.of}."))


def _with_yes(question: Question, text: str) -> str:
    return f"Yes, {text}" if _is_plain_question(question) else capital(text)


def _with_no(question: Question, text: str) -> str:
    return f"No, {text}" if _is_plain_question(question) else capital(text)


def _is_plain_question(question: Question) -> bool:
    """True where yes or no is an answer, which it is not to "Is it red or blue?"."""
    return question.is_yes_or_no and len(question.colours) == 1


def _reply_extreme(script: Script, question: Question, subject: Subject) -> None:
    stats, sign = subject.stats, -1 if question.is_darkness else 1
    place = max(PLACES, key=lambda place: sign * stats.light(place))
    part = f"the {'darkest' if question.is_darkness else 'brightest'} part of {subject.name}"
    brightness = f"brightness {stats.light(place)} of 100"
    script.say(f"{capital(part)} is {at(place)}: {brightness}.", f"{capital(at(place))} is {part}, with {brightness}.")


def _reply_light(script: Script, question: Question, subject: Subject) -> None:
    stats, places = subject.stats, question.places
    if len(places) > 1:
        compare_light(script, {f"the {place}{subject.of}": stats.light(place) for place in places}, question)
    elif places:
        script.say(f"The {places[0]}{subject.of} is {light(stats.light(places[0]))}.")
    else:
        word = light(stats.brightness)
        script.say(f"{capital(subject.name)} is {word}.", f"{capital(subject.name)} is {word} overall.")
