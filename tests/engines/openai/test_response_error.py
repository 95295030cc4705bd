"""What a server's refusal becomes."""

from hailo_vision.engines.openai.response_error import error_from_response
from hailo_vision.errors import UpstreamRejected


def test_why_llama_cpp_refuses_a_request_is_told_and_of_somebodys_server_it_is_not() -> None:
    body = b'{"error": {"message": "Cannot have 2 or more\\nassistant messages", "type": "invalid_request_error"}}'
    own = error_from_response(400, body, None, "llama.cpp", is_own=True)
    assert str(own) == "llama.cpp does not take this request: Cannot have 2 or more assistant messages"
    assert str(error_from_response(400, body, None, "The server")) == "The server does not take this request."
    assert str(error_from_response(422, b"[]", None, "llama.cpp", is_own=True)) == (
        "llama.cpp does not take this request."
    )


def test_a_code_of_another_kind_is_no_code() -> None:
    deep = b"[" * 900 + b"]" * 900
    for code in (b"NaN", b"1" * 4000, b"[7]", deep):
        error = error_from_response(400, b'{"error": {"code": ' + code + b', "type": ' + code + b"}}", None, "It")
        assert type(error) is UpstreamRejected
