// LangChain for Node, ChatOllama: whole, streamed, a schema, tools, errors. Arguments: URL MODEL; stdin: the picture.
import assert from "node:assert";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(`${process.cwd()}/`);
const { HumanMessage } = require("@langchain/core/messages");
const { tool } = require("@langchain/core/tools");
const { ChatOllama } = require("@langchain/ollama");
const { z } = require("zod");

const [url, model] = process.argv.slice(2);
const chat = new ChatOllama({ baseUrl: url, model, maxRetries: 0 });
const question = new HumanMessage({
  content: [
    { type: "text", text: "What colours are in this photo?" },
    { type: "image_url", image_url: { url: readFileSync(0, "utf8") } },
  ],
});

const whole = await chat.invoke([question]);
assert.match(whole.text, /blue/);
assert.ok(whole.usage_metadata.input_tokens > 144);
const pieces = [];
for await (const piece of await chat.stream([question])) pieces.push(piece.text);
assert.ok(pieces.length > 5);
assert.equal(pieces.join(""), whole.text);

const Found = z.object({ description: z.string(), is_dark: z.boolean() });
const found = await chat.withStructuredOutput(Found, { method: "jsonSchema" }).invoke([question]);
assert.equal(typeof found.is_dark, "boolean");

const getWeather = tool(({ city }) => `rain in ${city}`, {
  name: "get_weather",
  description: "Get the weather of a city.",
  schema: z.object({ city: z.string() }),
});
const agent = chat.bindTools([getWeather]);
const talk = [new HumanMessage("What is the weather in Paris?")];
const said = await agent.invoke(talk);
assert.deepEqual(said.tool_calls.map((call) => call.args), [{ city: "Paris" }]);
const results = await Promise.all(said.tool_calls.map((call) => getWeather.invoke(call)));
assert.match((await agent.invoke([...talk, said, ...results])).text, /rain in Paris/);

const wrong = new ChatOllama({ baseUrl: url, model: "no-such-model", maxRetries: 0 });
await assert.rejects(wrong.invoke("Hello!"), { message: /no-such-model.*not found/ });
console.log("ok");
