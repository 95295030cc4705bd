"""TLS: a certificate and its private key, which can be replaced while the server runs."""

import ssl
from collections.abc import Callable

from hailo_vision.access.files import read_secret, unusable
from hailo_vision.errors import UnusableFile
from hailo_vision.files import open_regular

HTTP_1_1 = "http/1.1"
# Agreed on with a client that offers nothing else, for ingress to refuse: without a protocol in common Python's ssl
# goes on as if none had been offered, and the client would be answered in a protocol that it does not speak.
HTTP_2 = "h2"


class Tls:
    """A server's TLS context. `context` stays the same; each handshake uses the pair of files that was read last."""

    def __init__(self, cert: str, key: str) -> None:
        """Raises UnusableFile."""
        self._cert = cert
        self._key = key
        self._pair = self.context = self._read()
        self.context.sni_callback = self._use_newest_pair

    def prepare(self) -> Callable[[], None]:
        """Read both files again, and return a function that replaces the old pair. Raises UnusableFile."""
        pair = self._read()

        def change() -> None:
            self._pair = pair

        return change

    def _use_newest_pair(self, connection: ssl.SSLObject, _name: str, _context: ssl.SSLContext) -> None:
        connection.context = self._pair

    def _read(self) -> ssl.SSLContext:
        read_secret(self._key)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols([HTTP_1_1, HTTP_2])
        self._load(context)
        return context

    def _load(self, context: ssl.SSLContext) -> None:
        is_encrypted = False

        def passphrase() -> str:
            """Note that the key is encrypted. Without this callback OpenSSL asks at the terminal."""
            nonlocal is_encrypted
            is_encrypted = True
            return ""

        try:
            with open_regular(self._cert):  # the key was read before; OpenSSL would wait for what a named pipe brings
                pass
            context.load_cert_chain(self._cert, self._key, password=passphrase)
        except ssl.SSLError as error:
            if is_encrypted:
                raise unusable(self._key, "it is encrypted; the server needs one without a passphrase") from None
            raise self._unusable_pair(error) from None
        except OSError as error:
            raise unusable(self._cert, f"it can't be read: {error.strerror}") from None

    def _unusable_pair(self, error: ssl.SSLError) -> UnusableFile:
        if error.reason == "KEY_VALUES_MISMATCH":
            return unusable(self._key, f"it is not the key of the certificate in {self._cert}")
        why = f"it and {self._key} are no certificate and private key in PEM"
        return unusable(self._cert, f"{why} ({error.reason or error.strerror})")
