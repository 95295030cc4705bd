// LangChain for Node, ChatOpenAI on both of OpenAI's routes: whole, streamed, a schema, tools, errors.
// Arguments: URL MODEL; stdin: the picture.
import assert from "node:assert";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(`${process.cwd()}/`);
const { HumanMessage, ToolMessage } = require("@langchain/core/messages");
const { tool } = require("@langchain/core/tools");
const { ChatOpenAI } = require("@langchain/openai");
const { z } = require("zod");

const [url, model] = process.argv.slice(2);
const picture = readFileSync(0, "utf8");
const ours = { configuration: { baseURL: `${url}/v1` }, apiKey: "unused", model, maxRetries: 0 };
const question = new HumanMessage({
  content: [
    { type: "text", text: "What colours are in this photo?" },
    { type: "image_url", image_url: { url: picture } },
  ],
});
const getWeather = tool(({ city }) => `rain in ${city}`, {
  name: "get_weather",
  description: "Get the weather of a city.",
  schema: z.object({ city: z.string() }),
});

for (const useResponsesApi of [false, true]) {
  const chat = new ChatOpenAI({ ...ours, useResponsesApi });
  const whole = await chat.invoke([question]);
  assert.match(whole.text, /blue/);
  assert.ok(whole.usage_metadata.input_tokens > 144);
  const pieces = [];
  for await (const piece of await chat.stream([question])) pieces.push(piece);
  assert.ok(pieces.length > 5);
  assert.equal(pieces.map((piece) => piece.text).join(""), whole.text);
  const used = pieces.map((piece) => piece.usage_metadata).find((usage) => usage?.output_tokens);
  assert.equal(used.output_tokens, whole.usage_metadata.output_tokens);

  const Found = z.object({ description: z.string(), is_dark: z.boolean() });
  const found = await chat.withStructuredOutput(Found, { method: "jsonSchema" }).invoke([question]);
  assert.match(found.description, /blue/);

  const agent = chat.bindTools([getWeather]);
  const talk = [new HumanMessage("What is the weather in Paris?")];
  const said = await agent.invoke(talk);
  assert.deepEqual(said.tool_calls.map((call) => call.args), [{ city: "Paris" }]);
  const results = await Promise.all(said.tool_calls.map((call) => getWeather.invoke(call)));
  assert.ok(results.every((result) => result instanceof ToolMessage));
  assert.match((await agent.invoke([...talk, said, ...results])).text, /rain in Paris/);

  const wrong = new ChatOpenAI({ ...ours, useResponsesApi, model: "no-such-model" });
  await assert.rejects(wrong.invoke("Hello!"), { status: 404, message: /no-such-model/ });
}
console.log("ok");
