"""The checks that a request has to pass, as the operator configured them."""

import logging
import socket
from collections.abc import Callable
from dataclasses import dataclass, replace

from hailo_vision.access.cors import Cors
from hailo_vision.access.hosts import Hosts
from hailo_vision.access.keys import Keys
from hailo_vision.access.limits import Limit
from hailo_vision.access.tls import Tls
from hailo_vision.config import settings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """A check is None when it is not configured; `hosts` also when other machines reach the server, by any name."""

    cors: Cors
    hosts: Hosts | None
    keys: Keys | None
    requests: Limit | None
    images: Limit | None
    tls: Tls | None

    def prepare(self) -> Callable[[], None]:
        """Read the files of keys and certificates again, and change nothing yet. Raises UnusableFile.

        The function that is returned makes the change, and can't fail.
        """
        changes = [file.prepare() for file in (self.keys, self.tls) if file is not None]

        def change() -> None:
            for change_one in changes:
                change_one()

        return change

    def for_address(self, *, is_local: bool) -> "Access":
        """The checks for the address that the server listens on. `is_local`: only this machine can connect to it."""
        if is_local:
            return self
        if self.keys is None:
            log.warning("anybody on the network can use this server; server.api_keys_file would ask for a key")
        return replace(self, hosts=None)


def load_access(server: settings.Server) -> Access:
    """Make the checks of the settings, and read their files. Raises UnusableFile."""
    return Access(
        cors=Cors(server.cors_origins),
        hosts=Hosts((socket.gethostname(), *server.allowed_hosts)),
        keys=None if server.api_keys_file is None else Keys(server.api_keys_file),
        requests=None if server.requests_per_minute is None else Limit(server.requests_per_minute),
        images=None if server.images_per_minute is None else Limit(server.images_per_minute),
        tls=None if server.tls_cert is None or server.tls_key is None else Tls(server.tls_cert, server.tls_key),
    )
