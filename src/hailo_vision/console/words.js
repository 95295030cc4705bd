// What to do about an error, and what a state is called. Pure.

const NEXT_STEPS = {
  no_answer: "Look whether the daemon runs and whether this device is still on its network, then try again.",
  broken_off: "The daemon may have been stopped or restarted. Try again.",
  queue_full: "Others are being answered. Try again in a moment.",
  model_loading: "It can take a minute after a start. The state above turns to Ready.",
  draining: "The daemon is being stopped or restarted. Try again when the state above says Ready.",
  device_unavailable: "“hailo-vision doctor” on the server says what is wrong with the chip.",
  generation_timeout: "Try again when fewer wait, or ask for a shorter answer.",
  generation_failed: "Try again. If it fails each time, the daemon's log says why.",
  context_length_exceeded: "Ask it as a new question about the same pictures, or with fewer of them.",
  request_too_large: "Remove a picture and try again.",
  invalid_api_key: "Check the key with the server's operator.",
};

// One sentence on what to do next. Never empty: who reads an error wants to go on.
export function nextStep({ code, status, retryAfterS }) {
  if (code === "queue_full" && retryAfterS) return `Others are being answered. Try again in ${retryAfterS} s.`;
  if (NEXT_STEPS[code]) return NEXT_STEPS[code];
  if (status >= 500 || status === 429) return "Try again in a moment. If it stays so, the daemon's log says why.";
  return "Change the question or the pictures, then try again.";
}

const STATES = {
  ready: ["Ready", "good"],
  busy: ["Answering", "busy"],
  starting: ["Loading the model", "waiting"],
  loading: ["Loading the model", "waiting"],
  unloaded: ["Asleep, a question wakes it", "good"],
  stopping: ["Stopping", "waiting"],
  stopped: ["Stopped", "bad"],
  draining: ["Stopping", "waiting"],
  failed: ["Not available", "bad"],
  device_unavailable: ["Not available", "bad"],
};

// What /health says as a word and a mood. Without an answer of it the server is away.
export function stateOf(health) {
  if (health === null) return ["No answer", "bad"];
  if (health.ready && health.engines?.[0]?.ready === false) return ["Ready, by the fallback", "good"];
  return STATES[health.state === "unloaded" ? "unloaded" : (health.reason ?? health.state)] ?? [health.state, "waiting"];
}

// Whether a model is still being loaded, so that a question for it waits. `health` is null when the server is away.
export function isLoading(health, model) {
  if (health === null) return false;
  const { reason } = health.models?.find((one) => one.model === model) ?? health;
  return reason === "loading";
}

// Where pictures and words go: another server may answer for this one.
export const whither = (asksAnother) =>
  asksAnother
    ? "What you send goes to this server, which may ask another server for the answer."
    : "What you send goes to this server and nowhere else.";

export const tooMany = (count, most) =>
  `The model takes ${most} ${most === 1 ? "picture" : "pictures"} in a conversation, and there are ${count}. ` +
  "Remove some, or start over.";
