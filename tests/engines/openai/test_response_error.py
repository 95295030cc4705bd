"""What a server's refusal becomes."""

from hailo_vision.engines.openai.response_error import error_from_response


def test_why_llama_cpp_refuses_a_request_is_told_and_of_somebodys_server_it_is_not() -> None:
    body = b'{"error": {"message": "Cannot have 2 or more\\nassistant messages", "type": "invalid_request_error"}}'
    own = error_from_response(400, body, None, "llama.cpp", is_own=True)
    assert str(own) == "llama.cpp does not take this request: Cannot have 2 or more assistant messages"
    assert str(error_from_response(400, body, None, "The server")) == "The server does not take this request."
    assert str(error_from_response(422, b"[]", None, "llama.cpp", is_own=True)) == (
        "llama.cpp does not take this request."
    )
