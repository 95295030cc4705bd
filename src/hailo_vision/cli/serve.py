"""`hailo-vision serve`: run the server in the foreground."""

import argparse
import asyncio
import faulthandler
import logging
import sys
from functools import partial
from pathlib import Path

from hailo_vision import __version__
from hailo_vision.cli import BAD_CONFIG, NO_DEVICE, NOT_STARTED
from hailo_vision.config import load
from hailo_vision.config.data_folder import in_data_folder
from hailo_vision.config.settings import Settings
from hailo_vision.daemon import logs
from hailo_vision.daemon.notify import not_started
from hailo_vision.daemon.run import run as run_daemon
from hailo_vision.errors import ConfigError, NoDevice, StartError

log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="YAML or JSON; without it $XDG_CONFIG_HOME/hailo-vision/hailo-vision.json, then /etc/xdg, then defaults",
    )


def run(arguments: argparse.Namespace) -> int:
    reread = partial(_settings, arguments.config)
    try:
        settings = reread()
    except ConfigError as error:
        return _wrong(error)
    logs.set_up(settings.logging)
    faulthandler.enable()  # systemd's watchdog ends a stalled daemon with SIGABRT: the journal shows where it stood
    config = arguments.config or load.find() or "defaults"
    log.info("starting", extra={"facts": {"version": __version__, "config": config}})
    try:
        asyncio.run(run_daemon(settings, reread))
    except ConfigError as error:
        return _wrong(error)
    except StartError as error:
        print(f"hailo-vision: {error}", file=sys.stderr)
        not_started(str(error))
        return NO_DEVICE if isinstance(error, NoDevice) else NOT_STARTED
    return 0


def _wrong(error: ConfigError) -> int:
    """Print all problems of the configuration, and leave the first one to `systemctl status`."""
    print(load.describe(error), file=sys.stderr)
    not_started(f"{error.source}: {error.problems[0]}")
    return BAD_CONFIG


def _settings(named: Path | None) -> Settings:
    """Read the settings from the file, which is searched for anew if none is named. Raises ConfigError."""
    path = named or load.find()
    return in_data_folder(load.load(path) if path else Settings())
