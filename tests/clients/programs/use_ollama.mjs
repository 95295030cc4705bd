// ollama for Node: chat, generate, streams, pictures, a schema, tools, list, show, ps, pull, errors, abort in mid-stream.
// Arguments: URL MODEL; stdin: the picture.
import assert from "node:assert";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(`${process.cwd()}/`);
const { Ollama } = require("ollama");

const [url, model] = process.argv.slice(2);
const images = [readFileSync(0, "utf8").split(",")[1]];
const client = new Ollama({ host: url });
const messages = [{ role: "user", content: "What colours are in this photo?", images }];

const whole = await client.chat({ model, messages });
assert.match(whole.message.content, /blue/);
assert.equal(whole.done_reason, "stop");
assert.ok(whole.eval_count > 5 && whole.prompt_eval_count > 144 && whole.eval_duration > 0);

let text = "";
let last;
for await (last of await client.chat({ model: `${model}:latest`, messages, stream: true })) text += last.message.content;
assert.equal(text, whole.message.content);
assert.equal(last.eval_count, whole.eval_count);

const prompt = { model, prompt: "What colours are in this photo?", images };
const said = await client.generate(prompt);
assert.match(said.response, /blue/);
text = "";
for await (const part of await client.generate({ ...prompt, stream: true, keep_alive: "5m" })) text += part.response;
assert.equal(text, said.response);

const format = { type: "object", properties: { is_dark: { type: "boolean" } }, required: ["is_dark"] };
const formed = await client.chat({ model, messages, format });
assert.equal(typeof JSON.parse(formed.message.content).is_dark, "boolean");

const parameters = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const tools = [{ type: "function", function: { name: "get_weather", description: "Get the weather", parameters } }];
const talk = [{ role: "user", content: "What is the weather in Paris?" }];
const called = await client.chat({ model, messages: talk, tools });
assert.deepEqual(called.message.tool_calls.map((call) => call.function.arguments), [{ city: "Paris" }]);
talk.push(called.message, { role: "tool", tool_name: "get_weather", content: "rain in Paris" });
assert.match((await client.chat({ model, messages: talk, tools })).message.content, /rain in Paris/);

assert.deepEqual((await client.list()).models.map((one) => one.name), [`${model}:latest`]);
assert.ok((await client.show({ model })).capabilities.includes("vision"));
assert.equal((await client.ps()).models.length, 1);
assert.equal((await client.pull({ model })).status, "success");
assert.match((await client.version()).version, /^\d+\.\d+\.\d+$/);
await assert.rejects(client.chat({ model: "llava", messages }), { status_code: 404, message: /not found/ });
await assert.rejects(client.embed({ model, input: "x" }), /does not support embeddings/);

// On a busy machine a whole answer can be there before its first piece is read: then nothing is left to abort.
async function abortsInMidStream() {
  const left = await client.generate({ ...prompt, stream: true });
  try {
    for await (const _ of left) left.abort();
  } catch (error) {
    assert.equal(error.name, "AbortError");
    return true;
  }
  return false;
}
let aborted = false;
for (let tries = 0; tries < 20 && !aborted; tries += 1) aborted = await abortsInMidStream();
assert.ok(aborted);
assert.ok((await client.generate({ model, prompt: "Hello", stream: false })).done);
console.log("ok");
