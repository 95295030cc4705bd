// One answer from the first byte to the last, and what was measured on the way.

import { ask } from "./api.js";

// Calls `onText` with each piece. Gives { firstTokenS, tokensPerS, usage, finishReason, isSimulated, engine }.
export async function answer(body, { signal, onText }) {
  const askedAt = performance.now();
  const seen = { firstAt: null, lastAt: null, usage: null, toldPerS: null, finishReason: null, isSimulated: false };
  const { engine, chunks } = await ask(body, signal);
  for await (const chunk of chunks) {
    seen.usage = chunk.usage ?? seen.usage;
    seen.toldPerS = chunk.performance?.tokens_per_second ?? seen.toldPerS;
    seen.isSimulated ||= (chunk.system_fingerprint ?? "").includes("-simulated-");
    for (const choice of chunk.choices) {
      seen.finishReason = choice.finish_reason ?? seen.finishReason;
      if (!choice.delta?.content) continue;
      seen.lastAt = performance.now();
      seen.firstAt ??= seen.lastAt;
      onText(choice.delta.content, (seen.firstAt - askedAt) / 1000);
    }
  }
  return {
    firstTokenS: seen.firstAt === null ? null : (seen.firstAt - askedAt) / 1000,
    tokensPerS: tokensPerS(seen),
    usage: seen.usage,
    finishReason: seen.finishReason,
    isSimulated: seen.isSimulated,
    engine,
  };
}

// The server's own figure where it gives one; else what was seen here, unless it came at once and tells nothing.
function tokensPerS({ usage, toldPerS, firstAt, lastAt }) {
  if (toldPerS !== null) return toldPerS;
  const decodeS = (lastAt - firstAt) / 1000;
  return usage !== null && usage.completion_tokens > 1 && decodeS >= 0.05 ? (usage.completion_tokens - 1) / decodeS : null;
}
