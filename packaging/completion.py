"""Prints the bash completion of `hailo-vision`, made from its parser: `python packaging/completion.py`."""

import argparse
from collections.abc import Iterable, Iterator

from commands import Command, commands

from hailo_vision.models.catalogue import CATALOGUE

HEAD = """\
# bash completion of hailo-vision; made by packaging/completion.py
_hailo_vision() {
    local current="${COMP_WORDS[COMP_CWORD]}" last="${COMP_WORDS[COMP_CWORD-1]}"
    local verb="" option="" word words="" files=""
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        case "$verb $word" in
"""
MIDDLE = """\
            *" "-*) option="$word" ;;
        esac
    done
    case "$verb" in
"""
VALUES = """\
    esac
    # What an option takes comes after it; several files may.
    case "$verb $last" in
"""
MANY = """\
    esac
    case "$verb $option" in
"""
TAIL = """\
    esac
    if [ -n "$files" ]; then
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        return
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -F _hailo_vision hailo-vision
"""


def script() -> str:
    every = list(commands())
    parts = [HEAD]
    parts += [_case(f"{_path(verb.words[:-1])} {verb.words[-1]}", f'verb="{_path(verb.words)}"') for verb in every[1:]]
    parts.append(MIDDLE)
    parts += [_case(_path(command.words), _words(command)) for command in every]
    parts.append(VALUES)
    parts += [line for command in every for line in _values(command)]
    parts.append(MANY)
    parts += [line for command in every for line in _many(command)]
    parts.append(TAIL)
    return "".join(parts)


def _path(words: tuple[str, ...]) -> str:
    return " ".join(words)


def _case(pattern: str, then: str) -> str:
    return f'        "{pattern}") {then} ;;\n'


def _words(command: Command) -> str:
    """The verbs and options that can follow; files where an argument is one."""
    options = [name for action in command.options for name in action.option_strings]
    values = [str(choice) for action in command.arguments for choice in _choices(action)]
    words = f'words="{" ".join([*command.verbs, *values, *options])}"'
    if any(map(_takes_file, command.arguments)):
        return f'{words}; case "$current" in -*) ;; *) files=yes ;; esac'
    return words


def _values(command: Command) -> Iterator[str]:
    for action in command.options:
        if action.nargs == 0:
            continue
        then = 'words=""; files=""'
        if action.choices:
            then = f'words="{" ".join(map(str, action.choices))}"; files=""'
        elif _takes_file(action):
            then = "files=yes"
        for name in action.option_strings:
            yield _case(f"{_path(command.words)} {name}", then)


def _many(command: Command) -> Iterator[str]:
    for action in command.options:
        if action.nargs == "+" and _takes_file(action):
            for name in action.option_strings:
                yield _case(f"{_path(command.words)} {name}", 'case "$current" in -*) ;; *) files=yes ;; esac')


def _choices(action: argparse.Action) -> Iterable[object]:
    """What an argument can be: the models of the catalogue where a model is meant."""
    if action.metavar == "MODEL":
        return dict.fromkeys(file.model for file in CATALOGUE)
    return action.choices or ()


def _takes_file(action: argparse.Action) -> bool:
    return action.metavar == "FILE"


if __name__ == "__main__":
    print(script(), end="")
