"""Parses a question: what it asks about a picture, as far as pixels can answer it."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from hailo_vision.simulator.colours import NAMES


class Ask(StrEnum):
    COUNT = "count"
    SIZE = "size"
    BARS = "bars"
    WHERE_IS_COLOUR = "where_is_colour"
    HAS_COLOUR = "has_colour"
    COLOUR_THERE = "colour_there"
    COLOURS = "colours"
    BRIGHTEST = "brightest"
    COMPARE_LIGHT = "compare_light"
    BRIGHTNESS = "brightness"
    DESCRIBE = "describe"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """The parts of a question, in the answer's order; `number` is a picture's, counted from 1, or -1 for the last."""

    asks: tuple[Ask, ...]
    colours: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    number: int | None = None
    is_darkness: bool = False
    wants_all: bool = False
    wants_detail: bool = False
    is_yes_or_no: bool = False


_COLOUR_WORDS: Final = {name: name for name in NAMES} | {
    "gray": "grey",
    "violet": "purple",
    "turquoise": "cyan",
    "teal": "cyan",
    "navy": "blue",
    "gold": "yellow",
    "golden": "yellow",
    "tan": "beige",
    "cream": "beige",
    "crimson": "red",
    "maroon": "red",
}
_COLOUR: Final = re.compile(rf"\b({'|'.join(_COLOUR_WORDS)})(?:ish)?\b")

_SIDE: Final = {
    "upper": "top",
    "lower": "bottom",
    "center": "centre",
    "middle": "centre",
    "left-hand": "left",
    "right-hand": "right",
}
_SIDE_WORD: Final = r"top|upper|bottom|lower|left|right|left-hand|right-hand|centre|center|middle"
_PLACE: Final = re.compile(
    rf"\b(?:on|at|in|to|towards|near|of|the)\s+(?:the\s+)?(?:very\s+)?({_SIDE_WORD})(?:[\s-]+(left|right))?\b"
)

_PICTURE: Final = r"(?:images?|pictures?|photos?|photographs?|frames?|pics?)"
_ORDINALS: Final = {
    "first": 1,
    "second": 2,
    "third": 3,
    "fourth": 4,
    "fifth": 5,
    "1st": 1,
    "2nd": 2,
    "3rd": 3,
    "last": -1,
}
_NUMBERED: Final = re.compile(rf"\b{_PICTURE}\s+(?:number\s+|no\.?\s*|#)?(\d+)\b")
_ORDINAL: Final = re.compile(rf"\b({'|'.join(_ORDINALS)})\s+(?:{_PICTURE}|one)\b")

_COUNT: Final = re.compile(rf"\bhow many (?:\w+ )?{_PICTURE}\b|\bnumber of {_PICTURE}\b|\bcount the {_PICTURE}\b")
_SIZE: Final = re.compile(
    r"\b(?:size|resolution|dimensions?|how (?:big|large|wide|tall|high)|width|height|how many pixels|aspect ratio)\b"
)
_BARS: Final = re.compile(r"\b(?:bars?|borders?|padding|padded|letterbox\w*)\b")
_LIGHT: Final = re.compile(
    r"\b(?:bright\w*|dark\w*|light or|or light|how light|light(?:er|est)|well lit|gloomy|luminosity)\b"
)
_EXTREME: Final = re.compile(r"\b(?:bright|dark|light)est\b|\b(?:bright|dark|light)er (?:part|side|half|area)\b")
_WHICH: Final = re.compile(rf"\bwhich (?:one|of|{_PICTURE})\b|\b(?:bright|dark|light)est {_PICTURE}\b")
_COMPARE: Final = re.compile(r"\b(?:bright|dark|light)er\b|\bcompare\b")
_DARKNESS: Final = re.compile(r"\bdark(?:er|est)\b")
_COLOURS: Final = re.compile(r"\b(?:colou?rs?|shades?|hues?)\b")
_DESCRIBE: Final = re.compile(
    r"\b(?:describe|description|caption|summar\w+|tell me (?:about|what)|what (?:do|can|did) you see|what does|look at|"
    rf"explain|detail\w*|what(?:'s| is| are)? (?:in|on|shown in|this|these|that|it|there)|{_PICTURE}\??$)\b"
)
_DESCRIBE_TOO: Final = re.compile(rf"\bdescri(?:be|ption of) (?:\w+ ){{0,3}}{_PICTURE}\b")
_COMPARISON: Final = re.compile(r"\b(?:compare|difference|differ|each|both|all|which)\b")
_DETAIL: Final = re.compile(r"\b(?:detail\w*|thorough\w*|everything|long)\b")
_YES_OR_NO: Final = re.compile(r"(?:^|[,.:;!?] )(?:is|are|does|do|has|have|can|any|was|were|isn't|aren't)\b")


def read_question(text: str) -> Question:
    """Parse a text. One that asks nothing about pixels is of the kind OTHER."""
    text = " ".join(text.lower().split())
    colours = tuple(dict.fromkeys(_COLOUR_WORDS[word] for word in _COLOUR.findall(text)))
    places = tuple(dict.fromkeys(_place(side, beside) for side, beside in _PLACE.findall(text)))
    asks = tuple(_asks(text, colours, places))
    if asks and _DESCRIBE_TOO.search(text):
        asks += (Ask.DESCRIBE,)
    return Question(
        asks=asks or (Ask.DESCRIBE if not text or _DESCRIBE.search(text) else Ask.OTHER,),
        colours=colours,
        places=places,
        number=_number(text),
        is_darkness=bool(_DARKNESS.search(text)),
        wants_all=bool(_COMPARISON.search(text)),
        wants_detail=bool(_DETAIL.search(text)),
        is_yes_or_no=bool(_YES_OR_NO.search(text)),
    )


def _asks(text: str, colours: tuple[str, ...], places: tuple[str, ...]) -> list[Ask]:
    asks: list[Ask] = []
    if _COUNT.search(text):
        asks.append(Ask.COUNT)
    if _BARS.search(text):
        return [*asks, Ask.BARS]
    if _SIZE.search(text):
        asks.append(Ask.SIZE)
    if colours:
        return [*asks, Ask.WHERE_IS_COLOUR if "where" in text and not places else Ask.HAS_COLOUR]
    is_about_light = bool(_LIGHT.search(text))
    if is_about_light and _WHICH.search(text):
        asks.append(Ask.COMPARE_LIGHT)
    elif _EXTREME.search(text):
        asks.append(Ask.BRIGHTEST)
    elif is_about_light and _COMPARE.search(text):
        asks.append(Ask.COMPARE_LIGHT)
    elif is_about_light:
        asks.append(Ask.BRIGHTNESS)
    if places and not is_about_light:
        asks.append(Ask.COLOUR_THERE)
    elif _COLOURS.search(text):
        asks.append(Ask.COLOURS)
    return asks


def _place(side: str, beside: str) -> str:
    side = _SIDE.get(side, side)
    return f"{side} {beside}" if beside and side in ("top", "bottom") else side


def _number(text: str) -> int | None:
    if match := _NUMBERED.search(text):
        return int(match[1])
    if match := _ORDINAL.search(text):
        return _ORDINALS[match[1]]
    return None
