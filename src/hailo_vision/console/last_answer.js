// The panel with the figures of the last answer.

import { byId, write } from "./dom.js";
import { count, rate, seconds } from "./figures.js";

export function showFigures({ firstTokenS, tokensPerS, usage }, contextTokens) {
  write(byId("first-token"), firstTokenS === null ? "–" : seconds(firstTokenS));
  write(byId("speed"), tokensPerS === null ? "–" : `${rate(tokensPerS)} tokens/s`);
  if (usage === null) return;
  write(byId("context"), `${count(usage.total_tokens)} ${contextTokens ? `of ${count(contextTokens)} ` : ""}tokens`);
  byId("context-bar").max = contextTokens ?? usage.total_tokens;
  byId("context-bar").value = usage.total_tokens;
}
