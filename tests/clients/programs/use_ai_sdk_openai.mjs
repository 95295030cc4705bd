// Vercel's AI SDK with its OpenAI provider (chat and Responses) and its provider for those who are compatible with OpenAI.
// Arguments: URL MODEL; stdin: the picture.
import assert from "node:assert";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(`${process.cwd()}/`);
const { createOpenAI } = require("@ai-sdk/openai");
const { createOpenAICompatible } = require("@ai-sdk/openai-compatible");
const { APICallError, generateObject, generateText, stepCountIs, streamText, tool } = require("ai");
const { z } = require("zod");

globalThis.AI_SDK_LOG_WARNINGS = false;
const [url, name] = process.argv.slice(2);
const image = Buffer.from(readFileSync(0, "utf8").split(",")[1], "base64");
const content = [{ type: "image", image }, { type: "text", text: "What colours are in this photo?" }];
const tools = {
  get_weather: tool({
    description: "Get the weather of a city.",
    inputSchema: z.object({ city: z.string() }),
    execute: async ({ city }) => `rain in ${city}`,
  }),
};

async function tryAll(provider) {
  const common = { model: provider(name), maxOutputTokens: 100, maxRetries: 0 };
  const asked = { ...common, messages: [{ role: "user", content }] };
  const whole = await generateText(asked);
  assert.match(whole.text, /blue/);
  assert.equal(whole.finishReason, "stop");
  assert.ok(whole.usage.inputTokens > 144);
  const stream = streamText(asked);
  let text = "";
  for await (const piece of stream.textStream) text += piece;
  assert.equal(text, whole.text);
  assert.equal((await stream.usage).outputTokens, whole.usage.outputTokens);

  const found = await generateObject({ ...asked, schema: z.object({ is_dark: z.boolean() }) });
  assert.equal(typeof found.object.is_dark, "boolean");

  const prompt = "What is the weather in Paris?";
  const answer = await generateText({ ...common, prompt, tools, stopWhen: stepCountIs(3) });
  assert.match(answer.text, /rain in Paris/);

  await assert.rejects(generateText({ ...asked, model: provider("no-such-model") }), (error) => {
    assert.ok(APICallError.isInstance(error));
    assert.equal(error.statusCode, 404);
    assert.match(error.message, /no-such-model/);
    return true;
  });
}

const settings = { baseURL: `${url}/v1`, apiKey: "unused" };
const openai = createOpenAI(settings);
await tryAll((id) => openai.chat(id));
await tryAll((id) => openai.responses(id));
// The two flags of docs/integrations.md: without them a schema is not sent, and a stream has no usage.
await tryAll(createOpenAICompatible({ ...settings, name: "pi", supportsStructuredOutputs: true, includeUsage: true }));
console.log("ok");
