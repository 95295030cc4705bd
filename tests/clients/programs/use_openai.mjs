// openai for Node: whole, streamed by its helper, .parse() with zod, runTools. Arguments: URL MODEL; stdin: the picture.
import assert from "node:assert";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(`${process.cwd()}/`);
const { OpenAI } = require("openai");
const { zodResponseFormat } = require("openai/helpers/zod");
const { z } = require("zod");

const [url, model] = process.argv.slice(2);
const picture = readFileSync(0, "utf8");
const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: "unused", maxRetries: 0 });
const content = [
  { type: "text", text: "What colours are in this photo?" },
  { type: "image_url", image_url: { url: picture } },
];
const messages = [{ role: "user", content }];

const whole = await client.chat.completions.create({ model, messages });
assert.match(whole.choices[0].message.content, /blue/);

const stream = client.chat.completions.stream({ model, messages, n: 2, stream_options: { include_usage: true } });
const final = await stream.finalChatCompletion();
assert.equal(final.choices[0].message.content, whole.choices[0].message.content);
assert.equal(final.choices.length, 2);
assert.equal(final.usage.prompt_tokens, whole.usage.prompt_tokens);

const Found = z.object({ is_dark: z.boolean(), description: z.string().max(80) });
const parsed = await client.chat.completions.parse({
  model, messages, response_format: zodResponseFormat(Found, "found"),
});
assert.equal(typeof parsed.choices[0].message.parsed.is_dark, "boolean");

const cities = [];
const runner = client.chat.completions.runTools({
  model,
  messages: [{ role: "user", content: "What is the weather in Paris?" }],
  stream: true,
  tools: [{
    type: "function",
    function: {
      name: "get_weather",
      parse: JSON.parse,
      function: ({ city }) => { cities.push(city); return `rain in ${city}`; },
      parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
    },
  }],
});
assert.match(await runner.finalContent(), /rain in Paris/);
assert.deepEqual(cities, ["Paris"]);

await assert.rejects(client.chat.completions.create({ model, messages, n: 9 }), (error) => {
  assert.equal(error.status, 400);
  assert.equal(error.param, "n");
  return true;
});
console.log("ok");
