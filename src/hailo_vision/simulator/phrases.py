"""Phrases for image statistics, and scripts: texts with places that have several wordings of the same statement."""

from collections.abc import Sequence

from hailo_vision.simulator.image_stats import ImageStats, brightness_word

_MAX_QUOTE_CHARS = 60


class Script:
    """A text to be: the sampler chooses one wording for each place; greedy decoding takes the first."""

    def __init__(self) -> None:
        self.places: list[tuple[str, ...]] = []

    def say(self, *wordings: str) -> None:
        lead = "" if not self.places or wordings[0][0] in ",.;:" else " "
        self.places.append(tuple(lead + wording for wording in wordings))


def listed(items: Sequence[str]) -> str:
    """a, b and c"""
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)


def percent(share: float) -> str:
    return f"{max(1, round(share * 100))}%" if share > 0 else "0%"


def mix(colours: Sequence[tuple[str, float]]) -> str:
    """75% blue, 12% grey and 6% black"""
    return listed([f"{percent(share)} {name}" for name, share in colours])


def light(brightness: int) -> str:
    """dark (brightness 24 of 100)"""
    word = brightness_word(brightness)
    return f"{'of medium brightness (' if word == 'medium' else word + ' (brightness '}{brightness} of 100)"


def size(stats: ImageStats) -> str:
    return f"{stats.width_px} x {stats.height_px} pixels"


def at(place: str) -> str:
    """on the left, at the top, in the centre"""
    preposition = "in" if place == "centre" else "on" if place in ("left", "right") else "at"
    return f"{preposition} the {place}"


def positions(stats: ImageStats, colours: Sequence[tuple[str, float]], verb: str) -> str:
    """blue is all over, grey at the bottom"""
    first, *rest = [(name, stats.where(name)) for name, _ in colours]
    return ", ".join([f"{first[0]} {verb} {first[1]}", *(f"{name} {where}" for name, where in rest)])


def quoted(text: str) -> str:
    """The question's own words, cut between two words if it is long."""
    words = " ".join(text.split())
    if len(words) > _MAX_QUOTE_CHARS:
        words = words[:_MAX_QUOTE_CHARS].rsplit(" ", 1)[0] + " ..."
    return f'"{words}"'


def images(count: int) -> str:
    return "There is no image." if count == 0 else "There is 1 image." if count == 1 else f"There are {count} images."


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]
