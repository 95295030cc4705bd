"""An answer becomes the events of a Responses stream, in their order, and at its end the response."""

import time
from collections.abc import Callable, Iterable
from typing import assert_never

from hailo_vision.chat import Finish, Logprob, Piece, ToolCall
from hailo_vision.http_api.openai.responses.reply import Reply, Status, incomplete_reason, text_part
from hailo_vision.http_api.web.faults import Fault
from hailo_vision.http_api.web.fields import JsonObject
from hailo_vision.http_api.web.json_reply import each, encoded, pieces


class EventEncoder:
    """Encodes one answer as events while it comes. `response` is what the events so far have made of it."""

    def __init__(self, reply: Reply, now: Callable[[], float] = time.time) -> None:
        self._reply = reply
        self._now = now
        self._count = 0
        self._output: list[JsonObject] = []
        self._pieces: list[str] | None = None  # of the message that is open, if one is
        self._logprobs: list[Logprob] = []
        self.response = reply.response("in_progress", [])

    def begin(self) -> list[JsonObject]:
        return [
            self._event("response.created", response=self.response),
            self._event("response.in_progress", response=self.response),
        ]

    def encode(self, said: Piece | ToolCall | Finish) -> list[JsonObject]:
        match said:
            case Piece():
                return self._piece(said) if said.text or said.logprobs else []
            case ToolCall():
                return [*self._close("completed"), *self._call(said)]
            case Finish():
                return self._finish(said)
        assert_never(said)

    def fail(self, what: Fault) -> list[JsonObject]:
        """The end of an answer that fails under way, or while a stream that is open already waits for it."""
        beginning = [] if self._count else self.begin()
        error = self._event("error", code=what.code, message=what.message, param=what.param)
        if self._pieces is not None:
            self._end_message("incomplete")
        self.response = self._reply.response("failed", self._output, failure=what)
        return [*beginning, error, self._event("response.failed", response=self.response)]

    def _piece(self, piece: Piece) -> list[JsonObject]:
        opening = self._open()
        assert self._pieces is not None
        self._pieces.append(piece.text)
        self._logprobs.extend(piece.logprobs)
        logprobs = each(piece.logprobs, _token)
        delta = self._event("response.output_text.delta", **self._place, delta=piece.text, logprobs=logprobs)
        return [*opening, delta]

    def _call(self, call: ToolCall) -> list[JsonObject]:
        index = len(self._output)
        begun = self._reply.call(index, "in_progress", call, "")
        done = self._reply.call(index, "completed", call, call.arguments)
        self._output.append(done)
        where = {"item_id": done["id"], "output_index": index}
        return [
            self._event("response.output_item.added", output_index=index, item=begun),
            self._event("response.function_call_arguments.delta", **where, delta=call.arguments),
            self._event("response.function_call_arguments.done", **where, name=call.name, arguments=call.arguments),
            self._event("response.output_item.done", output_index=index, item=done),
        ]

    def _finish(self, finish: Finish) -> list[JsonObject]:
        incomplete = incomplete_reason(finish.reason)
        status: Status = "incomplete" if incomplete else "completed"
        opening = [] if self._output or self._pieces is not None else self._open()  # an empty answer is a message too
        closing = self._close(status)
        self.response = self._reply.response(
            status,
            self._output,
            finish=finish,
            incomplete=incomplete,
            completed_at=None if incomplete else int(self._now()),
        )
        return [*opening, *closing, self._event(f"response.{status}", response=self.response)]

    def _open(self) -> list[JsonObject]:
        if self._pieces is not None:
            return []
        self._pieces = []
        index = len(self._output)
        item = self._reply.message(index, "in_progress", [])
        return [
            self._event("response.output_item.added", output_index=index, item=item),
            self._event("response.content_part.added", **self._place, part=text_part("")),
        ]

    def _close(self, status: Status) -> list[JsonObject]:
        if self._pieces is None:
            return []
        place, logprobs = self._place, each(self._logprobs, _token)
        item = self._end_message(status)
        (part,) = item["content"]
        return [
            self._event("response.output_text.done", **place, text=part["text"], logprobs=logprobs),
            self._event("response.content_part.done", **place, part=part),
            self._event("response.output_item.done", output_index=place["output_index"], item=item),
        ]

    def _end_message(self, status: Status) -> JsonObject:
        text = "".join(self._pieces or ())
        item = self._reply.message(len(self._output), status, [text_part(text, self._logprobs)])
        self._pieces, self._logprobs = None, []
        self._output.append(item)
        return item

    @property
    def _place(self) -> JsonObject:
        """Where the text of the open message stands."""
        index = len(self._output)
        item_id = self._reply.message(index, "in_progress", [])["id"]
        return {"item_id": item_id, "output_index": index, "content_index": 0}

    def _event(self, kind: str, **rest: object) -> JsonObject:
        event = {"type": kind, "sequence_number": self._count, **rest}
        self._count += 1
        return event


def _token(one: Logprob) -> JsonObject:
    """A log probability as events tell it, which is less than the finished part tells."""
    top = [{"token": other.token, "logprob": other.logprob} for other in one.top]
    return {"token": one.token, "logprob": one.logprob, "top_logprobs": top}


async def frames(events: Iterable[JsonObject]) -> bytes:
    """Server-sent events, named by their type."""
    return b"".join([_frame(event, await encoded(event, separators=(",", ":"))) for event in events])


def last_frames(events: Iterable[JsonObject]) -> bytes:
    """The same at once, for a stream that fails."""
    return b"".join(_frame(event, "".join(pieces(event, separators=(",", ":"))).encode()) for event in events)


def _frame(event: JsonObject, data: bytes) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (event["type"].encode(), data)
