"""An answer becomes the events of a Messages stream, in their order, and at its end the message. Pure."""

import json
from collections.abc import Iterable
from typing import assert_never

from hailo_vision.chat import Finish, Piece, ToolCall
from hailo_vision.http_api.anthropic.reply import Reply, call_block, counts, error, text_block
from hailo_vision.http_api.openai.usage import tools_json
from hailo_vision.http_api.web.faults import Fault
from hailo_vision.http_api.web.fields import JsonObject

PING = b'event: ping\ndata: {"type":"ping"}\n\n'


class EventEncoder:
    """Encodes one answer as events while it comes. `message` is what the events so far have made of it."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self._content: list[JsonObject] = []
        self._pieces: list[str] | None = None  # of the text block that is open, if one is
        self.message = reply.begun()

    def begin(self) -> list[JsonObject]:
        return [{"type": "message_start", "message": self._reply.begun()}]

    def encode(self, said: Piece | ToolCall | Finish) -> list[JsonObject]:
        match said:
            case Piece(text=text):
                return self._piece(text) if text else []
            case ToolCall():
                return [*self._close(), *self._call(said)]
            case Finish():
                return [*self._close(), *self._finish(said)]
        assert_never(said)

    def _piece(self, text: str) -> list[JsonObject]:
        opening: list[JsonObject] = []
        if self._pieces is None:
            self._pieces = []
            opening = [self._at("content_block_start", content_block=text_block(""))]
        self._pieces.append(text)
        return [*opening, self._at("content_block_delta", delta={"type": "text_delta", "text": text})]

    def _call(self, call: ToolCall) -> list[JsonObject]:
        """A whole call in one delta, as it was validated as a whole."""
        block = call_block(call)
        delta = {"type": "input_json_delta", "partial_json": call.arguments}
        events = [
            self._at("content_block_start", content_block={**block, "input": {}}),
            self._at("content_block_delta", delta=delta),
            self._at("content_block_stop"),
        ]
        self._content.append(block)
        return events

    def _close(self) -> list[JsonObject]:
        if self._pieces is None:
            return []
        stop = self._at("content_block_stop")
        self._content.append(text_block("".join(self._pieces)))
        self._pieces = None
        return [stop]

    def _finish(self, finish: Finish) -> list[JsonObject]:
        """The counts of this event stand in place of those at the start, where the prompt was not yet counted."""
        self.message = self._reply.whole(self._content, finish)
        usage = {**counts(finish.usage), **tools_json(finish.tools)}
        delta = {"type": "message_delta", "delta": self._reply.stopped(finish), "usage": usage}
        return [delta, {"type": "message_stop"}]

    def _at(self, kind: str, **rest: object) -> JsonObject:
        return {"type": kind, "index": len(self._content), **rest}


def frames(events: Iterable[JsonObject]) -> bytes:
    """Server-sent events, named by their type."""
    return b"".join(
        b"event: %s\ndata: %s\n\n" % (event["type"].encode(), json.dumps(event, separators=(",", ":")).encode())
        for event in events
    )


def failed(what: Fault) -> bytes:
    """The last event of a stream that fails."""
    return frames([error(what)])
