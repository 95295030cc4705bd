"""What every request goes through."""

import asyncio
from typing import NoReturn

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from hailo_vision.errors import QueueFull
from hailo_vision.http_api import app
from hailo_vision.http_api.web.exchange import begin
from hailo_vision.http_api.web.faults import Fault

# Keys of a request that are no strings are newer than the aiohttp of Debian 13.
pytestmark = pytest.mark.filterwarnings("ignore::aiohttp.web.NotAppKeyWarning")


async def test_a_client_that_leaves_while_it_is_told_of_an_error_has_left_and_nothing_else() -> None:
    async def gone(_: Fault) -> NoReturn:
        raise ConnectionResetError

    async def failing(_: web.Request) -> NoReturn:
        raise QueueFull(depth=1, retry_after_s=1)

    request = make_mocked_request("GET", "/")
    begin(request, 0.0).fail = gone
    with pytest.raises(asyncio.CancelledError):
        await app._answer(request, failing)
