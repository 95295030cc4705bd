"""Anthropic's Messages API: POST /v1/messages, whole and streamed, and the count of a prompt's tokens."""
