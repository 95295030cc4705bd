"""Check a config file, and the files of keys and certificates that it names, as the daemon would at its start."""

import argparse
import os
import sys
from pathlib import Path

from hailo_vision.cli import BAD_CONFIG
from hailo_vision.config.load import describe, load
from hailo_vision.doctor import account, named_files
from hailo_vision.doctor.account import Account
from hailo_vision.doctor.config import YAML
from hailo_vision.doctor.installation import SERVICE
from hailo_vision.errors import ConfigError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="the config file, YAML or JSON")


def run(arguments: argparse.Namespace) -> int:
    try:
        files = named_files.look(load(arguments.file), _service(arguments.file))
        if files.problems:
            raise ConfigError(str(arguments.file), files.problems)
    except ConfigError as error:
        print(describe(error), file=sys.stderr)
        return BAD_CONFIG
    print(f"{arguments.file} has no problems")
    for path in files.unread:
        print(f"{path} was not checked, as it can't be read by you: sudo hailo-vision check-config {arguments.file}")
    return 0


def _service(file: Path) -> Account | None:
    """The user of the service, if the file is the service's own and the package is installed."""
    if os.path.realpath(file) != YAML:
        return None
    try:
        return account.find(SERVICE, Path("/etc/passwd").read_text(), Path("/etc/group").read_text())
    except OSError:
        return None
