"""What is said of one picture: the whole description, or a reply to one thing that was asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from hailo_vision.simulator.eyes import PLACES, Sight
from hailo_vision.simulator.phrases import Script, at, capital, light, listed, mix, percent, positions, size
from hailo_vision.simulator.question import Ask, Question

_WALK: Final = ("top", "bottom", "left", "right", "centre")
_PRESENT: Final = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A picture that an answer is about: what it is called ("the image", "image 2"), and what was seen of it."""

    name: str
    sight: Sight

    @property
    def of(self) -> str:
        """What follows a place in the picture."""
        return "" if self.name == "the image" else f" of {self.name}"


def describe(script: Script, subject: Subject, *, among: int, is_brief: bool, is_detailed: bool) -> None:
    """All that is known of a picture: size, bars, colours, light and places, in 40 to 90 tokens if it is alone.

    `among` is the number of pictures described: the more, the less is said of each.
    """
    sight, name = subject.sight, capital(subject.name)
    found = sight.colours(at_most=3 if among < 3 else 2)
    colours, brightness, where = mix(found), light(sight.brightness), positions(sight, found, "is")
    if is_brief:
        script.say(f"{name} is {colours}.", f"{name} shows {colours}.")
        return
    if among > 1:
        script.say(f"{name} is {colours}", f"{name} shows {colours}", f"In {subject.name} I see {colours}")
        script.say(f", {brightness}", f"; it is {brightness}")
        _say_frame(script, sight)
        script.say(f", {where}.", f"; {where}.")
    else:
        script.say(f"{name} is {size(sight)}", f"{name} has {size(sight)}", f"{name} measures {size(sight)}")
        _say_frame(script, sight)
        script.say(".")
        script.say(f"It is {colours}", f"It shows {colours}", f"Its colours are {colours}", f"I see {colours}")
        script.say(f", and {brightness}.", f"; overall it is {brightness}.")
        others = [positions(sight, found, verb) for verb in ("lies", "can be seen")]
        script.say(*[f"{capital(wording)}." for wording in (where, *others)])
    if is_detailed:
        for place in _WALK:
            there = mix(sight.colours(place, at_most=2))
            script.say(f"The {place} is {there}.", f"{capital(at(place))} it is {there}.")


def reply(script: Script, ask: Ask, question: Question, subject: Subject) -> None:
    """What one picture has to say to one thing that was asked."""
    match ask:
        case Ask.SIZE:
            _reply_size(script, subject)
        case Ask.BARS if subject.sight.bars:
            script.say(f"There are plain grey bars {subject.sight.bars} of {subject.name}.")
        case Ask.BARS:
            script.say(f"There are no plain grey bars around {subject.name}.")
        case Ask.WHERE_IS_COLOUR | Ask.HAS_COLOUR if question.places:
            _reply_colours_there(script, question, subject)
        case Ask.WHERE_IS_COLOUR | Ask.HAS_COLOUR:
            for colour in question.colours:
                _reply_colour(script, ask, question, colour, subject)
        case Ask.COLOUR_THERE:
            for place in question.places:
                there = mix(subject.sight.colours(place))
                script.say(f"The {place}{subject.of} is {there}.", f"{capital(at(place))}{subject.of} it is {there}.")
        case Ask.COLOURS:
            _reply_colours(script, subject)
        case Ask.BRIGHTEST:
            _reply_extreme(script, question, subject)
        case _:
            _reply_light(script, question, subject)


def compare_light(script: Script, brightness: Mapping[str, int], question: Question) -> None:
    """Which of several pictures or places is the brighter or the darker."""
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


def _say_frame(script: Script, sight: Sight) -> None:
    """The bars that the daemon added, and a picture whose beginning fell out of the context."""
    if sight.bars:
        script.say(f", with plain grey bars {sight.bars}", f", plain grey bars {sight.bars} included")
    if sight.is_cut:
        script.say(", of which only the lower part is in view", ", with its upper part out of view")


def _reply_size(script: Script, subject: Subject) -> None:
    sight, name = subject.sight, capital(subject.name)
    script.say(f"{name} is {size(sight)}", f"{name} was given to me as {size(sight)}")
    if sight.bars:
        inner, bars = f"{sight.content_width_px} x {sight.content_height_px}", f"the plain grey bars {sight.bars}"
        script.say(f", of which {inner} lie between {bars}.", f", {inner} without {bars}.")
    else:
        script.say(".")


def _reply_colours(script: Script, subject: Subject) -> None:
    found = subject.sight.colours()
    noun = "main colours" if len(found) > 1 else "main colour"
    verb = "are" if len(found) > 1 else "is"
    script.say(f"The {noun} of {subject.name} {verb} {mix(found)}.", f"{capital(subject.name)} is {mix(found)}.")


def _reply_colour(script: Script, ask: Ask, question: Question, colour: str, subject: Subject) -> None:
    share, where, name = subject.sight.share(colour), subject.sight.where(colour), subject.name
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
        shares = dict(subject.sight.colours(place, at_least=_PRESENT, at_most=99))
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
    """True where yes or no is an answer: not to "Is it red or blue?"."""
    return question.is_yes_or_no and len(question.colours) == 1


def _reply_extreme(script: Script, question: Question, subject: Subject) -> None:
    sight, sign = subject.sight, -1 if question.is_darkness else 1
    place = max(PLACES, key=lambda place: sign * sight.light(place))
    part = f"the {'darkest' if question.is_darkness else 'brightest'} part of {subject.name}"
    brightness = f"brightness {sight.light(place)} of 100"
    script.say(f"{capital(part)} is {at(place)}: {brightness}.", f"{capital(at(place))} is {part}, with {brightness}.")


def _reply_light(script: Script, question: Question, subject: Subject) -> None:
    sight, places = subject.sight, question.places
    if len(places) > 1:
        compare_light(script, {f"the {place}{subject.of}": sight.light(place) for place in places}, question)
    elif places:
        script.say(f"The {places[0]}{subject.of} is {light(sight.light(places[0]))}.")
    else:
        word = light(sight.brightness)
        script.say(f"{capital(subject.name)} is {word}.", f"{capital(subject.name)} is {word} overall.")
