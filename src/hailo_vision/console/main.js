// The page as a whole: pictures and a question go in, an answer comes out, and the panels say how it went.

import { AskKey } from "./ask_key.js";
import { Code } from "./code.js";
import { Composer } from "./composer.js";
import { byId, write } from "./dom.js";
import { watchEnlarged } from "./enlarge.js";
import { showFigures } from "./last_answer.js";
import { Models } from "./models.js";
import { options, watchOptions } from "./options.js";
import { Saving } from "./save.js";
import { Status } from "./status.js";
import { Talk } from "./talk.js";
import { quiet, tell } from "./trouble.js";
import { nextStep } from "./words.js";

const CONTINUE = "Go on exactly where you stopped.";

const askKey = new AskKey({ onKey: () => models.learn() });
const models = new Models({
  onModel: () => composer.draw(),
  onKeyWanted: (error) => askKey.open(error, { isAsked: false }),
});
const talk = new Talk({
  models,
  on: {
    start: follow,
    end: finish,
    actions: { "Ask again": askAgain, "Edit the question": edit, Continue: goOn },
  },
});
const code = new Code();
const composer = new Composer({ talk, models });
const saving = new Saving({ conversation: () => talk.all });
const status = new Status({
  onHealth: (health) => {
    if (health !== null) models.follow(health);
    talk.follow(health);
  },
  onKeyWanted: (error) => askKey.open(error, { isAsked: false }),
});

watchOptions();
watchEnlarged();
byId("composer").onsubmit = (event) => {
  event.preventDefault();
  ask();
};
byId("again").onclick = () => byId("composer").requestSubmit();
byId("stop").onclick = () => talk.stop();
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !document.querySelector("dialog[open]")) talk.stop();
});
byId("save").onclick = () => saving.save();
byId("start-over").onclick = () => startOver([]);
byId("same-pictures").onclick = () => {
  startOver([...talk.exchanges.flatMap(({ pictures }) => pictures), ...composer.tray.pictures]);
};

async function ask() {
  if (talk.isRunning) return;
  const taken = await composer.take();
  if (taken === null || talk.isRunning) return;
  const { replacesLast, ...exchange } = taken;
  await talk.ask(exchange, options(), { replacesLast });
}

async function askAgain() {
  if (talk.isRunning) return;
  composer.stopEditing();
  await talk.ask(talk.exchanges.at(-1), options(), { replacesLast: true });
}

async function goOn() {
  if (!talk.isRunning) await talk.ask({ pictures: [], question: CONTINUE }, options());
}

function edit() {
  if (!talk.isRunning) composer.edit(talk.exchanges.at(-1));
}

function follow(request) {
  quiet();
  status.isAwaited = true;
  write(byId("said"), "Asking.");
  code.show(request);
  composer.draw();
}

// What has no word of an answer, or broke off, goes back where it came from.
function finish({ exchange, figures, error, isStopped }) {
  status.isAwaited = false;
  if (figures) {
    showFigures(figures, models.contextTokens);
    write(byId("said"), `Answer: ${exchange.answer}`);
  } else {
    if (!isStopped || !exchange.answer) composer.giveBack(exchange);
    if (isStopped) write(byId("said"), "Stopped.");
  }
  composer.draw();
  if (error && !isStopped) fail(error);
}

function fail(error) {
  tell(error.message, nextStep(error), { canTryAgain: true });
  if (error.status === 401) askKey.open(error, { isAsked: true });
}

function startOver(pictures) {
  for (const { url } of talk.exchanges.flatMap((exchange) => exchange.pictures)) {
    if (!pictures.some((kept) => kept.url === url)) URL.revokeObjectURL(url);
  }
  talk.forget();
  saving.forget();
  byId("exchanges").replaceChildren();
  code.clear();
  quiet();
  composer.startOver(pictures);
}
