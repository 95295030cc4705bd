"""`hailo-vision doctor`: look at the installation from the board up, and say what is wrong and what to do."""

import argparse
import json
import shutil
import sys
from pathlib import Path

from hailo_vision import __version__
from hailo_vision.cli import FAILED, INTERRUPTED
from hailo_vision.doctor import report
from hailo_vision.doctor.checks import Check, examine
from hailo_vision.doctor.finding import Finding, Verdict
from hailo_vision.doctor.installation import Installation
from hailo_vision.doctor.machine import Machine
from hailo_vision.doctor.node import UDEV_RULE

EPILOG = "Exit codes: 0 nothing failed, 1 something did (with --strict: or is to be looked at), 2 usage."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EPILOG
    parser.add_argument("--config", type=Path, metavar="FILE", help="as for serve")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--strict", action="store_true", help="let warnings count as failures in the exit code")
    parser.add_argument(
        "--udev", action="store_true", help="print a udev rule that opens the chip to a group alone, and end"
    )
    # Another system's files, as the tests build them; its commands are still this one's.
    parser.add_argument("--root", type=Path, default=Path("/"), help=argparse.SUPPRESS)


def run(arguments: argparse.Namespace) -> int:
    if arguments.udev:
        print(UDEV_RULE, end="")
        return 0
    try:
        return _examine(arguments)
    except KeyboardInterrupt:
        return INTERRUPTED


def _examine(arguments: argparse.Namespace) -> int:
    installation = Installation(Machine(root=arguments.root), arguments.config)
    results: list[tuple[Check, Finding]] = []
    for check, finding in examine(installation):
        results.append((check, finding))
        if not arguments.json:
            columns, coloured = shutil.get_terminal_size().columns, sys.stdout.isatty()
            print(report.as_text(check, finding, columns=columns, coloured=coloured), flush=True)
    if arguments.json:
        print(json.dumps(report.as_json(results, __version__, installation.runtime), indent=2))
    else:
        print(f"\n{report.summary(results, installation.runtime)}")
    bad = {Verdict.FAILED, Verdict.WARNING} if arguments.strict else {Verdict.FAILED}
    return FAILED if report.worst(results) in bad else 0
