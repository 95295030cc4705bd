"""Runs the phases of a bench: one client asks the questions in sequence, then several clients ask concurrently."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial

from hailo_vision.bench.figures import figures
from hailo_vision.bench.question import Plan
from hailo_vision.bench.result import Phase, Vitals, share
from hailo_vision.bench.sample import Ask, Clock, Sample, measure

Look = Callable[[], Awaitable[Vitals]]
Report = Callable[[str, int, Sample], None]


async def run(plan: Plan, ask: Ask, look: Look, report: Report, *, clock: Clock = time.perf_counter) -> list[Phase]:
    """Both phases, the second only with more than one client. `report` is called for each sample."""
    phase_plans = [("sequential", 1), *([("concurrent", plan.clients)] if plan.clients > 1 else [])]
    phases = []
    for index, (name, clients) in enumerate(phase_plans):
        numbers = iter(range(index * plan.questions, (index + 1) * plan.questions))
        before, begun_s = await look(), clock()
        samples = await ask_all(plan, ask, numbers, clients, clock, partial(report, name))
        wall_s, after = clock() - begun_s, await look()
        phases.append(_summed_up(name, clients, samples, wall_s, before, after))
    return phases


async def ask_all(
    plan: Plan,
    ask: Ask,
    numbers: Iterator[int],
    clients: int,
    clock: Clock,
    report: Callable[[int, Sample], None],
) -> list[Sample]:
    """The questions of these numbers, by so many clients; each asks the next one when its last is answered."""
    samples: list[Sample] = []
    begun_s = clock()

    async def client() -> None:
        for number in numbers:
            question = await asyncio.to_thread(plan.question, number)
            samples.append(await measure(ask, question, clock, begun_s))
            report(len(samples), samples[-1])

    async with asyncio.TaskGroup() as tasks:
        for _ in range(clients):
            tasks.create_task(client())
    return samples


def _summed_up(
    name: str, clients: int, samples: Sequence[Sample], wall_s: float, before: Vitals, after: Vitals
) -> Phase:
    whole = [sample for sample in samples if sample.error is None]
    tokens = sum(sample.completion_tokens or 0 for sample in whole)
    return Phase(
        name=name,
        clients=clients,
        questions=len(samples),
        answered=len(whole),
        wall_s=wall_s,
        errors=dict(Counter(sample.error for sample in samples if sample.error is not None).most_common()),
        completion_tokens=tokens,
        throughput_tokens_per_s=tokens / wall_s if wall_s > 0 else 0.0,
        npu_busy_share=share(before.npu_busy_s, after.npu_busy_s, wall_s),
        cpu_busy_share=share(before.cpu_busy_s, after.cpu_busy_s, (after.cpu_s or 0.0) - (before.cpu_s or 0.0)),
        before=before,
        after=after,
        figures=figures(samples),
        samples=tuple(sorted(samples, key=lambda sample: sample.started_s)),
    )
