"""The options of a verb that name the server and the API key."""

import argparse
import os

from hailo_vision.client import DEFAULT_URL, Server, ServerError

KEY_VARIABLE = "HAILO_VISION_API_KEY"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--url",
        default=os.environ.get("HAILO_VISION_URL", DEFAULT_URL),
        help="the server's address (default: $HAILO_VISION_URL, else %(default)s)",
    )
    parser.add_argument(
        "--api-key",
        type=_key,
        metavar="KEY",
        help="for a server with keys; better in $HAILO_VISION_API_KEY, as others can read a command line",
    )


def server(arguments: argparse.Namespace, *, silence_s: float | None = None) -> Server:
    """The client for these options. Raises ServerError for an invalid key in the environment."""
    if arguments.api_key:
        return Server(arguments.url, arguments.api_key, silence_s=silence_s)
    key = os.environ.get(KEY_VARIABLE) or None
    if key and not _fits_a_header(key):
        raise ServerError(f"{KEY_VARIABLE} is no API key: it must be printable ASCII.", code="unreachable")
    return Server(arguments.url, key, silence_s=silence_s)


def _key(text: str) -> str:
    if not _fits_a_header(text):
        raise argparse.ArgumentTypeError("an API key is printable ASCII")
    return text


def _fits_a_header(text: str) -> bool:
    return text.isascii() and text.isprintable()
