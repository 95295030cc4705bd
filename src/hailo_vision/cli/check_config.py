"""Check a config file as the daemon would, without starting it."""

import argparse
import sys
from pathlib import Path

from hailo_vision.cli import BAD_CONFIG
from hailo_vision.config.load import describe, load
from hailo_vision.errors import ConfigError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="the config file, YAML or JSON")


def run(arguments: argparse.Namespace) -> int:
    try:
        load(arguments.file)
    except ConfigError as error:
        print(describe(error), file=sys.stderr)
        return BAD_CONFIG
    print(f"{arguments.file} has no problems")
    return 0
