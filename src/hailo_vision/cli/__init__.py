"""A person types a command: `hailo-vision VERB`. Each verb is a module of this room.

Exit codes: 0 done, 1 failed, 2 usage, 3 could not start (port, say), 69 there is no chip, 78 configuration.
"""

import argparse
import importlib
import os
import sys
from collections.abc import Collection, Sequence

from hailo_vision import __version__

# systemd does not restart the service on the last two, which are EX_UNAVAILABLE and EX_CONFIG of sysexits.h.
FAILED, USAGE, NOT_STARTED, NO_DEVICE, BAD_CONFIG, INTERRUPTED = 1, 2, 3, 69, 78, 130

VERBS = {
    "serve": "run the server in the foreground",
    "ask": "ask a running server a question, about pictures or not",
    "check-config": "check a config file without starting",
    "models": "list, download, verify and remove models",
    "engines": "install llama.cpp, which runs models on the processor",
    "doctor": "look at the whole installation, and say what is wrong and what to do",
    "status": "show how a running server is",
    "bench": "measure a running server",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; its module is imported only then, as `serve` has half a second to open its port."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    parsed = build([next((word for word in words if word in VERBS), "")]).parse_args(words)
    try:
        code: int = parsed.run(parsed)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    return code


def build(selected: Collection[str]) -> argparse.ArgumentParser:
    """The command with all its verbs; only the chosen ones know their arguments, and have their modules imported."""
    parser = argparse.ArgumentParser(
        prog="hailo-vision", description="A private, OpenAI-compatible vision server for the Hailo-10H."
    )
    parser.add_argument("--version", action="version", version=f"hailo-vision {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for verb, about in VERBS.items():
        subparser = verbs.add_parser(verb, help=about, description=about[0].upper() + about[1:] + ".")
        if verb in selected:
            module = importlib.import_module(f"hailo_vision.cli.{verb.replace('-', '_')}")
            module.add_arguments(subparser)
            subparser.set_defaults(run=module.run)
    return parser
