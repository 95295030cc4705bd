"""https: a certificate and its key, which can be replaced while the server runs."""

import ssl

from hailo_vision.access.files import read_secret, unusable
from hailo_vision.errors import UnusableFile


class Tls:
    """`context` stays the same object; connections made after a reload get the new certificate."""

    def __init__(self, cert: str, key: str) -> None:
        """Raises UnusableFile."""
        self._cert = cert
        self._key = key
        self.context = self._loaded()

    def reload(self) -> None:
        """Read both files again. Raises UnusableFile, and keeps the pair it had."""
        self._loaded()  # a live context that fails on the way has a new certificate and an old key
        self._load(self.context)

    def _loaded(self) -> ssl.SSLContext:
        read_secret(self._key)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        self._load(context)
        return context

    def _load(self, context: ssl.SSLContext) -> None:
        is_locked = False

        def passphrase() -> str:
            """Without this OpenSSL asks at the terminal."""
            nonlocal is_locked
            is_locked = True
            return ""

        try:
            context.load_cert_chain(self._cert, self._key, password=passphrase)
        except ssl.SSLError as error:
            if is_locked:
                raise unusable(self._key, "it is encrypted; the server needs one without a passphrase") from None
            raise self._wrong(error) from None
        except OSError as error:
            raise unusable(self._cert, f"it can't be read: {error.strerror}") from None

    def _wrong(self, error: ssl.SSLError) -> UnusableFile:
        if error.reason == "KEY_VALUES_MISMATCH":
            return unusable(self._key, f"it is not the key of the certificate in {self._cert}")
        why = f"it and {self._key} are no certificate and private key in PEM"
        return unusable(self._cert, f"{why} ({error.reason or error.strerror})")
