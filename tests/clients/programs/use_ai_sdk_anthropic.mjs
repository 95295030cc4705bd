// Vercel's AI SDK with its Anthropic provider, which checks each reply by a schema. Arguments: URL MODEL; stdin: the picture.
import assert from "node:assert";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(`${process.cwd()}/`);
const { createAnthropic } = require("@ai-sdk/anthropic");
const { generateObject, generateText, stepCountIs, streamText, tool } = require("ai");
const { z } = require("zod");

globalThis.AI_SDK_LOG_WARNINGS = false;
const [url, name] = process.argv.slice(2);
const image = Buffer.from(readFileSync(0, "utf8").split(",")[1], "base64");
const model = createAnthropic({ baseURL: `${url}/v1`, apiKey: "unused" })(name);
const content = [{ type: "image", image }, { type: "text", text: "What colours are in this photo?" }];
const asked = { model, messages: [{ role: "user", content }], maxOutputTokens: 100, maxRetries: 0 };

const whole = await generateText(asked);
assert.match(whole.text, /blue/);
assert.equal(whole.finishReason, "stop");
const stream = streamText(asked);
let text = "";
for await (const piece of stream.textStream) text += piece;
assert.equal(text, whole.text);
assert.equal((await stream.usage).inputTokens, whole.usage.inputTokens);

const found = await generateObject({ ...asked, schema: z.object({ is_dark: z.boolean() }) });
assert.equal(typeof found.object.is_dark, "boolean");

const answer = await generateText({
  model,
  prompt: "What is the weather in Paris?",
  maxOutputTokens: 100,
  maxRetries: 0,
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
console.log("ok");
