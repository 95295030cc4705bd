"""Writes hailo-vision(1) and hailo-vision.yaml(5) into a folder: `python packaging/manuals.py FOLDER`.

What the verbs take is read off the command's parser, what the settings are off their schema.
"""

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

from commands import Command, commands

from hailo_vision import __version__
from hailo_vision.config.schema import schema
from hailo_vision.config.words import expected

COMMAND_TAIL = """\
.SH EXIT STATUS
.TP
0
done
.TP
1
failed
.TP
2
the command line is wrong
.TP
3
the server could not start: its port is taken, for example
.TP
69
there is no chip; the service starts when its device node appears
.TP
78
the configuration is wrong
.SH THE SERVICE
The package starts the service \\fBhailo\\-vision.service\\fR.
Its settings are in \\fI/etc/hailo/hailo\\-vision.yaml\\fR;
.B systemctl restart hailo\\-vision
applies an edit, and
.B systemctl reload hailo\\-vision
applies what can change while it runs.
A file that is wrong is refused, with all that is wrong in the journal.
What the service says is shown by
.BR "journalctl \\-u hailo\\-vision" .
.PP
.B /usr/libexec/hailo\\-vision/vault on
switches to a form of the service that has no network of its own: systemd listens on 127.0.0.1 port 11435 and hands it
the socket.
.B vault off
switches back.
.SH FILES
.TP
.I /etc/hailo/hailo\\-vision.yaml
the settings of the service
.TP
.I /etc/xdg/hailo\\-vision/hailo\\-vision.json
what is made of them at each start; not to be edited
.TP
.I /var/lib/hailo\\-vision/models
the models
.SH SEE ALSO
.BR hailo\\-vision.yaml (5),
.BR systemctl (1),
.BR journalctl (1)
"""

SETTINGS_HEAD = """\
.SH DESCRIPTION
The settings of
.BR hailo\\-vision (1),
in YAML: sections with keys below them, and a list of models where there are several.
Every key of a section is optional; what is not named has its default, which can improve with an upgrade.
Units stand in the names: _s are seconds, _mb megabytes (millions of bytes).
.PP
.B hailo\\-vision check\\-config /etc/hailo/hailo\\-vision.yaml
says all that is wrong with the file, and
.B sudo systemctl restart hailo\\-vision
applies it.
"""

SETTINGS_TAIL = """\
.SH FILES
.TP
.I /etc/hailo/hailo\\-vision.yaml
the file of the service
.TP
.I /usr/share/hailo\\-vision/hailo\\-vision.schema.json
the same as a JSON Schema, for editors
.SH SEE ALSO
.BR hailo\\-vision (1)
"""


def command_manual() -> str:
    top, *verbs = commands()
    lines = [
        _title("hailo-vision", 1, "user commands"),
        _section("NAME", f"hailo\\-vision \\- {_roff(top.about[0].lower() + top.about[1:].rstrip('.'))}"),
        _section("SYNOPSIS", ".B hailo\\-vision\n.I VERB\n[\\fIargument\\fR ...]"),
        _section("DESCRIPTION", _roff(f"{top.about} Each verb tells with --help what it takes.")),
        *map(_verb, verbs),
        COMMAND_TAIL,
    ]
    return "".join(lines)


def settings_manual() -> str:
    lines = [
        _title("hailo-vision.yaml", 5, "file formats"),
        _section("NAME", "hailo\\-vision.yaml \\- settings of the hailo\\-vision server"),
        SETTINGS_HEAD,
    ]
    for name, section in schema()["properties"].items():
        if "properties" in section:
            lines.append(_section(f"SECTION {_roff(name)}", _roff(section["description"])))
            lines += [_setting(f"{name}.{key}", facts) for key, facts in section["properties"].items()]
        elif "items" in section:
            lines.append(_section(f"LIST {_roff(name)}", _roff(_sentence(section["description"]))))
            lines += [_setting(f"{name}[].{key}", facts) for key, facts in section["items"]["properties"].items()]
    return "".join([*lines, SETTINGS_TAIL])


def _verb(command: Command) -> str:
    usage = re.sub(r"\s+", " ", command.parser.format_usage()).removeprefix("usage: ").strip()
    level = ".SH" if len(command.words) == 1 else ".SS"
    text = f'{level} "{_roff("hailo-vision " + " ".join(command.words))}"\n{_roff(_sentence(command.about))}\n'
    text += f".PP\n.B {_roff(usage)}\n"
    told = [action for action in (*command.arguments, *command.options) if action.dest != "help"]
    epilog = f".PP\n{_roff(command.parser.epilog)}\n" if command.parser.epilog else ""
    return text + "".join(map(_argument, told)) + epilog


def _argument(action: argparse.Action) -> str:
    metavar = str(action.metavar or action.dest.upper())
    names = [f"\\fB{_roff(name)}\\fR" for name in action.option_strings]
    if not names:
        head = f"\\fI{_roff(metavar)}\\fR"
    elif action.nargs == 0:
        head = ", ".join(names)
    else:
        value = "{" + ",".join(map(str, action.choices)) + "}" if action.choices else metavar
        head = ", ".join(names) + f" \\fI{_roff(value)}\\fR"
    about = (action.help or "").replace("%(default)s", str(action.default))
    return f".TP\n{head}\n{_roff(about)}\n" if about else f".TP\n{head}\n"


def _setting(path: str, facts: dict[str, Any]) -> str:
    default = f"default {json.dumps(facts['default'], ensure_ascii=False)}" if "default" in facts else "required"
    return (
        f".TP\n\\fB{_roff(path)}\\fR ({_roff(default)})\n"
        f"{_roff(_sentence(facts['description']))}\n.br\n{_roff(_sentence(expected(facts)))}\n"
    )


def _title(name: str, section: int, of: str) -> str:
    head = f'{_roff(name.upper())} {section} "" "hailo\\-vision {__version__}" "{of}"'
    return f'.\\" made by packaging/manuals.py\n.TH {head}\n'


def _section(name: str, text: str) -> str:
    return f".SH {name}\n{text}\n"


def _sentence(text: str) -> str:
    return (text[:1].upper() + text[1:]).rstrip(".") + "."


def _roff(text: str) -> str:
    """Text that troff prints as it is, on one line, which no command begins."""
    escaped = " ".join(text.split()).replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + escaped if escaped[:1] in (".", "'") else escaped


def main() -> None:
    folder = Path(sys.argv[1])
    (folder / "hailo-vision.1").write_text(command_manual())
    (folder / "hailo-vision.yaml.5").write_text(settings_manual())


if __name__ == "__main__":
    main()
