"""What the command line is, read off its own parser: one Command for `hailo-vision`, for each verb and its verbs."""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

from hailo_vision.cli import VERBS, build


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A verb's words, such as `models pull`; none are the command itself."""

    words: tuple[str, ...]
    about: str
    parser: argparse.ArgumentParser

    @property
    def options(self) -> list[argparse.Action]:
        """Those that --help shows."""
        shown = (action for action in self.parser._actions if action.help != argparse.SUPPRESS)
        return [action for action in shown if action.option_strings]

    @property
    def arguments(self) -> list[argparse.Action]:
        return [action for action in self.parser._actions if not action.option_strings and not is_verb(action)]

    @property
    def verbs(self) -> list[str]:
        return [verb for action in self.parser._actions if is_verb(action) for verb in action.choices or ()]


def is_verb(action: argparse.Action) -> bool:
    return isinstance(action, argparse._SubParsersAction)


def commands() -> Iterator[Command]:
    """All of them, each before its own verbs."""
    parser = build(VERBS)
    return _walk(parser, (), parser.description or "")


def _walk(parser: argparse.ArgumentParser, words: tuple[str, ...], about: str) -> Iterator[Command]:
    yield Command(words=words, about=about, parser=parser)
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            abouts = {choice.dest: choice.help or "" for choice in action._choices_actions}
            for verb, below in action.choices.items():
                yield from _walk(below, (*words, verb), abouts.get(verb, ""))
