// Node-RED with the flow of docs/node-red-flow.json, imported as it is printed, and what its debug sidebar shows: the
// answer about a picture, a stream as lines, errors. Arguments: URL MODEL; stdin: the picture.
import assert from "node:assert";
import { on, once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const require = createRequire(`${process.cwd()}/`);
const RED = require("node-red");

const [url, model] = process.argv.slice(2);
const photo = Buffer.from(readFileSync(0, "utf8").split(",")[1], "base64");
const printed = readFileSync(new URL("../../../docs/node-red-flow.json", import.meta.url), "utf8");
assert.ok(printed.includes(`'${model}'`));
const flow = printed.replaceAll("http://127.0.0.1:11435", url);

const userDir = mkdtempSync(join(tmpdir(), "node-red-"));
process.on("exit", () => rmSync(userDir, { recursive: true }));
const logging = { console: { level: "error" } };
RED.init(createServer(), { userDir, logging, httpAdminRoot: false, httpNodeRoot: false });
const ready = once(RED.events, "flows:started");
await RED.start();
await ready;

// The import dialog puts what has no tab of its own on the one that is open.
const onTab = (text) => [{ id: "tab", type: "tab" }, ...JSON.parse(text).map((node) => ({ ...node, z: "tab" }))];
const shows = async (nodes, payload, isLast = () => true) => {
  const started = once(RED.events, "flows:started");
  await RED.runtime.flows.setFlows({ flows: { flows: nodes } });
  await started;
  const messages = on(RED.events, "comms");
  RED.nodes.getNode("hailo-ask").receive({ payload });
  const shown = [];
  for await (const [{ topic, data }] of messages) {
    if (topic === "debug") shown.push(data.msg);
    if (topic === "debug" && isLast(data)) return shown;
  }
};

const [whole] = await shows(onTab(flow), photo);
assert.match(whole, /blue/);
const [unknown] = await shows(onTab(flow.replace(`'${model}'`, "'no-such-model'")), photo);
assert.match(unknown, /'no-such-model' not found/);
const [unread] = await shows(onTab(flow), Buffer.from("no picture"));
assert.match(unread, /^Image 1 of 1 is /);

// Its http request node waits for the whole stream; a split and a json node then make a message of each line.
const streamed = onTab(flow.replace("stream: false", "stream: true")).map((node) =>
  node.type === "http request" ? { ...node, ret: "txt", wires: [["split"]] } : node);
const lines = [
  { id: "split", type: "split", splt: "\\n", spltType: "str", stream: true, wires: [["json"]] },
  { id: "json", type: "json", property: "payload", wires: [["hailo-answer"]] },
].map((node) => ({ ...node, z: "tab", x: 0, y: 0 }));
const pieces = await shows([...streamed, ...lines], photo, ({ format }) => format === "undefined");
assert.ok(pieces.length > 5);
assert.equal(pieces.slice(0, -1).join(""), whole); // the last line says how it ended, and has no text

await RED.stop();
console.log("ok");
process.exit(0);
