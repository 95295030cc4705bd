"""Results made by hand, for what is done with them."""

from hailo_vision.bench.figures import figures
from hailo_vision.bench.result import Phase, Result, Vitals
from hailo_vision.bench.sample import Sample


def sample(number: int = 0, *, total_s: float = 2.0, error: str | None = None, **told: float) -> Sample:
    if error:
        return Sample(number=number, started_s=number * 2.0, total_s=total_s, error=error)
    known = {"ttft_s": 0.9, "decode_s": total_s - 0.9, **told}
    return Sample(
        number=number,
        started_s=number * 2.0,
        total_s=total_s,
        ttft_s=known["ttft_s"],
        decode_s=known["decode_s"],
        prefill_s=known.get("prefill_s"),
        prompt_tokens=100,
        cached_tokens=0,
        completion_tokens=int(known.get("completion_tokens", 10)),
    )


def phase(*samples: Sample, name: str = "sequential", clients: int = 1) -> Phase:
    whole = [one for one in samples if one.error is None]
    errors = {one.error: 1 for one in samples if one.error}
    return Phase(
        name=name,
        clients=clients,
        questions=len(samples),
        answered=len(whole),
        wall_s=20.0,
        errors=errors,
        completion_tokens=10 * len(whole),
        throughput_tokens_per_s=0.5 * len(whole),
        npu_busy_share=0.93,
        cpu_busy_share=None,
        before=Vitals(daemon_bytes=51_000_000, worker_bytes=46_000_000, worker_restarts=0, temperature_c=47.0),
        after=Vitals(daemon_bytes=52_000_000, worker_bytes=47_000_000, worker_restarts=1, temperature_c=61.5),
        figures=figures(samples),
        samples=samples,
    )


def result(*phases: Phase, model: str = "qwen2-vl-2b-instruct", runtime: str = "hailo") -> Result:
    return Result(
        made_at="2026-11-21 09:00:00 UTC",
        url="http://pi:11435",
        model=model,
        load_s=9.71,
        plan={"questions": 10, "clients": 1, "max_tokens": 64, "prompts": ["Hi"], "pictures": "none"},
        versions={"server": "0.1.0", "runtime": runtime, "runtime_version": "5.1.1", "firmware": None},
        phases=phases or (phase(*(sample(number) for number in range(10))),),
    )
