// The page as a whole: pictures and a question go in, an answer comes out, and the panels say how it went.

import { answer } from "./answer.js";
import { ApiError, getJson } from "./api.js";
import { AskKey } from "./ask_key.js";
import { Code } from "./code.js";
import { imagePart, messagesOf } from "./conversation.js";
import { byId, show, write } from "./dom.js";
import { count, rate, seconds } from "./figures.js";
import { Status } from "./status.js";
import { exchangeItem } from "./transcript.js";
import { Tray } from "./tray.js";
import { nextStep } from "./words.js";

let exchanges = [];
let running = null; // the AbortController of the answer on its way
let model = { name: "", contextTokens: null };
let lacksKey = false; // then only a person's doing asks the server again, as it counts failed tries

const code = new Code();
const tray = new Tray({ onChange: drawComposer, onTrouble: (message) => tell(message, "Choose a JPEG, PNG, WebP, GIF or BMP.") });
const askKey = new AskKey({
  onKey: () => {
    lacksKey = false;
    learnModel();
  },
});
new Status({ onHealth: followHealth, onKeyWanted: (error) => askKey.open(error, { isAsked: false }) });

byId("composer").onsubmit = (event) => {
  event.preventDefault();
  askNow();
};
byId("again").onclick = () => byId("composer").requestSubmit();
byId("stop").onclick = () => running?.abort();
byId("question").onkeydown = (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  byId("composer").requestSubmit();
};
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !document.querySelector("dialog[open]")) running?.abort();
});
byId("start-over").onclick = () => startOver([]);
byId("same-pictures").onclick = () => startOver([...exchanges.flatMap(({ pictures }) => pictures), ...tray.pictures]);
for (const preset of document.querySelectorAll(".preset")) preset.onclick = () => fill(preset.dataset.question);

// A question to start from; what stands in brackets is chosen, to be typed over.
function fill(template) {
  const field = byId("question");
  const start = template.indexOf("[");
  field.value = template.replace(/[[\]]/g, "");
  field.focus();
  if (start >= 0) field.setSelectionRange(start, template.indexOf("]") - 1);
}

async function askNow() {
  const question = byId("question").value.trim();
  if (running || !question) return;
  running = new AbortController();
  await tray.settled();
  const isFine = byId("fine").checked;
  const exchange = { pictures: tray.pictures.map((shown) => ({ ...shown, isFine })), question, answer: "" };
  const asked = [...exchanges, exchange];
  byId("question").value = "";
  tray.put([]);
  quiet();
  const item = exchangeItem(exchange);
  swap("submit", "stop");
  drawComposer();
  write(byId("said"), "Asking.");
  code.show({ model: model.name, exchanges: asked });
  await follow(exchange, item, asked);
  running = null;
  swap("stop", "submit");
  drawComposer();
}

// One answer to its end, whichever that is. What has no word of an answer goes back where it came from.
async function follow(exchange, item, asked) {
  let firstTokenS = null;
  const onText = (text, afterS) => {
    firstTokenS = afterS;
    exchange.answer += text;
    item.add(text);
  };
  const body = { model: model.name, messages: messagesOf(asked, imagePart) };
  try {
    const figures = await answer(body, { signal: running.signal, onText });
    exchanges = asked;
    item.end(figures);
    showFigures(figures);
    write(byId("said"), `Answer: ${exchange.answer}`);
  } catch (error) {
    const isStopped = error.name === "AbortError";
    if (!isStopped && !(error instanceof ApiError)) throw error;
    const ending = { firstTokenS, tokensPerS: null, usage: null, isSimulated: false };
    if (exchange.answer) item.end({ ...ending, finishReason: isStopped ? "stopped" : "failed" });
    else item.remove();
    if (isStopped && exchange.answer) exchanges = asked;
    else giveBack(exchange);
    if (isStopped) write(byId("said"), "Stopped.");
    else fail(error);
  }
}

function giveBack({ pictures, question }) {
  byId("question").value ||= question;
  tray.put([...pictures, ...tray.pictures]);
}

function fail(error) {
  tell(error.message, nextStep(error), { canTryAgain: true });
  if (error.status === 401) askKey.open(error, { isAsked: true });
}

function tell(message, next, { canTryAgain = false } = {}) {
  write(byId("trouble-message"), message);
  write(byId("trouble-next"), next);
  show(byId("again"), canTryAgain);
  show(byId("trouble"), true);
}

const quiet = () => show(byId("trouble"), false);

function startOver(pictures) {
  for (const { url } of exchanges.flatMap((exchange) => exchange.pictures)) {
    if (!pictures.some((kept) => kept.url === url)) URL.revokeObjectURL(url);
  }
  exchanges = [];
  byId("exchanges").replaceChildren();
  code.clear();
  quiet();
  tray.put(pictures);
  byId("question").focus();
}

function showFigures({ firstTokenS, tokensPerS, usage }) {
  write(byId("first-token"), firstTokenS === null ? "–" : seconds(firstTokenS));
  write(byId("speed"), tokensPerS === null ? "–" : `${rate(tokensPerS)} tokens/s`);
  if (usage === null) return;
  const most = model.contextTokens;
  write(byId("context"), `${count(usage.total_tokens)} ${most ? `of ${count(most)} ` : ""}tokens`);
  byId("context-bar").max = most ?? usage.total_tokens;
  byId("context-bar").value = usage.total_tokens;
}

function drawComposer() {
  const hasBegun = byId("exchanges").children.length > 0;
  show(byId("talk-head"), hasBegun);
  show(byId("welcome"), !hasBegun && tray.pictures.length === 0);
  for (const id of ["same-pictures", "start-over"]) byId(id).disabled = running !== null;
  document.body.classList.toggle("has-begun", hasBegun);
  byId("question").placeholder = hasBegun && tray.pictures.length === 0 ? "Ask more about it" : "Ask about it";
}

// Focus stays with the one place that starts and stops an answer.
function swap(from, to) {
  const hadFocus = document.activeElement === byId(from);
  show(byId(from), false);
  show(byId(to), true);
  if (hadFocus) byId(to).focus();
}

function followHealth(health) {
  if (lacksKey) return;
  if (model.name !== health.model || (health.ready && model.contextTokens === null)) learnModel(health.model);
}

async function learnModel(name = model.name) {
  model = { ...model, name };
  write(byId("model"), name);
  try {
    const { data } = await getJson("v1/models");
    const entry = data.find(({ id }) => id === name);
    model = { name, contextTokens: entry?.max_model_len ?? null };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    lacksKey = error.status === 401;
    if (lacksKey) askKey.open(error, { isAsked: false });
  }
}
