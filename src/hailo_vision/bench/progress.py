"""The progress of a bench: a line that is rewritten on a terminal, and no output elsewhere."""

from typing import TextIO

from hailo_vision.bench import words
from hailo_vision.bench.sample import Sample

_BAR = 24


class Progress:
    def __init__(self, out: TextIO, questions: int) -> None:
        self._out = out if out.isatty() else None
        self._questions = questions

    def show(self, phase: str, finished: int, sample: Sample) -> None:
        self._write(line(phase, finished, self._questions, sample))

    def end(self) -> None:
        self._write("")

    def _write(self, text: str) -> None:
        if self._out:
            self._out.write(f"\r\x1b[K{text}")
            self._out.flush()


def line(phase: str, finished: int, questions: int, last: Sample) -> str:
    filled = _BAR * finished // questions
    outcome = last.error or words.seconds(last.total_s)
    return f"[{'#' * filled}{'.' * (_BAR - filled)}] {finished} of {questions} {phase}, the last: {outcome}"
