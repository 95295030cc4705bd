// The conversation on the page: one item for each exchange.

import { copy } from "./copy.js";
import { byId, make, show, write } from "./dom.js";
import { enlargeable } from "./enlarge.js";
import { count, rate, seconds } from "./figures.js";
import { prose } from "./prose.js";
import { placeAfter, waitingWords } from "./waiting.js";

const ENDS = {
  length: "cut at the longest answer allowed",
  stopped: "stopped",
  failed: "broken off",
};
const TICK_MS = 1000;

// One exchange as an item at the end of the list, with what belongs to an answer as it comes.
export class ExchangeItem {
  firstTokenS = null;
  #startedAt = performance.now();
  #clock = setInterval(() => this.#tick(), TICK_MS);
  #text = "";
  #place = null;
  #isLoading = false;
  #isDrawing = false;
  #answer = make("div", { className: "answer" });
  #facts = make("p", { className: "facts" });
  #waiting = make("p", { className: "waiting" });
  #actions = make("p", { className: "actions", hidden: true });

  // `actions` are what a person can do with the last answer, by the words of their buttons.
  constructor({ pictures, question }, actions) {
    this.pictures = pictures;
    this.actions = actions;
    this.element = make("li", { className: "exchange" });
    if (pictures.length) this.element.append(make("div", { className: "shown" }, ...pictures.map(shownPicture)));
    const title = make("h3", { className: "question", textContent: question, tabIndex: -1 });
    this.element.append(title, this.#waiting, this.#answer, this.#facts, this.#actions);
    byId("exchanges").append(this.element);
    this.element.scrollIntoView({ block: "nearest", behavior: scrolling() });
    this.#tick();
  }

  // What /health says while the first word is awaited.
  follow({ queue }) {
    this.#place = placeAfter(this.#place, queue);
    this.#tick();
  }

  set isLoading(isLoading) {
    this.#isLoading = isLoading;
    this.#tick();
  }

  add(text) {
    this.#stopWaiting();
    this.#text += text;
    if (this.#isDrawing) return;
    this.#isDrawing = true; // once a frame: a fast model says several pieces in one
    requestAnimationFrame(() => this.#draw());
  }

  end(figures) {
    this.#stopWaiting();
    this.#draw();
    following(this.element, () => {
      this.#facts.append(...factsOf(figures, this.pictures));
      this.#offer(figures);
    });
  }

  remove() {
    this.#stopWaiting();
    this.element.remove();
  }

  putBack() {
    byId("exchanges").append(this.element);
  }

  #draw() {
    if (!this.#isDrawing && this.#answer.hasChildNodes()) return;
    this.#isDrawing = false;
    following(this.element, () => this.#answer.replaceChildren(...prose(this.#text)));
  }

  #offer({ finishReason }) {
    const copying = button("Copy", () => copy(copying, this.#text, this.#answer));
    this.#actions.append(copying);
    for (const [words, act] of Object.entries(this.actions)) {
      if (finishReason === "failed" || (words === "Continue" && finishReason !== "length")) continue;
      const acting = button(words, act);
      acting.classList.add("of-last"); // an older answer is not changed: what follows rests on it
      this.#actions.append(acting);
    }
    show(this.#actions, true);
  }

  #tick() {
    const elapsedS = (performance.now() - this.#startedAt) / 1000;
    const known = { place: this.#place, isLoading: this.#isLoading, hasPictures: this.pictures.length > 0 };
    write(this.#waiting, waitingWords({ elapsedS, ...known }));
  }

  #stopWaiting() {
    clearInterval(this.#clock);
    show(this.#waiting, false);
  }
}

const button = (words, onclick) => make("button", { type: "button", className: "link", textContent: words, onclick });

function shownPicture(picture, index) {
  const label = `Picture ${index + 1}: ${picture.name}`;
  const image = make("img", { src: picture.url, alt: label });
  return make("figure", {}, enlargeable(image, label), make("figcaption", { textContent: picture.note }));
}

// Keeps the end of an item in view while it grows, unless the reader has scrolled away from it.
function following(item, grow) {
  const wasInView = item.getBoundingClientRect().bottom <= innerHeight;
  grow();
  if (wasInView) item.scrollIntoView({ block: "end" });
}

function factsOf({ firstTokenS, tokensPerS, usage, finishReason, isSimulated, answeredBy }, pictures) {
  const parts = [
    firstTokenS !== null && `first token after ${seconds(firstTokenS)}`,
    tokensPerS !== null && `${rate(tokensPerS)} tokens/s`,
    usage && `${count(usage.completion_tokens)} tokens`,
    answeredBy && `answered by ${answeredBy}`,
    ENDS[finishReason],
  ];
  const words = make("span", { textContent: parts.filter(Boolean).join(" · ") });
  if (!isSimulated) return [words];
  const badge = pictures.length ? "Simulated: no model looked at this picture" : "Simulated: no model answered";
  return [words, make("span", { className: "badge", textContent: badge })];
}

const scrolling = () => (matchMedia("(prefers-reduced-motion: no-preference)").matches ? "smooth" : "auto");
