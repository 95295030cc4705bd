// The folded options of a question: a system prompt, the longest answer and the temperature.

import { byId } from "./dom.js";

// What a person chose; null, or an empty text, where the server's own value is to be taken.
export function options() {
  return {
    system: byId("system").value.trim(),
    maxTokens: numberIn("max-tokens"),
    temperature: numberIn("temperature-choice"),
  };
}

// A field that the browser finds wrong is shown, so that it can say why.
export function watchOptions() {
  byId("options").addEventListener("invalid", () => (byId("options").open = true), { capture: true });
}

function numberIn(id) {
  const { value } = byId(id);
  return value === "" ? null : Number(value);
}
