"""How many tokens a prompt has, as the engine that would answer it counts them."""

from dataclasses import replace

from aiohttp import web

from hailo_vision.chat import Begun, Finish
from hailo_vision.errors import ContextLengthExceeded, GenerationFailed
from hailo_vision.http_api.web.exchange import exchange
from hailo_vision.http_api.web.surface import Dialect, finish_facts, prepared_facts, taking
from hailo_vision.serving.routing import Assigned


async def prompt_tokens(request: web.Request, dialect: Dialect[None]) -> int:
    """Have the prompt read and one token said after it, which is dropped: no engine has another way to count that is
    exact, with pictures, tools and its own template. A prompt that is too long was counted when it is refused.
    """
    about = exchange(request)
    async with taking(request, dialect) as taken:
        router, caller = taken.model.router, taken.caller
        assigned = await router.prepare(taken.parsed.requests[0], caller)
        about.facts.update(prepared_facts(assigned.prepared))
        del taken  # tens of megabytes of pictures need not wait with the job
    try:
        async with router.answer(_counted(assigned), caller) as events:
            async for event in events:
                if isinstance(event, Begun):
                    about.engine = event.engine
                elif isinstance(event.event, Finish):
                    about.facts.update(finish_facts(event.event))
                    return event.event.usage.prompt_tokens
    except ContextLengthExceeded as error:
        return error.prompt_tokens
    raise GenerationFailed("The engine did not count the prompt.")


def _counted(assigned: Assigned) -> Assigned:
    """Without what the answer must be, as it is no answer; and no turn is left out, as all of them are counted."""
    return replace(assigned, prepared=replace(assigned.prepared, requirements=None), drops_turns=False)
