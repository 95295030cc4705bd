// The server's API: what is asked of it, and its errors.

import { key } from "./key.js";
import { events } from "./sse.js";

// An error in the server's words. `code` is its stable name, `retryAfterS` when to try again, where it says so.
export class ApiError extends Error {
  constructor(message, { status = 0, code = null, retryAfterS = null } = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.retryAfterS = retryAfterS;
  }
}

export const address = (path) => new URL(path, document.baseURI).href;

export async function getJson(path, signal) {
  const response = await fetched(path, { headers: headers(), cache: "no-store", signal });
  return response.json();
}

// A streamed answer: the engine that gives it, where the server says so, and its chunks.
export async function ask(body, signal) {
  const response = await fetched("v1/chat/completions", {
    method: "POST",
    headers: { ...headers(), "Content-Type": "application/json" },
    body: JSON.stringify({ ...body, stream: true, stream_options: { include_usage: true } }),
    signal,
  });
  return { engine: response.headers.get("x-hailo-vision-engine"), chunks: chunksOf(response) };
}

// Ends at [DONE] alone; all else is an ApiError, or an AbortError when the request was stopped.
async function* chunksOf(response) {
  try {
    for await (const data of events(response.body)) {
      if (data === "[DONE]") return;
      const chunk = JSON.parse(data);
      if (chunk.error) throw new ApiError(chunk.error.message, { status: 500, code: chunk.error.code });
      yield chunk;
    }
  } catch (error) {
    if (error instanceof ApiError || error.name === "AbortError") throw error;
    throw brokenOff();
  }
  throw brokenOff();
}

async function fetched(path, options) {
  let response;
  try {
    response = await fetch(address(path), options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("The server did not answer.", { code: "no_answer" });
  }
  if (response.ok) return response;
  throw await refusal(response);
}

async function refusal(response) {
  let error = {};
  try {
    error = (await response.json()).error ?? {};
  } catch {
    // Not ours: a proxy's page, say.
  }
  return new ApiError(error.message ?? `The server answered with status ${response.status}.`, {
    status: response.status,
    code: error.code ?? null,
    retryAfterS: Number(response.headers.get("Retry-After")) || null,
  });
}

const brokenOff = () => new ApiError("The connection ended before the answer did.", { code: "broken_off" });

const headers = () => (key() ? { Authorization: `Bearer ${key()}` } : {});
