// The last minutes of what /health said. Pure: times come with the samples.

const SPAN_S = 300;
const RATE_OVER_S = 60;
const GAP_S = 10; // after which nobody knows what was between: the page was in the background

export class History {
  #samples = [];

  // `queue` and `tokens` are counts, `temperature` is null where the chip did not tell.
  add(sample) {
    const last = this.#samples.at(-1);
    const isRestarted = last !== undefined && sample.tokens < last.tokens;
    this.#samples = isRestarted ? [sample] : this.#samples.filter(({ atS }) => atS > sample.atS - SPAN_S - RATE_OVER_S);
    if (!isRestarted) this.#samples.push(sample);
  }

  queue = () => this.#series(({ queue }) => queue);

  temperature = () => this.#series(({ temperature }) => temperature);

  // Tokens a second over the minute before each sample. An answer counts when it ends, so less would show its end alone.
  rate = () => this.#series((sample) => this.#rateAt(sample));

  #rateAt(sample) {
    const first = this.#samples.find(({ atS }) => atS >= sample.atS - RATE_OVER_S);
    const elapsedS = sample.atS - first.atS;
    return elapsedS > 0 ? (sample.tokens - first.tokens) / Math.max(elapsedS, RATE_OVER_S / 2) : 0;
  }

  // Points { agoS, value, isAfterGap } of the span, oldest first.
  #series(valueOf) {
    const now = this.#samples.at(-1)?.atS ?? 0;
    const recent = this.#samples.filter(({ atS }) => atS >= now - SPAN_S);
    let before = null;
    return recent.flatMap((sample) => {
      const value = valueOf(sample);
      if (value === null) return [];
      const isAfterGap = before === null || sample.atS - before > GAP_S;
      before = sample.atS;
      return [{ agoS: now - sample.atS, value, isAfterGap }];
    });
  }
}

export const spanS = SPAN_S;
