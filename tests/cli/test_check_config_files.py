"""`hailo-vision check-config` reads the files of keys and certificates that a configuration names."""

from pathlib import Path

import pytest
import trustme

from hailo_vision.cli import main
from hailo_vision.config.settings import Remote, Server, Settings
from hailo_vision.doctor import named_files
from hailo_vision.doctor.account import Account

STRANGER = Account(name="hailo-vision", uid=4242, gids=frozenset({4242}))


def secret(path: Path, text: str, mode: int = 0o640) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def checked(tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    path = tmp_path / "x.yaml"
    path.write_text(text)
    code = main(["check-config", str(path)])
    return code, "".join(capsys.readouterr())


@pytest.mark.parametrize(
    ("keys", "mode", "message"),
    [
        ("4f6c0ad4e6a1b2c3d4e5f6a7\n", 0o640, "line 1: expected two words, a name and a key"),
        ("me short\n", 0o640, "line 1: expected a key of 16 to 256 ASCII characters"),
        ("\n", 0o640, "it holds no key"),
        ("me 4f6c0ad4e6a1b2c3d4e5f6a7\n", 0o644, "its mode is 0644"),
    ],
)
def test_a_file_of_keys_that_would_stop_the_service_is_a_problem(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], keys: str, mode: int, message: str
) -> None:
    path = secret(tmp_path / "keys", keys, mode)
    code, told = checked(tmp_path, f"server: {{api_keys_file: {path}}}", capsys)
    assert code == 78
    assert f"  server.api_keys_file: {path}: {message}" in told
    assert "4f6c0ad4" not in told


def test_a_missing_file_of_keys_is_a_problem(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, told = checked(tmp_path, "server: {api_keys_file: /no/keys}", capsys)
    assert (code, "server.api_keys_file: /no/keys: it can't be read: No such file" in told) == (78, True)


def test_good_files_of_keys_and_certificates_are_no_problem(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keys = secret(tmp_path / "keys", "me 4f6c0ad4e6a1b2c3d4e5f6a7\n")
    issued = trustme.CA().issue_cert("pi.lan")
    cert = secret(tmp_path / "cert", issued.cert_chain_pems[0].bytes().decode())
    key = secret(tmp_path / "key", issued.private_key_pem.bytes().decode())
    text = f"server: {{api_keys_file: {keys}, tls_cert: {cert}, tls_key: {key}}}"
    assert checked(tmp_path, text, capsys) == (0, f"{tmp_path}/x.yaml has no problems\n")


def test_a_certificate_of_another_key_is_a_problem(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    authority = trustme.CA()
    one, other = authority.issue_cert("pi.lan"), authority.issue_cert("pi.lan")
    cert = secret(tmp_path / "cert", one.cert_chain_pems[0].bytes().decode())
    key = secret(tmp_path / "key", other.private_key_pem.bytes().decode())
    code, told = checked(tmp_path, f"server: {{tls_cert: {cert}, tls_key: {key}}}", capsys)
    assert code == 78
    assert f"server.tls_key: {key}: it is not the key of the certificate in {cert}" in told


def test_a_remote_servers_key_file_is_read_too(tmp_path: Path) -> None:
    path = secret(tmp_path / "remote.key", "two words")
    settings = Settings(remote=Remote(key_file=str(path), base_url="http://nas.lan/v1", model="x"))
    assert named_files.look(settings, None).problems == ()  # no engine of these settings uses it
    code = main(["check-config", str(secret(tmp_path / "x.yaml", remote_yaml(path)))])
    assert code == 78


def remote_yaml(path: Path) -> str:
    return f"device: {{runtime: remote}}\nremote: {{base_url: 'http://nas.lan/v1', model: x, key_file: {path}}}\n"


def test_a_file_that_the_services_user_may_not_read_is_a_problem_with_the_commands_that_open_it(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    path = secret(tmp_path / "keys", "me 4f6c0ad4e6a1b2c3d4e5f6a7\n", 0o600)
    found = named_files.look(Settings(server=Server(api_keys_file="/keys")), STRANGER, tmp_path)
    (problem,) = found.problems
    assert "can't be read by the user hailo-vision" in str(problem)
    assert f"sudo chown root:hailo-vision {path} && sudo chmod 640 {path}" in str(problem)
