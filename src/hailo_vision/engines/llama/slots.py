"""Which slot of llama.cpp answers for which client, so that no client's prompt is reused for another one. Pure.

llama.cpp keeps the last prompt of each slot, and in `prompt_cache_mib` of memory more of them. A prompt that begins as
a kept one is read faster and counted in `cached_tokens`: a client could guess letter by letter what another has asked.
"""

from dataclasses import dataclass

Options = dict[str, bool | int]


@dataclass(slots=True, kw_only=True)
class _Slot:
    client: str | None = None
    is_busy: bool = False
    used: int = 0  # the number of its last generation


class Slots:
    """The slots of one child. As long as one client alone has asked, llama.cpp chooses the slot and uses its cache.

    From the second client on each generation names its slot, which also keeps llama.cpp from looking into the cache.
    """

    def __init__(self, count: int) -> None:
        self._slots = [_Slot() for _ in range(count)]
        self._generations = 0
        self._only_client: str | None = None
        self._is_shared = False

    def take(self, client: str | None) -> tuple[int | None, Options]:
        """The slot to give back with `leave`, and the options of the request."""
        if not self._generations:
            self._only_client = client
        self._generations += 1
        if not self._is_shared and client == self._only_client:
            return None, {"cache_prompt": True}
        self._share()
        number = min(range(len(self._slots)), key=lambda number: self._cost(self._slots[number], client))
        slot = self._slots[number]
        options: Options = {"id_slot": number, "cache_prompt": slot.client == client and not slot.is_busy}
        slot.client, slot.is_busy, slot.used = client, True, self._generations
        return number, options

    def leave(self, number: int | None) -> None:
        if number is not None:
            self._slots[number].is_busy = False

    def _share(self) -> None:
        """A second client has come: whatever the slots hold is the first one's."""
        if not self._is_shared:
            self._is_shared = True
            for slot in self._slots:
                slot.client = self._only_client

    @staticmethod
    def _cost(slot: _Slot, client: str | None) -> tuple[bool, bool, int]:
        """A free slot first, then one that holds this client's prompt, then the one that was used least recently."""
        return slot.is_busy, slot.client != client, slot.used
