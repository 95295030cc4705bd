"""Errors in the words of the dialect that was spoken. Pure."""

from collections.abc import Iterator
from contextlib import contextmanager

from hailo_vision.errors import RequestError


@contextmanager
def naming(conversation: str) -> Iterator[None]:
    """What is wrong with a whole conversation is said of the field that held it, in chat completions `messages`."""
    try:
        yield
    except RequestError as error:
        if error.param == "messages":
            error.param = conversation
        raise
