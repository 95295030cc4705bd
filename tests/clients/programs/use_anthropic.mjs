// Anthropic's SDK for Node: whole, streamed by its helper, counted, tools, errors. Arguments: URL MODEL; stdin: the picture.
import assert from "node:assert";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(`${process.cwd()}/`);
const Anthropic = require("@anthropic-ai/sdk").default;

const [url, model] = process.argv.slice(2);
const data = readFileSync(0, "utf8").split(",")[1];
const client = new Anthropic({ baseURL: url, apiKey: "unused", maxRetries: 0 });
const content = [
  { type: "image", source: { type: "base64", media_type: "image/jpeg", data } },
  { type: "text", text: "What colours are in this photo?" },
];
const asked = { model, max_tokens: 100, messages: [{ role: "user", content }] };

const whole = await client.messages.create(asked);
assert.match(whole.content[0].text, /blue/);
assert.equal(whole.stop_reason, "end_turn");

const texts = [];
const stream = client.messages.stream(asked).on("text", (text) => texts.push(text));
const final = await stream.finalMessage();
assert.equal(final.content[0].text, whole.content[0].text);
assert.equal(texts.join(""), whole.content[0].text);
assert.equal(final.usage.output_tokens, whole.usage.output_tokens);
const used = final.usage.input_tokens + final.usage.cache_read_input_tokens;
const { max_tokens: _, ...prompt } = asked;
assert.equal((await client.messages.countTokens(prompt)).input_tokens, used);

const tools = [{
  name: "get_weather",
  description: "Get the weather of a city.",
  input_schema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
}];
const question = { role: "user", content: "What is the weather in Paris?" };
const called = await client.messages.stream({ model, max_tokens: 100, tools, messages: [question] }).finalMessage();
assert.equal(called.stop_reason, "tool_use");
const use = called.content.find((block) => block.type === "tool_use");
assert.deepEqual(use.input, { city: "Paris" });
const result = { type: "tool_result", tool_use_id: use.id, content: [{ type: "text", text: "rain in Paris" }] };
const messages = [question, { role: "assistant", content: called.content }, { role: "user", content: [result] }];
const answer = await client.messages.create({ model, max_tokens: 100, tools, messages });
assert.match(answer.content[0].text, /rain in Paris/);

await assert.rejects(client.messages.create({ ...asked, model: "no-such-model" }), (error) => {
  assert.ok(error instanceof Anthropic.NotFoundError);
  assert.equal(error.error.error.type, "not_found_error");
  assert.ok(error.requestID);
  return true;
});
const listed = [];
for await (const one of client.models.list()) listed.push(one.id);
assert.equal(listed[0], model);
console.log("ok");
