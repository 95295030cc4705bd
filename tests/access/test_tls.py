"""A certificate and its private key: which pairs are valid, how problems are named, and what a reload keeps."""

from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from hailo_vision.access.tls import Tls
from hailo_vision.errors import UnusableFile


def pair(folder: Path, name: str = "localhost") -> tuple[str, str]:
    """Paths of a certificate and its key, written by a new authority."""
    issued = trustme.CA().issue_cert(name)
    cert, key = folder / f"{name}.crt", folder / f"{name}.key"
    issued.cert_chain_pems[0].write_to_path(cert)
    issued.private_key_pem.write_to_path(key)
    key.chmod(0o640)
    return str(cert), str(key)


def problem(cert: str, key: str) -> str:
    with pytest.raises(UnusableFile) as caught:
        Tls(cert, key)
    (found,) = caught.value.problems
    return f"{caught.value.source}: {found}"


def test_a_valid_pair_serves_tls_1_2_and_newer(tmp_path: Path) -> None:
    context = Tls(*pair(tmp_path)).context
    assert context.minimum_version.name == "TLSv1_2"


def test_a_problem_names_its_file(tmp_path: Path) -> None:
    cert, key = pair(tmp_path)
    _, other = pair(tmp_path, "other")
    (tmp_path / "text").write_text("no certificate")
    assert "not the key of" in problem(cert, other)
    assert problem(str(tmp_path / "missing"), key).startswith(str(tmp_path / "missing"))
    assert problem(cert, str(tmp_path / "missing")).startswith(str(tmp_path / "missing"))
    assert "PEM" in problem(str(tmp_path / "text"), key)
    Path(key).chmod(0o644)
    assert "chmod 640" in problem(cert, key)


def test_an_encrypted_key_is_refused_without_asking_at_the_terminal(tmp_path: Path) -> None:
    cert, key = pair(tmp_path)
    locked = tmp_path / "locked.key"
    lock = serialization.BestAvailableEncryption(b"sesame")
    plain = serialization.load_pem_private_key(Path(key).read_bytes(), None)
    form = serialization.PrivateFormat.PKCS8
    locked.write_bytes(plain.private_bytes(serialization.Encoding.PEM, form, lock))
    locked.chmod(0o600)
    assert "passphrase" in problem(cert, str(locked))


def test_a_reload_with_a_bad_pair_raises_and_the_next_good_pair_is_used(tmp_path: Path) -> None:
    cert, key = pair(tmp_path)
    tls = Tls(cert, key)
    good = Path(key).read_text()
    Path(key).write_text("no key")
    with pytest.raises(UnusableFile):
        tls.prepare()()
    Path(key).write_text(good)
    tls.prepare()()
