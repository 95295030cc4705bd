// Vercel's AI SDK with the community's provider for Ollama. Arguments: URL MODEL; stdin: the picture.
import assert from "node:assert";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(`${process.cwd()}/`);
const { APICallError, generateObject, generateText, stepCountIs, streamText, tool } = require("ai");
const { createOllama } = require("ollama-ai-provider-v2");
const { z } = require("zod");

globalThis.AI_SDK_LOG_WARNINGS = false;
const [url, name] = process.argv.slice(2);
const image = readFileSync(0, "utf8").split(",")[1]; // as text: a Buffer it would send as an object, which Ollama refuses too
const ollama = createOllama({ baseURL: `${url}/api` });
const common = { model: ollama(name), maxOutputTokens: 100, maxRetries: 0 };
const content = [{ type: "image", image }, { type: "text", text: "What colours are in this photo?" }];
const asked = { ...common, messages: [{ role: "user", content }] };

const whole = await generateText(asked);
assert.match(whole.text, /blue/);
assert.equal(whole.finishReason, "stop");
const stream = streamText(asked);
let text = "";
for await (const piece of stream.textStream) text += piece;
assert.equal(text, whole.text);
assert.equal((await stream.usage).outputTokens, whole.usage.outputTokens);

const found = await generateObject({ ...asked, schema: z.object({ is_dark: z.boolean() }) });
assert.equal(typeof found.object.is_dark, "boolean");

const answer = await generateText({
  ...common,
  prompt: "What is the weather in Paris?",
  stopWhen: stepCountIs(3),
  tools: {
    get_weather: tool({
      description: "Get the weather of a city.",
      inputSchema: z.object({ city: z.string() }),
      execute: async ({ city }) => `rain in ${city}`,
    }),
  },
});
assert.match(answer.text, /rain in Paris/);

await assert.rejects(generateText({ ...asked, model: ollama("no-such-model") }), (error) => {
  assert.ok(APICallError.isInstance(error));
  assert.equal(error.message, "Not Found"); // it shows the status, of Ollama's as of ours; the reason is in the body
  assert.match(JSON.parse(error.responseBody).error, /no-such-model/);
  return true;
});
console.log("ok");
