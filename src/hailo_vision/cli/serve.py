"""`hailo-vision serve`: run the server in the foreground."""

import argparse
import asyncio
import logging
import sys
from pathlib import Path

from hailo_vision import __version__
from hailo_vision.cli import BAD_CONFIG, NOT_STARTED
from hailo_vision.config import load
from hailo_vision.config.settings import Settings
from hailo_vision.daemon import logs
from hailo_vision.daemon.run import run as run_daemon
from hailo_vision.errors import ConfigError, StartError

log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="YAML or JSON; without it $XDG_CONFIG_HOME/hailo-vision/hailo-vision.json, then /etc/xdg, then defaults",
    )


def run(arguments: argparse.Namespace) -> int:
    try:
        path = arguments.config or load.find()
        settings = load.load(path) if path else Settings()
    except ConfigError as error:
        print(load.describe(error), file=sys.stderr)
        return BAD_CONFIG
    return _serve(settings, path)


def _serve(settings: Settings, path: Path | None) -> int:
    logs.set_up(settings.logging)
    log.info("starting", extra={"facts": {"version": __version__, "config": path or "defaults"}})
    try:
        asyncio.run(run_daemon(settings))
    except ConfigError as error:
        print(load.describe(error), file=sys.stderr)
        return BAD_CONFIG
    except StartError as error:
        print(f"hailo-vision: {error}", file=sys.stderr)
        return NOT_STARTED
    return 0
